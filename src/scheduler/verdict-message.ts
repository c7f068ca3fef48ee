// Owns the words for a pod that fits nowhere, as kube-scheduler says them. Pure.
import type { Rejection } from './framework.ts';

/** `0/3 nodes are available: 1 Insufficient cpu, …` and what ending other pods could do about it. */
export function unschedulableMessage(nodeCount: number, rejections: ReadonlyMap<string, Rejection>): string {
  const head = `0/${nodeCount} nodes are available:`;
  const all = [...rejections.values()];
  const why = histogram(all.flatMap(({ reasons }) => reasons));
  const help = histogram(
    all.map(({ resolvable }) => (resolvable ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling')),
  );
  return `${head} ${why}. no new claims to deallocate, preemption: ${head} ${help}.`;
}

/** What is said where a plugin turned the pod down before any node was looked at; the stray end is kube-scheduler's. */
export function waitMessage(nodeCount: number, reason: string): string {
  return `0/${nodeCount} nodes are available: ${reason}. not found`;
}

/** `1 reason, 2 other reason`, sorted as text. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
