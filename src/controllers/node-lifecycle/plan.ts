// Owns which taints a node's conditions call for, and the labels that follow others. Pure.
import type { Node, Taint } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';

/** Condition, status, and the taint that goes with it. */
const taintsOfConditions: readonly (readonly [string, string, string])[] = [
  ['Ready', 'False', 'node.kubernetes.io/not-ready'],
  ['Ready', 'Unknown', 'node.kubernetes.io/unreachable'],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
];
const cordon = 'node.kubernetes.io/unschedulable';
const owned = new Set([...taintsOfConditions.map(([, , key]) => key), cordon]);

/** The NoSchedule taints the node should have; undefined where it has just those. Taints of others keep their place. */
export function planTaints({ spec, status }: Node, nowMs: number): readonly Taint[] | undefined {
  const conditions = status?.conditions ?? [];
  const wanted = new Set(
    conditions.flatMap(({ type, status: value }) => taintsOfConditions.find(([of, when]) => of === type && when === value)?.[2] ?? []),
  );
  if (spec.unschedulable) wanted.add(cordon);
  const present = spec.taints ?? [];
  const mine = ({ key, effect }: Taint): boolean => effect === 'NoSchedule' && owned.has(key);
  const kept = present.filter((taint) => !mine(taint) || wanted.has(taint.key));
  const missing = [...wanted].filter((key) => !present.some((taint) => mine(taint) && taint.key === key));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing.map((key) => ({ key, effect: 'NoSchedule' as const, timeAdded: formatTime(nowMs) }))];
}

/** The NoExecute taints of a node that is not ready, and of one that nobody hears of: never both. */
export const notReadyKey = 'node.kubernetes.io/not-ready';
export const unreachableKey = 'node.kubernetes.io/unreachable';

/** The key of the NoExecute taint that goes with the status of Ready; undefined where pods may stay. */
export function evictingKey(ready: string | undefined): string | undefined {
  return ready === 'False' ? notReadyKey : ready === 'Unknown' ? unreachableKey : undefined;
}

export function hasEvicting(taints: readonly Taint[] | undefined, key: string): boolean {
  return taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute') ?? false;
}

/** The node's taints with just this one of the two NoExecute taints (or none); undefined where that is so. */
export function withEvicting(taints: readonly Taint[] | undefined, key: string | undefined, nowMs: number): readonly Taint[] | undefined {
  const present = taints ?? [];
  const mine = (taint: Taint): boolean => taint.effect === 'NoExecute' && (taint.key === notReadyKey || taint.key === unreachableKey);
  const kept = present.filter((taint) => !mine(taint) || taint.key === key);
  const add = key !== undefined && !hasEvicting(kept, key);
  if (!add && kept.length === present.length) return undefined;
  return add ? [...kept, { key, effect: 'NoExecute', timeAdded: formatTime(nowMs) }] : kept;
}

const copies: readonly (readonly [string, string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** The old labels that must follow the new ones; undefined where they do. */
export function planLabels({ metadata }: Node): Readonly<Record<string, string>> | undefined {
  const labels = metadata.labels ?? {};
  const wrong = copies.flatMap(([from, to]) =>
    labels[from] !== undefined && labels[to] !== labels[from] ? [[to, labels[from]] as const] : [],
  );
  return wrong.length === 0 ? undefined : Object.fromEntries(wrong);
}
