// Owns when a pod must leave its node for the node's NoExecute taints. Pure; upstream's rules.
import type { Taint, Toleration } from '../../api/core/v1.ts';
import { tolerates } from '../../predicates/taints.ts';

/** An eviction that was decided on: when, and for when. Epoch milliseconds. */
export interface Scheduled {
  readonly decidedMs: number;
  readonly dueMs: number;
}

/** `cancel`: it may stay for good. `keep`: what was decided before holds. */
export type EvictionPlan = { readonly do: 'cancel' | 'keep' } | { readonly do: 'evict'; readonly scheduled: Scheduled };

export function noExecute(taints: readonly Taint[] | undefined): readonly Taint[] {
  return (taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}

/** Plans for a pod with these tolerations on a node with these NoExecute taints. The least of the tolerations' seconds counts, from the first look on. */
export function planEviction(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  scheduled: Scheduled | undefined,
  nowMs: number,
): EvictionPlan {
  if (taints.length === 0) return { do: 'cancel' };
  const used = taints.map((taint) => tolerations.find((toleration) => tolerates(toleration, taint)));
  if (used.some((toleration) => toleration === undefined)) return { do: 'evict', scheduled: { decidedMs: nowMs, dueMs: nowMs } };
  const seconds = used.flatMap((toleration) => toleration?.tolerationSeconds ?? []);
  if (seconds.length === 0) return { do: 'cancel' };
  const leastMs = Math.max(0, Math.min(...seconds)) * 1000;
  const decidedMs = scheduled?.decidedMs ?? nowMs;
  if (scheduled !== undefined && decidedMs + leastMs < nowMs + leastMs) return { do: 'keep' };
  return { do: 'evict', scheduled: { decidedMs, dueMs: decidedMs + leastMs } };
}
