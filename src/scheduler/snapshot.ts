// Owns what the scheduler knows of the cluster at the moment of a decision: nodes with the pods on them, summed up.
import type { Node, Pod } from '../api/core/v1.ts';
import { type HostPort, hostPortsOf } from '../predicates/host-ports.ts';
import { type Amounts, amountOf, requestsOf, scoredRequest } from '../predicates/pod-resources.ts';

/** A node and what is taken of it. cpu in thousandths of a core, the rest in whole units. */
export interface NodeInfo {
  readonly node: Node;
  readonly name: string;
  readonly allocatable: Amounts;
  readonly podCount: number;
  readonly requested: Amounts;
  /** Requests with something assumed for pods that ask for nothing; what scores go by. */
  readonly scoredCpu: number;
  readonly scoredMemory: number;
  readonly ports: readonly HostPort[];
  /** Image names present, with their sizes in bytes. */
  readonly images: ReadonlyMap<string, number>;
}

/** All nodes, in the order in which they were listed, and on how many of them each image is. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  readonly imageNodes: ReadonlyMap<string, number>;
}

/** Sums up nodes and the pods that are on them (placed, and neither succeeded nor failed). */
export function snapshotOf(nodes: readonly Node[], pods: readonly Pod[]): Snapshot {
  const byNode = Map.groupBy(pods.filter(occupies), ({ spec }) => spec.nodeName ?? '');
  return snapshotFrom(nodes.map((node) => nodeInfoOf(node, byNode.get(node.metadata.name) ?? [])));
}

/** A snapshot of nodes that are summed up already. */
export function snapshotFrom(infos: readonly NodeInfo[]): Snapshot {
  const imageNodes = new Map<string, number>();
  for (const { images } of infos) for (const name of images.keys()) imageNodes.set(name, (imageNodes.get(name) ?? 0) + 1);
  return { nodes: infos, imageNodes };
}

/** Whether a pod takes room on its node. */
export function occupies({ spec, status }: Pod): boolean {
  return Boolean(spec.nodeName) && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
}

/** Sums up one node. */
export function nodeInfoOf(node: Node, pods: readonly Pod[]): NodeInfo {
  const requested = new Map<string, number>();
  let [scoredCpu, scoredMemory] = [0, 0];
  for (const pod of pods) {
    for (const [name, amount] of requestsOf(pod)) requested.set(name, (requested.get(name) ?? 0) + amount);
    scoredCpu += scoredRequest(pod, 'cpu');
    scoredMemory += scoredRequest(pod, 'memory');
  }
  return {
    node,
    name: node.metadata.name,
    allocatable: new Map(Object.entries(node.status?.allocatable ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)])),
    podCount: pods.length,
    requested,
    scoredCpu,
    scoredMemory,
    ports: pods.flatMap(hostPortsOf),
    images: new Map(
      (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const)),
    ),
  };
}
