// Owns the tables of the objects that rules of placement read, and what of them makes no difference when it changes.
import type { ReplicaSet, StatefulSet } from '../api/apps/v1.ts';
import type { Namespace, PersistentVolume, PersistentVolumeClaim, ReplicationController, Service } from '../api/core/v1.ts';
import { sameValue } from '../api/equal.ts';
import type { KubeObject } from '../api/object.ts';
import type { PodDisruptionBudget } from '../api/policy/v1.ts';
import type { DeviceClass, ResourceClaim, ResourceSlice } from '../api/resource/v1.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment } from '../api/storage/v1.ts';
import type { ClusterObjects } from './cluster-view.ts';
import { LiveTable } from './table.ts';

/** Same where nothing but these facts is looked at. */
function by<T extends KubeObject>(facts: (object: T) => unknown): (a: T, b: T) => boolean {
  return (a, b) => a.metadata.uid === b.metadata.uid && sameValue(facts(a), facts(b));
}

/** All tables, empty at first. */
export class LiveObjects implements ClusterObjects {
  /** The same objects, which go their own way from here. */
  copy(): LiveObjects {
    const copy = new LiveObjects();
    for (const name of Object.keys(this) as (keyof ClusterObjects)[])
      for (const object of this.table(name).all()) copy.table(name).put(object);
    return copy;
  }

  /** A table by its name, for who treats all kinds alike. */
  table(name: keyof ClusterObjects): LiveTable<KubeObject> {
    return this[name] as unknown as LiveTable<KubeObject>;
  }

  readonly namespaces = new LiveTable<Namespace>(by(({ metadata }) => metadata.labels));
  readonly services = new LiveTable<Service>(by(({ spec }) => spec?.selector));
  readonly replicationControllers = new LiveTable<ReplicationController>(by(({ spec }) => spec?.selector));
  readonly replicaSets = new LiveTable<ReplicaSet>(by(({ spec }) => spec?.selector));
  readonly statefulSets = new LiveTable<StatefulSet>(by(({ spec }) => spec?.selector));
  readonly budgets = new LiveTable<PodDisruptionBudget>(by(({ spec, status }) => [spec, status]));
  readonly claims = new LiveTable<PersistentVolumeClaim>();
  readonly volumes = new LiveTable<PersistentVolume>();
  readonly storageClasses = new LiveTable<StorageClass>();
  readonly csiNodes = new LiveTable<CSINode>(by(({ spec }) => spec));
  readonly csiDrivers = new LiveTable<CSIDriver>(by(({ spec }) => spec));
  readonly csiCapacities = new LiveTable<CSIStorageCapacity>(
    by(({ capacity, maximumVolumeSize, nodeTopology, storageClassName }) => [capacity, maximumVolumeSize, nodeTopology, storageClassName]),
  );
  readonly attachments = new LiveTable<VolumeAttachment>(by(({ spec }) => spec));
  readonly resourceClaims = new LiveTable<ResourceClaim>();
  readonly resourceSlices = new LiveTable<ResourceSlice>();
  readonly deviceClasses = new LiveTable<DeviceClass>();
}
