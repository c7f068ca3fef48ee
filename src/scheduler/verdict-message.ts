// Owns the words for a pod that fits nowhere, as kube-scheduler says them. Pure.
import type { Rejection } from './framework.ts';

/** `0/3 nodes are available: 1 Insufficient cpu, 2 …`: each reason with the number of nodes that have it, sorted as text. */
export function nodesMessage(nodeCount: number, reasons: Iterable<readonly [readonly string[], number]>): string {
  const counts = new Map<string, number>();
  for (const [each, times] of reasons) for (const reason of each) counts.set(reason, (counts.get(reason) ?? 0) + times);
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${texts.join(', ')}.`;
}

/** What is said where plugins turned down every node. */
export function unschedulableMessage(nodeCount: number, rejections: ReadonlyMap<Rejection, number>): string {
  return nodesMessage(
    nodeCount,
    [...rejections].map(([{ reasons }, count]) => [reasons, count] as const),
  );
}

/** What is said where a plugin turned the pod down before any node was looked at; the stray end is kube-scheduler's. */
export function waitMessage(nodeCount: number, reason: string): string {
  return `0/${nodeCount} nodes are available: ${reason}. not found`;
}
