// Owns changing a picture of the cluster by objects that somebody supposes: merged into those that are there, added, or taken away. Pure.
import type { Node, Pod } from '../../api/core/v1.ts';
import type { AnyObject, KubeObject } from '../../api/object.ts';
import type { ClusterState } from '../cluster-state.ts';
import type { ClusterObjects } from '../cluster-view.ts';
import type { LiveTable, Table } from '../table.ts';

const tables: Readonly<Record<string, keyof ClusterObjects>> = {
  Namespace: 'namespaces',
  Service: 'services',
  ReplicationController: 'replicationControllers',
  ReplicaSet: 'replicaSets',
  StatefulSet: 'statefulSets',
  PodDisruptionBudget: 'budgets',
  PersistentVolumeClaim: 'claims',
  PersistentVolume: 'volumes',
  StorageClass: 'storageClasses',
  CSINode: 'csiNodes',
  CSIDriver: 'csiDrivers',
  CSIStorageCapacity: 'csiCapacities',
  VolumeAttachment: 'attachments',
  ResourceClaim: 'resourceClaims',
  ResourceSlice: 'resourceSlices',
  DeviceClass: 'deviceClasses',
};

/** An object that cannot be supposed. */
export class WhatIfError extends Error {
  override readonly name = 'WhatIfError';
}

/**
 * A copy of the cluster in which these objects are so, and the pod as it then is. Each is merged into the one that is there, as a merge patch
 * (null takes a field away), or added; `$patch: delete` takes it away. `pods` finds pods that wait for a node.
 */
export function suppose(
  cluster: ClusterState,
  pod: Pod,
  objects: readonly AnyObject[],
  pods: (namespace: string, name: string) => Pod | undefined,
) {
  const world = cluster.copy();
  let asked = pod;
  for (const object of objects) {
    const { kind = '', metadata } = object;
    const { name = '', namespace = 'default' } = metadata ?? {};
    if (name === '') throw new WhatIfError(`an object of kind '${kind}' has no name`);
    const deleted = (object as { readonly $patch?: unknown }).$patch === 'delete';
    if (kind === 'Node') {
      const there = world.slots[world.slotOf(name) ?? -1]?.node;
      if (deleted) world.removeNode(name);
      else world.putNode(merged(there, object, undefined) as Node);
    } else if (kind === 'Pod') {
      const isAsked = name === pod.metadata.name && namespace === pod.metadata.namespace;
      const there = isAsked ? asked : pods(namespace, name);
      if (deleted && there !== undefined) world.removePod(there.metadata.uid);
      if (deleted) continue;
      const now = merged(there, object, namespace) as Pod;
      if (isAsked) asked = now;
      world.putPod(now);
    } else {
      const table = tables[kind];
      if (table === undefined)
        throw new WhatIfError(
          `objects of kind '${kind}' mean nothing to where a pod goes. There are: Node, Pod, ${Object.keys(tables).join(', ')}`,
        );
      change(world.objects.table(table), object, deleted);
    }
  }
  return { cluster: world, pod: asked };
}

function change(table: LiveTable<KubeObject>, object: AnyObject, deleted: boolean): void {
  const { name = '', namespace } = object.metadata ?? {};
  const there = found(table, namespace, name);
  if (!deleted) table.put(merged(there?.object, object, there?.namespace ?? namespace) as KubeObject);
  else if (there !== undefined) table.remove(there.object);
}

function found(table: Table<KubeObject>, namespace: string | undefined, name: string) {
  for (const where of [namespace, undefined, 'default']) {
    const object = table.get(where, name);
    if (object !== undefined) return { object, namespace: where };
  }
  return undefined;
}

/** Without an object to merge into it is as it is given, with the metadata that every stored object has. */
function merged(there: KubeObject | undefined, object: AnyObject, namespace: string | undefined): KubeObject {
  const { name = '' } = object.metadata ?? {};
  const base = there ?? {
    metadata: {
      name,
      uid: `supposed ${namespace ?? ''}/${name}`,
      resourceVersion: '0',
      creationTimestamp: '',
      ...(namespace && { namespace }),
    },
    spec: {},
  };
  return mergePatch(base, object) as KubeObject;
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
