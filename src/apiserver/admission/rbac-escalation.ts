// Owns that nobody gives away more than they have: checks writes of roles and bindings, unless the writer may `escalate` or `bind`.

import { sameValue } from '../../api/equal.ts';
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from '../../api/rbac/v1.ts';
import { forbidden, notFound } from '../../api/status-error.ts';
import { compact, compactText, uncovered } from '../auth/rules.ts';
import { mastersGroup, type User } from '../auth/user.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';

const group = 'rbac.authorization.k8s.io';
const everything: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** The rules of what a binding refers to; undefined where that role is not there. */
export type RoleRules = (roleRef: RoleRef, namespace: string) => readonly PolicyRule[] | undefined;

function may(attributes: AdmissionAttributes, context: AdmissionContext, verb: string, resource: string, name: string): boolean {
  const asked = { verb, group, version: '*', resource, subresource: '', namespace: attributes.namespace, name };
  return context.authorizer.authorize(attributes.user, asked).verdict === 'allow';
}

function goList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
}

/** Why the user may not give `wanted`, or undefined where all of it is theirs. Pure. */
export function escalationRefusal(user: User, owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): string | undefined {
  const lacking = uncovered(owned, wanted);
  if (lacking.length === 0) return undefined;
  const texts = compact(lacking).map(compactText).toSorted();
  return `user ${JSON.stringify(user.name)} (groups=${goList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${texts.join('\n')}`;
}

function check(attributes: AdmissionAttributes, context: AdmissionContext, wanted: readonly PolicyRule[]): void {
  const { rules } = context.authorizer.rulesFor(attributes.user, attributes.namespace);
  const why = escalationRefusal(attributes.user, rules, wanted);
  if (why !== undefined) throw forbidden(attributes.kind, attributes.name, why);
}

function checkRole(attributes: AdmissionAttributes, context: AdmissionContext): void {
  const role = attributes.object as unknown as ClusterRole;
  const old = attributes.oldObject as unknown as ClusterRole | undefined;
  if (may(attributes, context, 'escalate', attributes.kind.resource, attributes.name)) return;
  const aggregates = role.aggregationRule !== undefined && !sameValue(role.aggregationRule, old?.aggregationRule);
  if (aggregates && uncovered(context.authorizer.rulesFor(attributes.user, '').rules, everything).length > 0)
    throw forbidden(attributes.kind, attributes.name, 'must have cluster-admin privileges to use the aggregationRule');
  if (old !== undefined && sameValue(role.rules ?? [], old.rules ?? [])) return;
  check(attributes, context, role.rules ?? []);
}

function checkBinding(attributes: AdmissionAttributes, context: AdmissionContext, roles: RoleRules): void {
  const binding = attributes.object as unknown as RoleBinding;
  const old = attributes.oldObject as unknown as RoleBinding | undefined;
  if (old !== undefined && sameValue(binding.subjects ?? [], old.subjects ?? []) && sameValue(binding.roleRef, old.roleRef)) return;
  const { roleRef } = binding;
  if (roleRef?.kind !== 'Role' && roleRef?.kind !== 'ClusterRole') return;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (may(attributes, context, 'bind', resource, roleRef.name)) return;
  const wanted = roles(roleRef, attributes.namespace);
  if (wanted === undefined) throw notFound(attributes.kind, roleRef.name);
  check(attributes, context, wanted);
}

/** Members of system:masters are never checked. Runs before validation, as upstream's storage does. */
export function rbacEscalation(roles: RoleRules): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    admit(attributes, context) {
      const { kind, operation, user, object, subresource } = attributes;
      const written = (operation === 'CREATE' || operation === 'UPDATE') && object !== undefined && subresource === '';
      if (!written || kind.group !== group || user.groups.includes(mastersGroup)) return object;
      if (kind.resource === 'roles' || kind.resource === 'clusterroles') checkRole(attributes, context);
      else if (kind.resource === 'rolebindings' || kind.resource === 'clusterrolebindings') checkBinding(attributes, context, roles);
      return object;
    },
  };
}
