// Owns what a quota's status must say: its hard limits as they are asked for, and what is used of each. Pure.
import type { Pod, ResourceQuota, Service } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { AnyObject } from '../../api/object.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { type AmountList, add, mask, spelled } from '../../predicates/quota/amounts.ts';
import { quotaEvaluatorOf } from '../../predicates/quota/evaluator.ts';
import { stillCounts } from '../../predicates/quota/pod-usage.ts';
import { scopeTermsOf } from '../../predicates/quota/scopes.ts';

/** A resource, named as quotas name it. */
export interface Counted {
  readonly group: string;
  readonly resource: string;
}

const specialResources: readonly Counted[] = [
  { group: '', resource: 'pods' },
  { group: '', resource: 'services' },
  { group: '', resource: 'persistentvolumeclaims' },
  { group: 'resource.k8s.io', resource: 'resourceclaims' },
];
const legacyCounts = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];

/** The resources whose objects a quota's limits are about. */
export function countedResources({ spec }: ResourceQuota): readonly Counted[] {
  const names = Object.keys(spec.hard ?? {});
  const counts = names.flatMap((name) => {
    if (legacyCounts.includes(name)) return [{ group: '', resource: name }];
    const [, resource, group = ''] = /^count\/([^.]+)(?:\.(.+))?$/.exec(name) ?? [];
    return resource === undefined ? [] : [{ group, resource }];
  });
  const all = [...specialResources, ...counts].filter(
    ({ group, resource }) => (quotaEvaluatorOf(group, resource)?.namesOf(names).length ?? 0) > 0,
  );
  return [...new Map(all.map((one) => [`${one.resource}.${one.group}`, one])).values()];
}

/** The status to write; undefined where the present one says it. `objects`: those of a resource in the quota's namespace. */
export function planQuota(
  quota: ResourceQuota,
  objects: (counted: Counted) => readonly AnyObject[],
  nowMs: number,
): ResourceQuota['status'] | undefined {
  const hard = quota.spec.hard ?? {};
  const names = Object.keys(hard);
  const terms = scopeTermsOf(quota);
  let used: AmountList = {};
  const known = new Set<string>();
  for (const counted of countedResources(quota)) {
    const evaluator = quotaEvaluatorOf(counted.group, counted.resource);
    if (evaluator === undefined) continue;
    const mine = evaluator.namesOf(names);
    for (const name of mine) known.add(name);
    used = add(used, Object.fromEntries(mine.map((name) => [name, '0'])));
    for (const object of objects(counted)) {
      if (!terms.every((term) => evaluator.inScope(term, object))) continue;
      used = add(used, mask(evaluator.usage(object, nowMs), mine));
    }
  }
  const next = spelled({ ...mask(quota.status?.used ?? {}, names), ...mask(used, known) });
  const { status } = quota;
  const same = sameValue(status?.hard, hard) && status?.used !== undefined && equalAmounts(status.used, next);
  return same ? undefined : { hard, used: next };
}

function equalAmounts(one: AmountList, other: AmountList): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => other[name] !== undefined && compareQuantity(one[name] ?? '0', other[name] ?? '0') === 0)
  );
}

/** Whether a change of an object may have freed something: what is taken is charged when it is asked for. */
export function frees({ group, resource }: Counted, next: AnyObject, old: AnyObject, nowMs: number): boolean {
  const pod = (one: AnyObject): Pod => one as unknown as Pod;
  const ports = (one: AnyObject): unknown => {
    const { spec } = one as unknown as Service;
    return [spec.type, spec.ports?.map(({ nodePort }) => nodePort)];
  };
  if (group !== '') return false;
  if (resource === 'pods') return stillCounts(pod(old), nowMs) && !stillCounts(pod(next), nowMs);
  if (resource === 'services') return !sameValue(ports(next), ports(old));
  return resource === 'persistentvolumeclaims' && !sameValue(next['spec'], old['spec']);
}
