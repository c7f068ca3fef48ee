// Owns the validation of roles and their bindings.
import { invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkLabelSelector, checkName } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, pathSegmentErrors } from '../names.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from './v1.ts';

const group = 'rbac.authorization.k8s.io';

function checkRule(rule: PolicyRule, namespaced: boolean, at: string, out: Causes): void {
  const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  if ((verbs ?? []).length === 0) out.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    if (namespaced) out.push(invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0 || (rule.resourceNames ?? []).length > 0)
      out.push(
        invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
      );
    return;
  }
  if (apiGroups.length === 0) out.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) out.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
}

/** Complaints about a role beyond its metadata. */
export function roleCauses(role: Role): StatusCause[] {
  const out: Causes = [];
  for (const [index, rule] of (role.rules ?? []).entries()) checkRule(rule, true, `rules[${index}]`, out);
  return out;
}

/** Complaints about a cluster role beyond its metadata. */
export function clusterRoleCauses(role: ClusterRole): StatusCause[] {
  const out: Causes = [];
  for (const [index, rule] of (role.rules ?? []).entries()) checkRule(rule, false, `rules[${index}]`, out);
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (role.aggregationRule !== undefined && (selectors ?? []).length === 0)
    out.push(required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  for (const [index, selector] of (selectors ?? []).entries()) {
    const at = `aggregationRule.clusterRoleSelectors[${index}]`;
    const before = out.length;
    checkLabelSelector(selector, at, out);
    if (out.length > before) out.push(invalidValue(at, null, 'invalid label selector.'));
  }
  return out;
}

function checkSubject(subject: Subject, namespaced: boolean, at: string, out: Causes): void {
  const { name, kind, apiGroup = '', namespace = '' } = subject;
  if (name === '') out.push(required(`${at}.name`));
  if (kind === 'ServiceAccount') {
    if (name !== '') checkName(dnsSubdomainErrors(name), name, `${at}.name`, out);
    if (apiGroup !== '') out.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
    if (!namespaced && namespace === '') out.push(required(`${at}.namespace`));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) out.push(notSupported(`${at}.apiGroup`, apiGroup, [group]));
  } else out.push(notSupported(`${at}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
}

/** Complaints about a binding beyond its metadata. */
export function bindingCauses({ roleRef, subjects = [] }: RoleBinding | ClusterRoleBinding, namespaced: boolean): StatusCause[] {
  const out: Causes = [];
  if (roleRef.apiGroup !== group) out.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [group]));
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (!kinds.includes(roleRef.kind)) out.push(notSupported('roleRef.kind', roleRef.kind, kinds));
  if (roleRef.name === '') out.push(required('roleRef.name'));
  else checkName(pathSegmentErrors(roleRef.name), roleRef.name, 'roleRef.name', out);
  for (const [index, subject] of subjects.entries()) checkSubject(subject, namespaced, `subjects[${index}]`, out);
  return out;
}

/** Complaints about a change of a binding beyond the metadata's immutable fields. */
export function bindingUpdateCauses<T extends RoleBinding | ClusterRoleBinding>(next: T, old: T, namespaced: boolean): StatusCause[] {
  const out = bindingCauses(next, namespaced);
  if (sameValue(next.roleRef, old.roleRef)) return out;
  const { apiGroup, kind, name } = next.roleRef;
  return [...out, invalidValue('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}
