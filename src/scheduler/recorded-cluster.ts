// Owns making a cluster of objects as the referee records them: what the API server and the volume controller would have added is added.
import type { ReplicaSet, StatefulSet } from '../api/apps/v1.ts';
import { defaultPod } from '../api/core/pod-defaults.ts';
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, ReplicationController, Service } from '../api/core/v1.ts';
import type { RuntimeClass } from '../api/node/v1.ts';
import type { PodDisruptionBudget } from '../api/policy/v1.ts';
import type { CSINode, StorageClass } from '../api/storage/v1.ts';
import { ClusterState } from './cluster-state.ts';
import { bindCompleted } from './plugins/volume-claims.ts';

interface Told {
  readonly pod: string;
  readonly node?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly nominatedNode?: string;
}

/** One case of the referee: a cluster, a pod, what became of it. */
export interface Recorded {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly pod: Pod;
  /** Fields of the pod's spec that admission rewrote. */
  readonly stored?: Partial<Pod['spec']>;
  readonly feasible?: readonly string[];
  readonly scores?: Readonly<Record<string, readonly number[]>>;
  readonly total?: readonly number[];
  readonly namespaces?: readonly Namespace[];
  readonly services?: readonly Service[];
  readonly replicationcontrollers?: readonly ReplicationController[];
  readonly replicasets?: readonly ReplicaSet[];
  readonly statefulsets?: readonly StatefulSet[];
  readonly runtimeclasses?: readonly RuntimeClass[];
  readonly poddisruptionbudgets?: readonly PodDisruptionBudget[];
  readonly pvcs?: readonly PersistentVolumeClaim[];
  readonly pvs?: readonly PersistentVolume[];
  readonly storageclasses?: readonly StorageClass[];
  readonly csinodes?: readonly CSINode[];
  readonly verdict: {
    readonly node?: string;
    readonly oneOf?: readonly string[];
    readonly message?: string;
    readonly untouched?: boolean;
    readonly nominatedNode?: string;
    readonly before?: readonly Told[];
    readonly reason?: string;
    readonly victims?: readonly { readonly pod: string }[];
    readonly afterVictimsGone?: { readonly node?: string };
  };
}

/** An object with the metadata that every stored object has. */
function stored<T extends { readonly metadata: Pod['metadata'] }>(object: T, namespaced = true): T {
  const { metadata } = object;
  const namespace = namespaced ? (metadata.namespace ?? 'default') : undefined;
  return { ...object, metadata: { ...metadata, uid: `uid-${metadata.name}`, resourceVersion: '1', ...(namespace && { namespace }) } };
}

/** A pod as the API server stores it: tolerations, limits as requests, host ports, what its RuntimeClass adds. */
export function storedPod(pod: Pod, { stored: rewritten, runtimeclasses = [] }: Recorded, isTarget = true): Pod {
  const { affinity, topologySpreadConstraints } = isTarget ? (rewritten ?? {}) : {};
  const { spec: defaulted } = defaultPod(pod);
  const spec = { ...defaulted, ...(affinity && { affinity }), ...(topologySpreadConstraints && { topologySpreadConstraints }) };
  const runtime = runtimeclasses.find(({ metadata }) => metadata.name === spec.runtimeClassName);
  const waited = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map(
    (key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }) as const,
  );
  const tolerations = [...(spec.tolerations ?? []), ...(runtime?.scheduling?.tolerations ?? []), ...waited];
  const nodeSelector = { ...runtime?.scheduling?.nodeSelector, ...spec.nodeSelector };
  const { overhead = runtime?.overhead?.podFixed } = spec;
  return stored({
    ...pod,
    spec: {
      ...spec,
      tolerations,
      ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
      ...(overhead && { overhead }),
    },
  });
}

/** The cluster of a case, and the pods that wait in it, in their order. */
export function recordedCluster(one: Recorded): { readonly cluster: ClusterState; readonly waiting: readonly Pod[] } {
  const cluster = new ClusterState();
  const { objects } = cluster;
  for (const namespace of [{ metadata: { name: 'default' } } as Namespace, ...(one.namespaces ?? [])]) {
    const { name, labels } = namespace.metadata;
    objects.namespaces.put(
      stored({ ...namespace, metadata: { ...namespace.metadata, labels: { 'kubernetes.io/metadata.name': name, ...labels } } }, false),
    );
  }
  for (const service of one.services ?? []) objects.services.put(stored(service));
  for (const controller of one.replicationcontrollers ?? []) objects.replicationControllers.put(stored(controller));
  for (const set of one.replicasets ?? []) objects.replicaSets.put(stored(set));
  for (const set of one.statefulsets ?? []) objects.statefulSets.put(stored(set));
  for (const budget of one.poddisruptionbudgets ?? []) objects.budgets.put(stored(budget));
  for (const storageClass of one.storageclasses ?? []) objects.storageClasses.put(stored(storageClass, false));
  for (const node of one.csinodes ?? []) objects.csiNodes.put(stored(node, false));
  const volumes = new Set((one.pvs ?? []).map(({ metadata }) => metadata.name));
  for (const volume of one.pvs ?? [])
    objects.volumes.put(stored({ ...volume, status: { phase: volume.spec?.claimRef ? 'Bound' : 'Available', ...volume.status } }, false));
  for (const claim of one.pvcs ?? []) {
    const bound = claim.spec?.volumeName !== undefined && volumes.has(claim.spec.volumeName);
    const annotations = { ...claim.metadata.annotations, ...(bound && { [bindCompleted]: 'yes' }) };
    objects.claims.put(stored({ ...claim, metadata: { ...claim.metadata, annotations } }));
  }
  for (const node of one.nodes) cluster.putNode(stored(node, false));
  const pods = one.pods.map((pod) => storedPod(pod, one, false));
  for (const pod of pods) cluster.putPod(pod);
  return {
    cluster,
    waiting: pods.filter(({ spec, status }) => !spec.nodeName && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'),
  };
}
