// Owns the parts of a pod's signature that several plugins go by. Absent things cost nothing and read as empty text.
import type { Pod } from '../api/core/v1.ts';
import { claimsOf } from './pod-facts.ts';

/** The tolerations. */
export function tolerationsKey({ spec: { tolerations } }: Pod): string {
  let text = '';
  for (const { key = '', operator = '', value = '', effect = '' } of tolerations ?? [])
    text += `${key}\x01${operator}\x01${value}\x01${effect}\x02`;
  return text;
}

/** nodeSelector and node affinity. */
export function nodeAffinityKey({ spec: { nodeSelector, affinity } }: Pod): string {
  const wants = affinity?.nodeAffinity;
  return nodeSelector === undefined && wants === undefined ? '' : JSON.stringify([nodeSelector, wants]);
}

/** Many pods share their amounts, and several plugins ask. */
const amountsKeys = new WeakMap<ReadonlyMap<string, number>, string>();

/** Amounts by name. */
export function amountsKey(amounts: ReadonlyMap<string, number>): string {
  const known = amountsKeys.get(amounts);
  if (known !== undefined) return known;
  let key = '';
  for (const [name, amount] of amounts) if (amount !== 0) key += `${name}=${amount};`;
  amountsKeys.set(amounts, key);
  return key;
}

/** The claims of the pod's volumes, which belong to one namespace; the pod itself where some are made for it alone. */
export function claimsKey(pod: Pod): string {
  const claims = claimsOf(pod);
  if (claims.length === 0) return '';
  const own = claims.some(({ ephemeral }) => ephemeral) ? pod.metadata.uid : '';
  return `${pod.metadata.namespace}/${claims.map(({ name }) => name).join()}/${own}`;
}
