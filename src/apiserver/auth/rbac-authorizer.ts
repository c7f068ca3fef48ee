// Owns role-based access control: which bindings speak for a user, kept as an index that follows the stored roles and bindings.
import type { AnyObject } from '../../api/object.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../api/rbac/v1.ts';
import { type Attributes, type Authorizer, type Decision, isResource, type RuleSet } from './authorizer.ts';
import type { ObjectSource } from './object-source.ts';
import { ruleAllows } from './rules.ts';
import { mastersGroup, serviceAccountUserPrefix, type User } from './user.ts';

type PolicyKind = 'roles' | 'rolebindings' | 'clusterroles' | 'clusterrolebindings';

/** Where the authorizer sees the roles and bindings: all there are now, and each change. */
export interface PolicySource {
  list(resource: PolicyKind): readonly AnyObject[];
  onChange(resource: PolicyKind, listener: (change: { readonly current?: AnyObject; readonly previous?: AnyObject }) => void): Disposable;
}

const group = 'rbac.authorization.k8s.io';
const kinds: readonly PolicyKind[] = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'];

/** The stored roles and bindings. */
export function storePolicySource(objects: ObjectSource): PolicySource {
  return {
    list: (resource) => objects.list({ group, resource }),
    onChange: (resource, listener) =>
      objects.onChange({ group, resource }, ({ current, previous }) =>
        listener({ ...(current === undefined ? {} : { current }), ...(previous === undefined ? {} : { previous }) }),
      ),
  };
}

/** A binding that speaks for a user, and the subject through which it does. */
interface Grant {
  readonly binding: RoleBinding | ClusterRoleBinding;
  readonly subject: Subject;
}

/** RBAC over the policy of a source. Dispose it to stop following the source. */
export interface RbacAuthorizer extends Authorizer, Disposable {
  /** The rules of what a binding refers to; undefined where that role is not there. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
}

function keyOf(object: AnyObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** The name under which a subject's bindings are found: the user or group it means. */
function subjectKey(subject: Subject, bindingNamespace: string): string {
  if (subject.kind === 'User') return `u:${subject.name}`;
  if (subject.kind === 'Group') return `g:${subject.name}`;
  return `u:${serviceAccountUserPrefix}${subject.namespace || bindingNamespace}:${subject.name}`;
}

const described = new WeakMap<Grant, string>();

/** Why a request is allowed: the same for all that a grant allows, of which there are thousands a second. */
function describeGrant(grant: Grant): string {
  const known = described.get(grant);
  if (known !== undefined) return known;
  const made = description(grant);
  described.set(grant, made);
  return made;
}

function description(grant: Grant): string {
  const { metadata, roleRef, kind } = grant.binding as RoleBinding;
  const namespaced = metadata.namespace !== undefined && metadata.namespace !== '';
  const name = namespaced ? `${metadata.name}/${metadata.namespace}` : metadata.name;
  const { subject } = grant;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || metadata.namespace}` : subject.name;
  const what = kind ?? (namespaced ? 'RoleBinding' : 'ClusterRoleBinding');
  return `RBAC: allowed by ${what} ${JSON.stringify(name)} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

/** Follows `source` and answers from memory: no opinion where no rule allows. */
export function rbacAuthorizer(source: PolicySource): RbacAuthorizer {
  const objects = new Map<PolicyKind, Map<string, AnyObject>>(kinds.map((kind) => [kind, new Map()]));
  // By namespace of the binding ('' for cluster-wide ones), then by subject: in the order in which bindings are listed.
  const grants = new Map<string, Map<string, Map<string, Grant>>>();

  // Users of this process are the same objects all the time, and bindings seldom change.
  let remembered = new WeakMap<User, Map<string, readonly Grant[]>>();

  const change = (kind: PolicyKind, current: AnyObject | undefined, previous: AnyObject | undefined): void => {
    remembered = new WeakMap();
    const of = objects.get(kind) as Map<string, AnyObject>;
    const key = keyOf((current ?? previous) as AnyObject);
    const old = of.get(key);
    if (current === undefined) of.delete(key);
    else of.set(key, current);
    if (kind === 'roles' || kind === 'clusterroles') return;
    const namespace = kind === 'rolebindings' ? ((current ?? previous)?.metadata.namespace ?? '') : '';
    const bySubject = grants.get(namespace) ?? new Map<string, Map<string, Grant>>();
    grants.set(namespace, bySubject);
    for (const subject of (old as RoleBinding | undefined)?.subjects ?? []) {
      const name = subjectKey(subject, namespace);
      bySubject.get(name)?.delete(key);
      if (bySubject.get(name)?.size === 0) bySubject.delete(name);
    }
    for (const subject of (current as RoleBinding | undefined)?.subjects ?? []) {
      const name = subjectKey(subject, namespace);
      const known = bySubject.get(name) ?? new Map<string, Grant>();
      bySubject.set(name, known.set(key, { binding: current as unknown as RoleBinding, subject }));
    }
    if (bySubject.size === 0) grants.delete(namespace);
  };

  const watches = kinds.map((kind) => {
    const watch = source.onChange(kind, ({ current, previous }) => change(kind, current, previous));
    for (const object of source.list(kind)) change(kind, object, undefined);
    return watch;
  });

  const grantsOf = (user: User, namespace: string): readonly Grant[] => {
    const bySubject = grants.get(namespace);
    if (bySubject === undefined) return [];
    const known = remembered.get(user)?.get(namespace);
    if (known !== undefined) return known;
    const found = [`u:${user.name}`, ...user.groups.map((name) => `g:${name}`)].flatMap((key) => [...(bySubject.get(key)?.values() ?? [])]);
    const sorted = found.length < 2 ? found : found.toSorted((a, b) => (a.binding.metadata.name < b.binding.metadata.name ? -1 : 1));
    const ofUser = remembered.get(user) ?? new Map<string, readonly Grant[]>();
    remembered.set(user, ofUser.set(namespace, sorted));
    return sorted;
  };

  const rulesOfRole = (roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined => {
    const role =
      roleRef.kind === 'ClusterRole'
        ? objects.get('clusterroles')?.get(`/${roleRef.name}`)
        : objects.get('roles')?.get(`${namespace}/${roleRef.name}`);
    return role === undefined ? undefined : ((role as unknown as Role | ClusterRole).rules ?? []);
  };

  const missing = ({ kind, name }: RoleRef): string => `${kind.toLowerCase()}.${group} ${JSON.stringify(name)} not found`;

  const visit = (
    user: User,
    namespaces: readonly string[],
    found: (rule: PolicyRule, grant: Grant) => boolean,
    errors: string[],
  ): boolean => {
    for (const namespace of namespaces) {
      for (const grant of grantsOf(user, namespace)) {
        const rules = rulesOfRole(grant.binding.roleRef, namespace);
        if (rules === undefined) errors.push(missing(grant.binding.roleRef));
        else if (rules.some((rule) => found(rule, grant))) return true;
      }
    }
    return false;
  };

  const scopes = (namespace: string): readonly string[] => (namespace === '' ? [''] : ['', namespace]);

  return {
    rulesOfRole,
    authorize(user: User, attributes: Attributes): Decision {
      if (user.groups.includes(mastersGroup)) return { verdict: 'allow', reason: '' };
      const errors: string[] = [];
      let reason = '';
      const allowed = visit(
        user,
        scopes(isResource(attributes) ? attributes.namespace : ''),
        (rule, grant) => {
          if (!ruleAllows(rule, attributes)) return false;
          reason = describeGrant(grant);
          return true;
        },
        errors,
      );
      if (allowed) return { verdict: 'allow', reason };
      const text = errors.length === 1 ? `RBAC: ${errors[0]}` : `RBAC: [${errors.join(', ')}]`;
      return { verdict: 'noOpinion', reason: errors.length === 0 ? '' : text };
    },
    rulesFor(user, namespace): RuleSet {
      const rules: PolicyRule[] = [];
      const errors: string[] = [];
      visit(user, scopes(namespace), (rule) => rules.push(rule) < 0, errors);
      return { rules, errors, incomplete: errors.length > 0 };
    },
    [Symbol.dispose]() {
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
}
