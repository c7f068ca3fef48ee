// Owns the verdict on one write against the quotas of its namespace: what their use becomes, or why it may not be. Pure.
import type { ResourceQuota } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { type AmountList, add, exceeding, listed, mask, negativeNames, subtract, withoutZeros } from './amounts.ts';
import { type QuotaEvaluator, quotaIsAbout } from './evaluator.ts';

/** A write as quotas see it. `old` is absent for a create. */
export interface ChargedWrite {
  readonly evaluator: QuotaEvaluator;
  readonly object: AnyObject;
  readonly old: AnyObject | undefined;
  readonly nowMs: number;
}

/** `used`: the new use of each quota that the write changes, by the quota's name; `refused`: why not, in upstream's words. */
export type ChargeVerdict = { readonly used: ReadonlyMap<string, AmountList> } | { readonly refused: string };

const nothing: ChargeVerdict = { used: new Map() };

/** Weighs a write. Quotas are looked at in the order given; the first that refuses decides. */
export function charge(quotas: readonly ResourceQuota[], { evaluator, object, old, nowMs }: ChargedWrite): ChargeVerdict {
  const concerned: ResourceQuota[] = [];
  for (const quota of quotas) {
    if (!quotaIsAbout(quota, evaluator, object)) continue;
    const { name } = quota.metadata;
    const { hard = {}, used = {} } = quota.status ?? {};
    const names = evaluator.namesOf(Object.keys(hard));
    const missing = evaluator.constraint(names, object);
    if (missing !== undefined) return { refused: `failed quota: ${name}: ${missing}` };
    if (names.some((one) => used[one] === undefined))
      return { refused: `status unknown for quota: ${name}, resources: ${names.toSorted().join(',')}` };
    concerned.push(quota);
  }
  if (concerned.length === 0) return nothing;
  const now = evaluator.usage(object, nowMs);
  const negative = negativeNames(now);
  if (negative.length > 0) return { refused: `quota usage is negative for resource(s): ${negative.toSorted().join(',')}` };
  const more = withoutZeros(old === undefined ? now : subtract(now, evaluator.usage(old, nowMs)));
  const used = new Map<string, AmountList>();
  for (const { metadata, status } of concerned) {
    const { hard = {}, used: before = {} } = status ?? {};
    const asked = mask(more, Object.keys(hard));
    if (Object.keys(asked).length === 0) continue;
    const after = add(before, asked);
    const over = exceeding(mask(after, Object.keys(asked)), hard);
    if (over.length > 0) {
      const [requested, taken, limited] = [asked, before, hard].map((list) => listed(mask(list, over)));
      return { refused: `exceeded quota: ${metadata.name}, requested: ${requested}, used: ${taken}, limited: ${limited}` };
    }
    used.set(metadata.name, after);
  }
  return { used };
}
