// Owns what a decision may look at: nodes with what is on them, other objects, and the changes since an earlier look.
import type { ReplicaSet, StatefulSet } from '../api/apps/v1.ts';
import type { Namespace, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, Service } from '../api/core/v1.ts';
import type { PodDisruptionBudget } from '../api/policy/v1.ts';
import type { DeviceClass, ResourceClaim, ResourceSlice } from '../api/resource/v1.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment } from '../api/storage/v1.ts';
import type { NodeInfo } from './node-info.ts';
import type { Table } from './table.ts';

/** The objects beside nodes and pods that rules of placement read. */
export interface ClusterObjects {
  readonly namespaces: Table<Namespace>;
  readonly services: Table<Service>;
  readonly replicationControllers: Table<ReplicationController>;
  readonly replicaSets: Table<ReplicaSet>;
  readonly statefulSets: Table<StatefulSet>;
  readonly budgets: Table<PodDisruptionBudget>;
  readonly claims: Table<PersistentVolumeClaim>;
  readonly volumes: Table<PersistentVolume>;
  readonly storageClasses: Table<StorageClass>;
  readonly csiNodes: Table<CSINode>;
  readonly csiDrivers: Table<CSIDriver>;
  readonly csiCapacities: Table<CSIStorageCapacity>;
  readonly attachments: Table<VolumeAttachment>;
  readonly resourceClaims: Table<ResourceClaim>;
  readonly resourceSlices: Table<ResourceSlice>;
  readonly deviceClasses: Table<DeviceClass>;
}

/** A pod that counts on its node. */
export interface PlacedPod {
  readonly pod: Pod;
}

/**
 * One change of what is in a slot. With `placed`: that pod came (1) or went (-1), and nothing else changed; it is shown in its newest state that
 * makes no difference, so that a change that is remembered keeps no old one. `moved`: the node came, went or has other labels or taints, so that
 * what was counted by its labels no longer holds.
 */
export interface SlotChange {
  readonly slot: number;
  readonly placed?: PlacedPod;
  readonly delta?: 1 | -1;
  readonly moved?: boolean;
}

/** What a decision looks at. Nodes keep their slot for as long as they are there. */
export interface ClusterView {
  readonly slots: readonly (NodeInfo | undefined)[];
  readonly nodeCount: number;
  /** The slot of a node by its name. */
  slotOf(name: string): number | undefined;
  /** On how many nodes each image is. */
  readonly imageNodes: ReadonlyMap<string, number>;
  /** How many placed pods have terms about other pods. */
  readonly mindingPods: number;
  /** Placed pods by priority: how many of each. */
  readonly priorities: ReadonlyMap<number, number>;
  readonly objects: ClusterObjects;
  /** How many changes there have been. */
  readonly changeCount: number;
  /** The changes from the nth on; undefined where some of them are forgotten. */
  changesSince(count: number): readonly SlotChange[] | undefined;
}

/** The nodes of a view, in the order of their slots. */
export function nodesOf({ slots }: ClusterView): readonly NodeInfo[] {
  return slots.filter((info) => info !== undefined);
}
