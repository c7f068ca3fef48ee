// Owns which pods a ReplicaSet loses first when it has too many. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';
import { isActive, isReady, mostRestarts, readySinceMs } from '../pod-facts.ts';

const costAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** The 32-bit cost of losing a pod; what is no canonical number counts 0. */
export function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[costAnnotation] ?? '0';
  const cost = /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

/** Ages as upstream ranks them: the whole part of log2 of the nanoseconds, so that among the young the difference counts and among the old it does not. */
function ageRank(sinceMs: number, nowMs: number): number {
  const age = (nowMs - sinceMs) * 1_000_000;
  return age > 0 ? Math.trunc(Math.log2(age)) : -1;
}

function byAge(a: number | undefined, b: number | undefined, nowMs: number, tie: number): number {
  if (a === b) return 0;
  // Without a time it counts as the youngest.
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  return ageRank(a, nowMs) - ageRank(b, nowMs) || tie;
}

/** The first `count` of the pods to delete. `related`: the pods of all ReplicaSets of the same owner (empty without owner). */
export function victims(pods: readonly Pod[], related: readonly Pod[], count: number, nowMs: number): readonly Pod[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (isActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const node = (pod: Pod): string => pod.spec?.nodeName ?? '';
  const phase = (pod: Pod): number => phases[pod.status?.phase ?? ''] ?? 0;
  const crowd = (pod: Pod): number => onNode.get(node(pod)) ?? 0;
  const compare = (a: Pod, b: Pod): number => {
    const tie = a.metadata.uid < b.metadata.uid ? -1 : 1;
    return (
      Number(node(a) !== '') - Number(node(b) !== '') ||
      phase(a) - phase(b) ||
      Number(isReady(a)) - Number(isReady(b)) ||
      deletionCost(a) - deletionCost(b) ||
      crowd(b) - crowd(a) ||
      (isReady(a) ? byAge(readySinceMs(a), readySinceMs(b), nowMs, tie) : 0) ||
      mostRestarts(b) - mostRestarts(a) ||
      byAge(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp), nowMs, tie) ||
      tie
    );
  };
  return [...pods].sort(compare).slice(0, count);
}
