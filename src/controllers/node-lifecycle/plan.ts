// Owns which NoSchedule taints a node's conditions call for. Pure.
import type { Node, Taint } from '../../api/core/v1.ts';

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

/** The taints the node should have; undefined where it has just those. Taints of others keep their place. A node that says nothing of Ready is not ready. */
export function planTaints({ spec, status }: Node): readonly Taint[] | undefined {
  const conditions = new Map((status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
  if (!conditions.has('Ready')) conditions.set('Ready', 'False');
  const wanted = new Set(taintsOfConditions.filter(([type, value]) => conditions.get(type) === value).map(([, , key]) => key));
  if (spec.unschedulable) wanted.add(cordon);
  const present = spec.taints ?? [];
  const mine = ({ key, effect }: Taint): boolean => effect === 'NoSchedule' && owned.has(key);
  const kept = present.filter((taint) => !mine(taint) || wanted.has(taint.key));
  const missing = [...wanted].filter((key) => !present.some((taint) => mine(taint) && taint.key === key));
  if (missing.length === 0 && kept.length === present.length) return undefined;
  return [...kept, ...missing.map((key) => ({ key, effect: 'NoSchedule' as const }))];
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
