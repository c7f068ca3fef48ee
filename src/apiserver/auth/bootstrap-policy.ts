// Owns the roles and bindings that a cluster starts with, as objects to be written. The facts are upstream's (1.36); bootstrap-policy.json spells
// a rule `verbs groups resources [names]` or `verbs paths`, the core group as `core`.

import type { AnyObject } from '../../api/object.ts';
import { aggregateRules } from '../../api/rbac/aggregation.ts';
import type { ClusterRole, PolicyRule, RoleRef, Subject } from '../../api/rbac/v1.ts';
import policy from './bootstrap-policy.json' with { type: 'json' };

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;

const aggregationLabels: Readonly<Record<string, string>> = {
  edit: `${group}/aggregate-to-admin`,
  'system:aggregate-to-admin': `${group}/aggregate-to-admin`,
  view: `${group}/aggregate-to-edit`,
  'system:aggregate-to-edit': `${group}/aggregate-to-edit`,
  'system:aggregate-to-view': `${group}/aggregate-to-view`,
};

function parseRule(text: string): PolicyRule {
  const [verbs = '', second = '', resources, names] = text.split(' ');
  if (resources === undefined) return { nonResourceURLs: second.split(','), verbs: verbs.split(',') };
  return {
    apiGroups: second.split(',').map((name) => (name === 'core' ? '' : name)),
    resources: resources.split(','),
    ...(names === undefined ? {} : { resourceNames: names.split(',') }),
    verbs: verbs.split(','),
  };
}

function parseSubject(text: string): Subject {
  const [kind, name = ''] = text.split(' ');
  if (kind === 'serviceaccount') {
    const [namespace = '', account = ''] = name.split('/');
    return { kind: 'ServiceAccount', name: account, namespace };
  }
  return { apiGroup: group, kind: kind === 'user' ? 'User' : 'Group', name };
}

function metadataOf(name: string, namespace?: string): AnyObject['metadata'] {
  const label = aggregationLabels[name];
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...(label === undefined ? {} : { [label]: 'true' }) },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  } as unknown as AnyObject['metadata'];
}

function roleRef(kind: string, name: string): RoleRef {
  return { apiGroup: group, kind, name };
}

function clusterRoles(): readonly AnyObject[] {
  const plain: ClusterRole[] = Object.entries(policy.clusterRoles).map(([name, rules]) => ({
    apiVersion,
    kind: 'ClusterRole',
    metadata: metadataOf(name),
    rules: rules.map(parseRule),
  }));
  for (const name of ['view', 'edit', 'admin']) {
    const empty: ClusterRole = {
      apiVersion,
      kind: 'ClusterRole',
      metadata: metadataOf(name),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${group}/aggregate-to-${name}`]: 'true' } }] },
    };
    plain.push({ ...empty, rules: aggregateRules(empty, plain) });
  }
  return plain as unknown as readonly AnyObject[];
}

function split(key: string): readonly [namespace: string, name: string] {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
}

/** Every default ClusterRole, ClusterRoleBinding, Role and RoleBinding. Roles of namespaces kube-system and kube-public need those first. */
export const bootstrapPolicy: readonly AnyObject[] = [
  ...clusterRoles(),
  ...Object.entries(policy.clusterRoleBindings).map(
    ([name, subjects]): AnyObject => ({
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: metadataOf(name),
      roleRef: roleRef('ClusterRole', name),
      ...(subjects.length === 0 ? {} : { subjects: subjects.map(parseSubject) }),
    }),
  ),
  ...Object.entries(policy.roles).map(([key, rules]): AnyObject => {
    const [namespace, name] = split(key);
    return { apiVersion, kind: 'Role', metadata: metadataOf(name, namespace), rules: rules.map(parseRule) };
  }),
  ...Object.entries(policy.roleBindings).map(([key, { role, subjects }]): AnyObject => {
    const [namespace, name] = split(key);
    return {
      apiVersion,
      kind: 'RoleBinding',
      metadata: metadataOf(name, namespace),
      roleRef: roleRef('Role', role),
      subjects: subjects.map(parseSubject),
    };
  }),
];
