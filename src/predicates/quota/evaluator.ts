// Owns the one answer to "what of which quota does this object use": admission asks it before a write, the quota's status is counted with it. Pure.
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import type { AmountList } from './amounts.ts';
import { claimNames, claimUsage, countName, countNames, deviceNames, deviceUsage, serviceNames, serviceUsage } from './object-usage.ts';
import { podConstraint, podResourcesOf, podUsage } from './pod-usage.ts';
import { claimInScope, podInScope, type ScopeTerm, scopeTermsOf } from './scopes.ts';

/** How objects of one resource count. */
export interface QuotaEvaluator {
  /** Writes that can change what is used: `resize` stands for the subresource. */
  readonly counts: readonly ('CREATE' | 'UPDATE' | 'resize')[];
  /** Of a quota's names those that these objects count for. */
  namesOf(names: readonly string[]): readonly string[];
  /** Whether an object is in a scope. */
  inScope(term: ScopeTerm, object: AnyObject): boolean;
  /** What an object must say where a quota has these names; undefined where nothing is missing. */
  constraint(names: readonly string[], object: AnyObject): string | undefined;
  usage(object: AnyObject, nowMs: number): AmountList;
}

const unscoped = { inScope: () => false, constraint: () => undefined };
const as = <T>(object: AnyObject): T => object as unknown as T;

const pods: QuotaEvaluator = {
  counts: ['CREATE', 'resize'],
  namesOf: podResourcesOf,
  inScope: (term, object) => podInScope(term, as<Pod>(object)),
  constraint: (names, object) => podConstraint(names, as<Pod>(object)),
  usage: (object, nowMs) => podUsage(as<Pod>(object), nowMs),
};

const services: QuotaEvaluator = {
  ...unscoped,
  counts: ['CREATE', 'UPDATE'],
  namesOf: (names) => names.filter((name) => serviceNames.includes(name)),
  usage: (object) => serviceUsage(as<Service>(object)),
};

const claims: QuotaEvaluator = {
  ...unscoped,
  counts: ['CREATE', 'UPDATE'],
  namesOf: claimNames,
  inScope: (term, object) => claimInScope(term, as<PersistentVolumeClaim>(object)),
  usage: (object) => claimUsage(as<PersistentVolumeClaim>(object)),
};

const deviceClaims: QuotaEvaluator = {
  ...unscoped,
  counts: ['CREATE', 'UPDATE'],
  namesOf: deviceNames,
  usage: (object) => deviceUsage(as<ResourceClaim>(object)),
};

function counter(group: string, resource: string): QuotaEvaluator {
  const own = countNames(group, resource);
  return {
    ...unscoped,
    counts: ['CREATE'],
    namesOf: (names) => names.filter((name) => own.includes(name)),
    usage: () => Object.fromEntries(own.map((name) => [name, '1'])),
  };
}

const special: Readonly<Record<string, QuotaEvaluator>> = {
  [countName('', 'pods')]: pods,
  [countName('', 'services')]: services,
  [countName('', 'persistentvolumeclaims')]: claims,
  [countName('resource.k8s.io', 'resourceclaims')]: deviceClaims,
};
const uncounted = new Set([countName('', 'events'), countName('events.k8s.io', 'events')]);
const counters = new Map<string, QuotaEvaluator>();

/** The evaluator of a resource; undefined for events, which no quota counts. */
export function quotaEvaluatorOf(group: string, resource: string): QuotaEvaluator | undefined {
  const name = countName(group, resource);
  if (uncounted.has(name)) return undefined;
  const known = special[name] ?? counters.get(name);
  if (known !== undefined) return known;
  const made = counter(group, resource);
  counters.set(name, made);
  return made;
}

/** Whether a quota (by the hard limits of its status) is about this object at all. */
export function quotaIsAbout(quota: ResourceQuota, evaluator: QuotaEvaluator, object: AnyObject): boolean {
  if (evaluator.namesOf(Object.keys(quota.status?.hard ?? {})).length === 0) return false;
  return scopeTermsOf(quota).every((term) => evaluator.inScope(term, object));
}
