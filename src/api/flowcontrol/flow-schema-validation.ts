// Owns the validation of flow schemas: whom and what they match, and the two that every server needs as they are.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { goStruct } from '../go-print.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';
import { checkConditionTypes } from './level-validation.ts';
import type { FlowSchema, FlowSchemaSpec, NonResourcePolicyRule, ResourcePolicyRule, Subject } from './v1.ts';

const largestPrecedence = 10_000;
const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const all = ['*'];
const everything = {
  resourceRules: [{ verbs: all, apiGroups: all, resources: all, clusterScope: true, namespaces: all }],
  nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
};
const group = (name: string): Subject => ({ kind: 'Group', group: { name } });
const mandatory: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [{ subjects: [group('system:masters')], ...everything }],
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: largestPrecedence,
    distinguisherMethod: { type: 'ByUser' },
    rules: [{ subjects: [group('system:unauthenticated'), group('system:authenticated')], ...everything }],
  },
};

function checkAccount(account: Subject['serviceAccount'], at: string, out: Causes): void {
  if (account === undefined) return void out.push(required(at, "serviceAccount is required when subject kind is 'ServiceAccount'"));
  const { name = '', namespace = '' } = account;
  if (name === '') out.push(required(`${at}.name`));
  else if (name !== '*') checkName(dnsSubdomainErrors(name), name, `${at}.name`, out);
  if (namespace === '') out.push(required(`${at}.namespace`, 'must specify namespace for service account'));
  else checkName(dnsLabelErrors(namespace), namespace, `${at}.namespace`, out);
}

const holders = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;

function checkSubject(subject: Subject, at: string, out: Causes): void {
  const { kind } = subject;
  if (!Object.hasOwn(holders, kind ?? '')) return void out.push(notSupported(`${at}.kind`, kind ?? '', Object.keys(holders).sort()));
  const own = holders[kind as keyof typeof holders];
  const held = subject[own];
  if (own === 'serviceAccount') checkAccount(subject.serviceAccount, `${at}.${own}`, out);
  else if (held === undefined) out.push(required(`${at}.${own}`, `${own} is required when subject kind is '${kind}'`));
  else if (!held.name) out.push(required(`${at}.${own}.name`));
  for (const [other, field] of Object.entries(holders))
    if (field !== own && subject[field] !== undefined)
      out.push(forbiddenValue(`${at}.${field}`, `${field} is forbidden when subject kind is not '${other}'`));
}

function checkVerbs(given: readonly string[], at: string, out: Causes): void {
  if (given.length === 0) out.push(required(at, 'verbs must contain at least one value'));
  else if (given.includes('*')) {
    if (given.length > 1) out.push(invalidValue(at, given, "if '*' is present, must not specify other verbs"));
  } else if (!given.every((verb) => verbs.includes(verb))) out.push(notSupported(at, given, verbs));
}

function pathError(path: string): string {
  if (path === '') return 'must not be empty';
  if (path === '/') return '';
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const stars = path.split('*').length - 1;
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : '';
}

function checkPathRule(rule: NonResourcePolicyRule, at: string, out: Causes): void {
  checkVerbs(rule.verbs ?? [], `${at}.verbs`, out);
  const paths = rule.nonResourceURLs ?? [];
  const here = `${at}.nonResourceURLs`;
  if (paths.length === 0) out.push(required(here, 'nonResourceURLs must contain at least one value'));
  else if (paths.includes('*')) {
    if (paths.length > 1) out.push(invalidValue(here, paths, "if '*' is present, must not specify other non-resource URLs"));
  } else
    for (const [index, path] of paths.entries()) {
      const error = pathError(path);
      if (error !== '') out.push(invalidValue(`${here}[${index}]`, path, error));
    }
}

function checkResourceRule(rule: ResourcePolicyRule, at: string, out: Causes): void {
  checkVerbs(rule.verbs ?? [], `${at}.verbs`, out);
  for (const [field, one, many] of [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const) {
    const given = rule[field] ?? [];
    if (given.length === 0) out.push(required(`${at}.${field}`, `resource rules must supply at least one ${one}`));
    else if (given.length > 1 && given.includes('*'))
      out.push(invalidValue(`${at}.${field}`, given, `if '*' is present, must not specify other ${many}`));
  }
  const namespaces = rule.namespaces ?? [];
  const here = `${at}.namespaces`;
  if (namespaces.length === 0 && rule.clusterScope !== true)
    out.push(required(here, 'resource rules that are not cluster scoped must supply at least one namespace'));
  else if (namespaces.includes('*')) {
    if (namespaces.length > 1) out.push(invalidValue(here, namespaces, "if '*' is present, must not specify other namespaces"));
  } else
    for (const [index, namespace] of namespaces.entries()) {
      const errors = dnsLabelErrors(namespace).map((error) => `each member of this list must be '*' or a DNS-1123 label; ${error}`);
      checkName(errors, namespace, `${here}[${index}]`, out);
    }
}

function checkRules(spec: FlowSchemaSpec, out: Causes): void {
  for (const [index, { subjects, resourceRules = [], nonResourceRules = [] }] of (spec.rules ?? []).entries()) {
    const at = `spec.rules[${index}]`;
    if ((subjects ?? []).length === 0) out.push(required(`${at}.subjects`, 'subjects must contain at least one value'));
    for (const [who, subject] of (subjects ?? []).entries()) checkSubject(subject, `${at}.subjects[${who}]`, out);
    if (resourceRules.length + nonResourceRules.length === 0)
      out.push(required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
    for (const [which, rule] of resourceRules.entries()) checkResourceRule(rule, `${at}.resourceRules[${which}]`, out);
    for (const [which, rule] of nonResourceRules.entries()) checkPathRule(rule, `${at}.nonResourceRules[${which}]`, out);
  }
}

/** Complaints about a flow schema beyond its metadata. */
export function flowSchemaCauses({ metadata, spec, status }: FlowSchema): StatusCause[] {
  const out: Causes = [];
  const { matchingPrecedence = 0, distinguisherMethod } = spec ?? {};
  const at = 'spec.matchingPrecedence';
  if (matchingPrecedence <= 0) out.push(invalidValue(at, matchingPrecedence, 'must be a positive value'));
  if (matchingPrecedence > largestPrecedence)
    out.push(invalidValue(at, matchingPrecedence, `must not be greater than ${largestPrecedence}`));
  if (matchingPrecedence === 1 && metadata.name !== 'exempt')
    out.push(invalidValue(at, matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  if (distinguisherMethod !== undefined && !['ByNamespace', 'ByUser'].includes(distinguisherMethod.type))
    out.push(notSupported('spec.distinguisherMethod.type', { Type: distinguisherMethod.type ?? '' }, ['ByNamespace', 'ByUser']));
  const level = spec?.priorityLevelConfiguration?.name ?? '';
  if (level === '') out.push(required('spec.priorityLevelConfiguration.name', 'must reference a priority level'));
  else checkName(dnsSubdomainErrors(level), level, 'spec.priorityLevelConfiguration.name', out);
  checkRules(spec, out);
  const fixed = mandatory[metadata.name];
  if (fixed !== undefined && !sameValue(spec, fixed)) {
    const shown = goStruct('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', spec);
    out.push(invalidValue('spec', shown, `spec of '${metadata.name}' must equal the fixed value`));
  }
  checkConditionTypes(status?.conditions, out);
  return out;
}
