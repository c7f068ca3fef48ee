// Owns the rules of roles and their bindings.
import { type GroupRules, onType } from '../kind-rules.ts';
import type { NameErrors } from '../meta/object-meta-validation.ts';
import { pathSegmentErrors } from '../names.ts';
import { bindingCauses, bindingUpdateCauses, clusterRoleCauses, roleCauses } from './rbac-validation.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from './v1.ts';

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

/** The rules of the group's kinds, by kind. */
export const rbacRules: GroupRules = {
  Role: { ...role, validate: (object) => roleCauses(object as unknown as Role) },
  ClusterRole: { ...role, validate: (object) => clusterRoleCauses(object as unknown as ClusterRole) },
  RoleBinding: {
    ...role,
    default: onType<RoleBinding>(defaultBinding),
    validate: (object) => bindingCauses(object as unknown as RoleBinding, true),
    validateUpdate: (next, old) => bindingUpdateCauses(next as unknown as RoleBinding, old as unknown as RoleBinding, true),
  },
  ClusterRoleBinding: {
    ...role,
    default: onType<ClusterRoleBinding>(defaultBinding),
    validate: (object) => bindingCauses(object as unknown as ClusterRoleBinding, false),
    validateUpdate: (next, old) => bindingUpdateCauses(next as unknown as ClusterRoleBinding, old as unknown as ClusterRoleBinding, false),
  },
};
