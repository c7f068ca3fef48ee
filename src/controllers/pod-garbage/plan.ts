// Owns which pods nobody will end any more and are to be removed: too many that ended, pods of nodes that are gone, pods that never had one. Pure.
import type { Node, Pod } from '../../api/core/v1.ts';

/** How often the pods are looked at, and for how long a node must have been missing. */
export const podGarbagePeriodMs = 20_000;
export const missingNodeMs = 40_000;
/** This many pods that ended may stay. */
export const terminatedPodThreshold = 12_500;

/** Since when a node that pods name has been missing, epoch milliseconds. */
export type MissingNodes = ReadonlyMap<string, number>;

/** A pod to remove. Its phase becomes Failed first, unless it has ended; `orphaned` adds the condition that tells why. */
export interface PodRemoval {
  readonly pod: Pod;
  readonly orphaned: boolean;
}

/** The nodes that pods name and that are not there, each with the time it was first missed. */
export function missingNodes(pods: readonly Pod[], nodes: ReadonlyMap<string, Node>, before: MissingNodes, nowMs: number): MissingNodes {
  const missing = new Map<string, number>();
  for (const { spec } of pods)
    if (spec.nodeName && !nodes.has(spec.nodeName)) missing.set(spec.nodeName, before.get(spec.nodeName) ?? nowMs);
  return missing;
}

/** Plans a round. `gone`: nodes that the server has said are not there. A pod is removed once, whatever the reasons. */
export function planPodGarbage(
  pods: readonly Pod[],
  nodes: ReadonlyMap<string, Node>,
  gone: ReadonlySet<string>,
  threshold = terminatedPodThreshold,
): readonly PodRemoval[] {
  const removals = new Map<Pod, PodRemoval>();
  const remove = (pod: Pod, orphaned: boolean): void => {
    if (!removals.has(pod)) removals.set(pod, { pod, orphaned });
  };
  for (const pod of tooMany(pods, threshold)) remove(pod, false);
  for (const pod of pods) {
    const { nodeName } = pod.spec;
    const ending = pod.metadata.deletionTimestamp !== undefined;
    if (nodeName && gone.has(nodeName)) remove(pod, true);
    else if (ending && !nodeName) remove(pod, false);
    else if (ending && nodeName && isOutOfService(nodes.get(nodeName))) remove(pod, false);
  }
  return [...removals.values()];
}

/** Whether the pod has come to its end. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function tooMany(pods: readonly Pod[], threshold: number): readonly Pod[] {
  if (threshold <= 0) return [];
  const ended = pods.filter(hasEnded);
  if (ended.length <= threshold) return [];
  return ended.sort(evictedThenOldest).slice(0, ended.length - threshold);
}

function evictedThenOldest(one: Pod, other: Pod): number {
  if (wasEvicted(one) !== wasEvicted(other)) return wasEvicted(one) ? -1 : 1;
  return compare(one.metadata.creationTimestamp, other.metadata.creationTimestamp) || compare(one.metadata.name, other.metadata.name);
}

function wasEvicted({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function isOutOfService(node: Node | undefined): boolean {
  if (node === undefined || node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return false;
  return node.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false;
}
