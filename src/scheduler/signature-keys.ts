// Owns the parts of a pod's signature that several plugins go by. Absent things cost nothing and read as empty text.
import type { Pod } from '../api/core/v1.ts';
import { claimsOf } from './pod-facts.ts';

/** The tolerations. */
export function tolerationsKey({ spec: { tolerations } }: Pod): string {
  if (tolerations === undefined || tolerations.length === 0) return '';
  return tolerations
    .map(({ key, operator, value, effect }) => `${key ?? ''}\x01${operator ?? ''}\x01${value ?? ''}\x01${effect ?? ''}`)
    .join('\x02');
}

/** nodeSelector and node affinity. */
export function nodeAffinityKey({ spec: { nodeSelector, affinity } }: Pod): string {
  const wants = affinity?.nodeAffinity;
  return nodeSelector === undefined && wants === undefined ? '' : JSON.stringify([nodeSelector, wants]);
}

/** Amounts by name. */
export function amountsKey(amounts: ReadonlyMap<string, number>): string {
  let key = '';
  for (const [name, amount] of amounts) if (amount !== 0) key += `${name}=${amount};`;
  return key;
}

/** The claims of the pod's volumes, which belong to one namespace; the pod itself where some are made for it alone. */
export function claimsKey(pod: Pod): string {
  const claims = claimsOf(pod);
  if (claims.length === 0) return '';
  const own = claims.some(({ ephemeral }) => ephemeral) ? pod.metadata.uid : '';
  return `${pod.metadata.namespace}/${claims.map(({ name }) => name).join()}/${own}`;
}
