// Owns which taints a pod tolerates. Pure.
import type { Taint, Toleration } from '../api/core/v1.ts';

/** Whether one toleration covers one taint: an empty key with Exists covers every key, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    case 'Gt':
    case 'Lt': {
      const [theirs, ours] = [integer(taint.value), integer(toleration.value)];
      if (theirs === undefined || ours === undefined) return false;
      return toleration.operator === 'Gt' ? theirs > ours : theirs < ours;
    }
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The first taint of these effects that no toleration covers, in the order of the taints. */
export function firstUntolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly Taint['effect'][],
): Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)));
}
