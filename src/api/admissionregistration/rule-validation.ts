// Owns the validation of rules: which operations on which resources are sent to webhooks and policies.
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkLabelSelector, checkName, checkOneOf } from '../field-checks.ts';
import { pathSegmentErrors } from '../names.ts';
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from './v1.ts';

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];
/** How a webhook or a policy may match, in upstream's order. */
export const matchPolicies = ['Equivalent', 'Exact'];

function checkResources(resources: readonly string[], at: string, out: Causes): void {
  if (resources.length === 0) out.push(required(at));
  const wholes = new Set<string>();
  const everywhere = new Set<string>();
  let bare = false;
  for (const [index, text] of resources.entries()) {
    const here = `${at}[${index}]`;
    if (text === '') {
      out.push(required(here));
      continue;
    }
    const slash = text.indexOf('/');
    if (slash < 0) {
      bare = text !== '*';
      continue;
    }
    const [resource, part] = [text.slice(0, slash), text.slice(slash + 1)];
    if (wholes.has(resource)) out.push(invalidValue(here, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (everywhere.has(part)) out.push(invalidValue(here, text, `if '*/${part}' is present, must not specify ${text}`));
    if (part === '*') wholes.add(resource);
    if (resource === '*') everywhere.add(part);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    out.push(invalidValue(at, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && bare)
    out.push(invalidValue(at, resources, "if '*' is present, must not specify other resources without subresources"));
}

function checkAlone(given: readonly string[], what: string, at: string, out: Causes): void {
  if (given.length === 0) out.push(required(at));
  if (given.length > 1 && given.includes('*')) out.push(invalidValue(at, given, `if '*' is present, must not specify other ${what}`));
}

/** A rule. */
export function checkRule(rule: RuleWithOperations, at: string, out: Causes): void {
  const asked = rule.operations ?? [];
  checkAlone(asked, 'operations', `${at}.operations`, out);
  for (const [index, operation] of asked.entries()) checkOneOf(operation, operations, `${at}.operations[${index}]`, out);
  checkAlone(rule.apiGroups ?? [], 'API groups', `${at}.apiGroups`, out);
  const versions = rule.apiVersions ?? [];
  checkAlone(versions, 'API versions', `${at}.apiVersions`, out);
  for (const [index, version] of versions.entries()) if (version === '') out.push(required(`${at}.apiVersions[${index}]`));
  checkResources(rule.resources ?? [], `${at}.resources`, out);
  if (rule.scope !== undefined) checkOneOf(rule.scope, scopes, `${at}.scope`, out);
}

function checkNamedRule(rule: NamedRuleWithOperations, at: string, out: Causes): void {
  const names = rule.resourceNames ?? [];
  for (const [index, name] of names.entries()) {
    checkName(pathSegmentErrors(name), name, `${at}.resourceNames[${index}]`, out);
    if (names.indexOf(name) < index) out.push(duplicate(`${at}.resourceNames[${index}]`, name));
  }
  checkRule(rule, at, out);
}

/** What a policy or a binding matches. */
export function checkMatch(match: MatchResources | undefined, at: string, out: Causes): void {
  if (match === undefined) return;
  const { matchPolicy, resourceRules = [], excludeResourceRules = [] } = match;
  if (matchPolicy === undefined) out.push(required(`${at}.matchPolicy`));
  else if (!matchPolicies.includes(matchPolicy)) out.push(notSupported(`${at}.matchPolicy`, matchPolicy, matchPolicies));
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    if (match[field] === undefined) out.push(required(`${at}.${field}`));
    else checkLabelSelector(match[field], `${at}.${field}`, out);
  }
  for (const [index, rule] of resourceRules.entries()) checkNamedRule(rule, `${at}.resourceRules[${index}]`, out);
  for (const [index, rule] of excludeResourceRules.entries()) checkNamedRule(rule, `${at}.excludeResourceRules[${index}]`, out);
}

const mutable = operations.filter((operation) => operation !== 'DELETE');

/** What a mutating policy or its binding matches: nothing can be mutated that goes. Upstream's field has no index. */
export function checkMutable({ resourceRules = [] }: MatchResources, at: string, out: Causes): void {
  for (const rule of resourceRules)
    for (const operation of rule.operations ?? []) checkOneOf(operation, mutable, `${at}.resourceRules.operations`, out);
}
