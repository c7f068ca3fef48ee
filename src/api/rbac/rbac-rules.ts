// Owns the rules of roles and their bindings.
import { type GroupRules, onType } from '../kind-rules.ts';
import type { NameErrors } from '../meta/object-meta-validation.ts';
import { pathSegmentErrors } from '../names.ts';
import type { ClusterRoleBinding, RoleBinding, Subject } from './v1.ts';

const group = 'rbac.authorization.k8s.io';

function defaultSubject(subject: Subject): Subject {
  return subject.apiGroup || (subject.kind !== 'User' && subject.kind !== 'Group') ? subject : { ...subject, apiGroup: group };
}

function defaultBinding<T extends ClusterRoleBinding | RoleBinding>(binding: T): T {
  const { roleRef, subjects } = binding;
  return {
    ...binding,
    ...(subjects === undefined ? {} : { subjects: subjects.map(defaultSubject) }),
    roleRef: { ...roleRef, apiGroup: roleRef.apiGroup || group },
  };
}

const name: NameErrors = (text) => pathSegmentErrors(text);
const role = { generation: 'none', nameErrors: name } as const;

export const rbacRules: GroupRules = {
  Role: role,
  ClusterRole: role,
  RoleBinding: { ...role, default: onType<RoleBinding>(defaultBinding) },
  ClusterRoleBinding: { ...role, default: onType<ClusterRoleBinding>(defaultBinding) },
};
