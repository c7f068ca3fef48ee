// Owns a node as the scheduler sees it: the node, the pods on it, and what they take, summed up. Values: a change makes a new one.
import type { Node, Pod } from '../api/core/v1.ts';
import type { HostPort } from '../predicates/host-ports.ts';
import { type Amounts, amountOf, sharedAmounts } from '../predicates/pod-resources.ts';
import { podFactsOf } from './pod-facts.ts';

/** A node and what is taken of it. cpu in thousandths of a core, the rest in whole units. */
export interface NodeInfo {
  readonly node: Node;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly allocatable: Amounts;
  /** Of those, what every decision asks for. */
  readonly cpu: number;
  readonly memory: number;
  readonly podLimit: number;
  /** Pods that are placed here and have not ended, those only assumed included. */
  readonly pods: readonly Pod[];
  /** Pods that are to come here once others are gone; they count for pods of no higher priority. */
  readonly nominated: readonly Pod[];
  readonly requested: Amounts;
  readonly requestedCpu: number;
  readonly requestedMemory: number;
  /** Requests with something assumed for containers that ask for nothing; what scores go by. */
  readonly scoredCpu: number;
  readonly scoredMemory: number;
  readonly ports: readonly HostPort[];
  /** Image names present, with their sizes in bytes. */
  readonly images: ReadonlyMap<string, number>;
}

const nothing: Amounts = new Map();
const noLabels: Readonly<Record<string, string>> = {};

/** A node with nothing on it. */
export function emptyNodeInfo(node: Node): NodeInfo {
  return {
    ...factsOf(node),
    pods: [],
    nominated: [],
    requested: nothing,
    requestedCpu: 0,
    requestedMemory: 0,
    scoredCpu: 0,
    scoredMemory: 0,
    ports: [],
  };
}

function factsOf(node: Node): Pick<NodeInfo, 'node' | 'name' | 'labels' | 'allocatable' | 'cpu' | 'memory' | 'podLimit' | 'images'> {
  const amounts = Object.entries(node.status?.allocatable ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)] as const);
  const allocatable = sharedAmounts(new Map(amounts));
  return {
    node,
    name: node.metadata.name,
    labels: node.metadata.labels ?? noLabels,
    allocatable,
    cpu: allocatable.get('cpu') ?? 0,
    memory: allocatable.get('memory') ?? 0,
    podLimit: allocatable.get('pods') ?? 0,
    images: imagesOf(node),
  };
}

const noImages: ReadonlyMap<string, number> = new Map();

function imagesOf({ status }: Node): ReadonlyMap<string, number> {
  const images = status?.images ?? [];
  if (images.length === 0) return noImages;
  return new Map(images.flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const)));
}

/** The same pods on another state of the node. */
export function withNode(info: NodeInfo, node: Node): NodeInfo {
  return { ...info, ...factsOf(node) };
}

/** The node with one pod more. */
export function withPod(info: NodeInfo, pod: Pod): NodeInfo {
  const { requests, scoredCpu, scoredMemory, ports } = podFactsOf(pod);
  return {
    ...info,
    pods: [...info.pods, pod],
    requested: added(info.requested, requests, 1),
    requestedCpu: info.requestedCpu + (requests.get('cpu') ?? 0),
    requestedMemory: info.requestedMemory + (requests.get('memory') ?? 0),
    scoredCpu: info.scoredCpu + scoredCpu,
    scoredMemory: info.scoredMemory + scoredMemory,
    ports: ports.length === 0 ? info.ports : [...info.ports, ...ports],
  };
}

/** The node with some pods more. */
export function withPods(info: NodeInfo, pods: readonly Pod[]): NodeInfo {
  return pods.reduce(withPod, info);
}

/** The node without a pod of it, found by its uid. */
export function withoutPod(info: NodeInfo, pod: Pod): NodeInfo {
  const { uid } = pod.metadata;
  const at = info.pods.findIndex((one) => one.metadata.uid === uid);
  const found = info.pods[at];
  if (found === undefined) return info;
  const { requests, scoredCpu, scoredMemory, ports } = podFactsOf(found);
  const pods = info.pods.toSpliced(at, 1);
  return {
    ...info,
    pods,
    requested: added(info.requested, requests, -1),
    requestedCpu: info.requestedCpu - (requests.get('cpu') ?? 0),
    requestedMemory: info.requestedMemory - (requests.get('memory') ?? 0),
    scoredCpu: info.scoredCpu - scoredCpu,
    scoredMemory: info.scoredMemory - scoredMemory,
    ports: ports.length === 0 ? info.ports : pods.flatMap((one) => podFactsOf(one).ports),
  };
}

/** The node with a newer state of a pod that takes no more and no less than before. */
export function withSamePod(info: NodeInfo, pod: Pod): NodeInfo {
  return { ...info, pods: info.pods.map((one) => (one.metadata.uid === pod.metadata.uid ? pod : one)) };
}

function added(amounts: Amounts, more: Amounts, times: 1 | -1): Amounts {
  const sum = new Map(amounts);
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + times * amount);
  return sum;
}

/** Whether a pod takes room on its node. */
export function occupies({ spec, status }: Pod): boolean {
  return Boolean(spec.nodeName) && !isOver(status);
}

/** Whether a pod has ended for good. */
export function isOver(status: Pod['status']): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
