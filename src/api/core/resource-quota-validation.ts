// Owns the validation of resource quotas: what may be counted, and within which scopes.
import { invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import type { Causes } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { isStandardQuotaResource } from './resource-names.ts';
import { checkResourceAmount, checkResourceName } from './resources-validation.ts';
import type { ResourceQuota, ResourceQuotaSpec } from './v1.ts';

const podScopes = ['Terminating', 'NotTerminating', 'NotBestEffort', 'PriorityClass', 'CrossNamespacePodAffinity'];
const scopes = [...podScopes, 'BestEffort', 'VolumeAttributesClass'];
const plainScopes = ['BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating', 'CrossNamespacePodAffinity'];
const computed = new Set(['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['NotTerminating', 'Terminating'],
] as const;

function fits(scope: string, resource: string): boolean {
  if (scope === 'BestEffort') return resource === 'pods';
  if (scope === 'VolumeAttributesClass') return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
  return !podScopes.includes(scope) || resource === 'pods' || computed.has(resource);
}

function checkHard(hard: Readonly<Record<string, string>>, at: string, out: Causes): void {
  for (const [name, amount] of Object.entries(hard)) {
    const here = `${at}[${name}]`;
    checkResourceName(name, here, out);
    if (!name.includes('/') && !isStandardQuotaResource(name)) out.push(invalidValue(here, name, 'must be a standard resource for quota'));
    checkResourceAmount(name, amount, here, out);
  }
}

/** Scopes that fit no counted resource, or exclude each other. `shown` is what the refusal shows. */
function checkFit(given: readonly string[], spec: ResourceQuotaSpec, at: string, shown: unknown, out: Causes): void {
  const counted = Object.keys(spec.hard ?? {})
    .filter(isStandardQuotaResource)
    .sort();
  for (const scope of given)
    for (const name of counted) if (!fits(scope, name)) out.push(invalidValue(at, shown, 'unsupported scope applied to resource'));
}

function checkOpposites(given: readonly string[], at: string, shown: unknown, out: Causes): void {
  for (const pair of opposites) if (pair.every((scope) => given.includes(scope))) out.push(invalidValue(at, shown, 'conflicting scopes'));
}

function checkScopes(spec: ResourceQuotaSpec, out: Causes): void {
  const given: readonly string[] = spec.scopes ?? [];
  const at = 'spec.scopes';
  for (const scope of given) {
    if (!scopes.includes(scope)) out.push(invalidValue(at, given, 'unsupported scope'));
    checkFit([scope], spec, at, given, out);
  }
  checkOpposites(given, at, given, out);
}

function checkSelector(spec: ResourceQuotaSpec, out: Causes): void {
  const selector = spec.scopeSelector;
  if (selector === undefined) return;
  const at = 'spec.scopeSelector.matchExpressions';
  const given: string[] = [];
  for (const { scopeName, operator, values = [] } of selector.matchExpressions ?? []) {
    if (!scopes.includes(scopeName)) out.push(invalidValue(`${at}.scopeName`, scopeName ?? '', 'unsupported scope'));
    checkFit([scopeName], spec, at, goStruct('io.k8s.api.core.v1.ScopeSelector', selector), out);
    if (plainScopes.includes(scopeName) && operator !== 'Exists') {
      const why =
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
      out.push(invalidValue(`${at}.operator`, operator ?? '', why));
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        out.push(required(`${at}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        out.push(invalidValue(`${at}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"));
    } else out.push(invalidValue(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
    given.push(scopeName);
  }
  checkOpposites(given, at, spec.scopes ?? null, out);
}

/** Complaints about a quota beyond its metadata. */
export function resourceQuotaCauses({ spec = {} }: ResourceQuota): StatusCause[] {
  const out: Causes = [];
  checkHard(spec.hard ?? {}, 'spec.hard', out);
  checkScopes(spec, out);
  checkSelector(spec, out);
  return out;
}

/** Complaints about a changed quota: its scopes stay. */
export function resourceQuotaUpdateCauses(next: ResourceQuota, old: ResourceQuota): StatusCause[] {
  const out = resourceQuotaCauses(next);
  const sorted = ({ spec }: ResourceQuota): readonly string[] => [...new Set<string>(spec?.scopes ?? [])].sort();
  return sameValue(sorted(next), sorted(old)) ? out : [...out, invalidValue('spec.scopes', next.spec?.scopes ?? null, immutable)];
}

/** Complaints about what is reported of a quota. */
export function resourceQuotaStatusCauses({ status = {} }: ResourceQuota): StatusCause[] {
  const out: Causes = [];
  checkHard(status.hard ?? {}, 'status.hard', out);
  checkHard(status.used ?? {}, 'status.used', out);
  return out;
}
