// Owns the tests of what roles and bindings allow, with the policy that a cluster starts with, and the words of refusals.
import { expect, test } from 'vitest';
import type { AnyObject } from '../../api/object.ts';
import { type Attributes, forbiddenRequest } from './authorizer.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import { clusterAuthorizer } from './cluster-authorizer.ts';
import { type MemoryObjects, memoryObjects } from './memory-objects.ts';
import { authenticatedGroup, nodeUser, type User } from './user.ts';

const group = 'rbac.authorization.k8s.io';
const alice: User = { name: 'alice', groups: ['team', authenticatedGroup] };

function objectsWithPolicy(): MemoryObjects {
  const objects = memoryObjects();
  for (const object of bootstrapPolicy) objects.put({ group, resource: `${object.kind?.toLowerCase()}s` }, object);
  return objects;
}

function put(objects: MemoryObjects, kind: string, name: string, namespace: string, rest: object): void {
  const metadata = { name, ...(namespace === '' ? {} : { namespace }) };
  objects.put({ group, resource: `${kind.toLowerCase()}s` }, { kind, metadata, ...rest } as unknown as AnyObject);
}

function ask(verb: string, what: string, name = ''): Attributes {
  if (what.startsWith('/')) return { verb, path: what };
  const [namespace = '', rest = ''] = what.split(':');
  const dot = rest.indexOf('.');
  const [full, apiGroup] = dot < 0 ? [rest, ''] : [rest.slice(0, dot), rest.slice(dot + 1)];
  const [resource = '', subresource = ''] = full.split('/');
  return { verb, group: apiGroup, version: 'v1', resource, subresource, namespace, name };
}

function bound(rules: readonly object[], subject: object = { kind: 'User', apiGroup: group, name: 'alice' }): MemoryObjects {
  const objects = objectsWithPolicy();
  put(objects, 'Role', 'r', 'ns', { rules });
  put(objects, 'RoleBinding', 'b', 'ns', { roleRef: { apiGroup: group, kind: 'Role', name: 'r' }, subjects: [subject] });
  return objects;
}

const rules = [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['deployments/scale', '*/status'], verbs: ['*'] },
];

test.each<[string, Attributes, boolean]>([
  ['a listed verb', ask('list', 'ns:configmaps'), true],
  ['another verb', ask('watch', 'ns:configmaps'), false],
  ['another namespace', ask('list', 'other:configmaps'), false],
  ['the whole cluster', ask('list', ':configmaps'), false],
  ['a named object', ask('get', 'ns:secrets', 'mine'), true],
  ['another object', ask('get', 'ns:secrets', 'other'), false],
  ['no object', ask('get', 'ns:secrets'), false],
  ['a subresource', ask('patch', 'ns:deployments/scale.apps'), true],
  ['any status', ask('get', 'ns:daemonsets/status.apps'), true],
  ['the resource of an allowed subresource', ask('get', 'ns:deployments.apps'), false],
  ['discovery, as everybody', ask('get', '/apis/apps'), true],
  ['another path', ask('get', '/metrics'), false],
  ['a path by another method', ask('post', '/apis'), false],
])('a role allows or not: %s', (_, attributes, allowed) => {
  using cluster = clusterAuthorizer(bound(rules));
  expect(cluster.authorizer.authorize(alice, attributes).verdict === 'allow').toBe(allowed);
});

test.each<[string, object, User, boolean]>([
  ['a group', { kind: 'Group', name: 'team' }, alice, true],
  ['another group', { kind: 'Group', name: 'staff' }, alice, false],
  ['a service account', { kind: 'ServiceAccount', name: 's', namespace: 'x' }, { name: 'system:serviceaccount:x:s', groups: [] }, true],
  ['one of the binding\u2019s namespace', { kind: 'ServiceAccount', name: 's' }, { name: 'system:serviceaccount:ns:s', groups: [] }, true],
  ['a user named like a group', { kind: 'User', name: 'team' }, alice, false],
])('a binding speaks for: %s', (_, subject, user, allowed) => {
  using cluster = clusterAuthorizer(bound(rules, subject));
  expect(cluster.authorizer.authorize(user, ask('get', 'ns:configmaps', 'a')).verdict === 'allow').toBe(allowed);
});

test('says by which binding', () => {
  using cluster = clusterAuthorizer(bound(rules));
  expect(cluster.authorizer.authorize(alice, ask('get', 'ns:configmaps', 'a')).reason).toBe(
    'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "alice"',
  );
  expect(cluster.authorizer.authorize(alice, ask('get', '/openapi')).reason).toBe(
    'RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated"',
  );
});

test('follows changes, and names a role that is gone', () => {
  const objects = bound(rules);
  using cluster = clusterAuthorizer(objects);
  const asked = ask('get', 'ns:configmaps', 'none');
  objects.remove({ group, resource: 'roles' }, 'ns', 'r');
  const decision = cluster.authorizer.authorize(alice, asked);
  expect(forbiddenRequest(alice, asked, decision).message).toBe(
    'configmaps "none" is forbidden: User "alice" cannot get resource "configmaps" in API group "" in the namespace "ns": RBAC: role.rbac.authorization.k8s.io "r" not found',
  );
  put(objects, 'Role', 'r', 'ns', { rules });
  expect(cluster.authorizer.authorize(alice, asked).verdict).toBe('allow');
  objects.remove({ group, resource: 'rolebindings' }, 'ns', 'b');
  expect(cluster.authorizer.authorize(alice, asked)).toMatchObject({ verdict: 'noOpinion', reason: '' });
});

test('a refusal names group, subresource and scope as upstream does', () => {
  const asked = ask('get', ':deployments/scale.apps', 'd');
  const error = forbiddenRequest(alice, asked, { verdict: 'noOpinion', reason: '' });
  expect(error.message).toBe(
    'deployments.apps "d" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" at the cluster scope',
  );
  expect(error.toStatus()).toMatchObject({ code: 403, details: { name: 'd', group: 'apps', kind: 'deployments' } });
  expect(forbiddenRequest(alice, ask('get', '/metrics'), { verdict: 'deny', reason: '' }).message).toBe(
    'forbidden: User "alice" cannot get path "/metrics"',
  );
});

test('the default policy is whole: view, edit and admin gather what is labelled for them', () => {
  const names = bootstrapPolicy.map((object) => `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  using cluster = clusterAuthorizer(objectsWithPolicy());
  const rulesOf = (name: string) => cluster.rbac.rulesOfRole({ apiGroup: group, kind: 'ClusterRole', name }, '')?.length ?? 0;
  expect(rulesOf('view')).toBeGreaterThan(5);
  expect(rulesOf('edit')).toBeGreaterThan(rulesOf('view'));
  expect(rulesOf('admin')).toBeGreaterThan(rulesOf('edit'));
});

const node = nodeUser('n');
const pod = (name: string, nodeName: string, spec: object): AnyObject =>
  ({ kind: 'Pod', metadata: { name, namespace: 'ns' }, spec: { nodeName, ...spec } }) as unknown as AnyObject;

test.each<[string, Attributes, string | true]>([
  ['a secret of its pod', ask('get', 'ns:secrets', 'mine'), true],
  ['another secret', ask('get', 'ns:secrets', 'other'), "no relationship found between node 'n' and this object"],
  ['all secrets', ask('list', 'ns:secrets'), 'No Object name found'],
  ['removing a secret', ask('delete', 'ns:secrets', 'mine'), 'can only read resources of this type'],
  ['a config map of the environment', ask('get', 'ns:configmaps', 'env'), true],
  ['its own Node', ask('get', ':nodes', 'n'), true],
  ['another Node', ask('get', ':nodes', 'm'), "node 'n' cannot read 'm', only its own Node object"],
  ['all Nodes', ask('list', ':nodes'), "node 'n' cannot read all nodes, only its own Node object"],
  ['its pod', ask('get', 'ns:pods', 'p'), true],
  ['another pod', ask('get', 'ns:pods', 'q'), "no relationship found between node 'n' and this object"],
  ['all pods', ask('list', ':pods'), 'can only list/watch pods with spec.nodeName field selector'],
  ['a pod’s status', ask('patch', 'ns:pods/status', 'p'), true],
  ['its lease', ask('update', 'kube-node-lease:leases.coordination.k8s.io', 'n'), true],
  ['events', ask('create', 'ns:events'), true],
  ['a token of its pod’s account', ask('create', 'ns:serviceaccounts/token', 'acc'), true],
  ['a token of another account', ask('create', 'ns:serviceaccounts/token', 'x'), "no relationship found between node 'n' and this object"],
])('a node and %s', (_, attributes, expected) => {
  const objects = objectsWithPolicy();
  using cluster = clusterAuthorizer(objects);
  const container = { name: 'c', envFrom: [{ configMapRef: { name: 'env' } }] };
  const volumes = [{ name: 'v', secret: { secretName: 'mine' } }];
  objects.put({ group: '', resource: 'pods' }, pod('p', 'n', { containers: [container], volumes, serviceAccountName: 'acc' }));
  objects.put({ group: '', resource: 'pods' }, pod('q', 'm', { containers: [{ name: 'c' }], serviceAccountName: 'x' }));
  const decision = cluster.authorizer.authorize(node, attributes);
  if (expected === true) expect(decision.verdict).toBe('allow');
  else expect(decision).toMatchObject({ verdict: 'noOpinion', reason: expected });
});

test('a node narrows its lists to itself', () => {
  using cluster = clusterAuthorizer(objectsWithPolicy());
  const list = { ...ask('list', ':pods'), fieldSelector: [{ field: 'spec.nodeName', equal: true, value: 'n' }] } as Attributes;
  expect(cluster.authorizer.authorize(node, list).verdict).toBe('allow');
  expect(cluster.authorizer.authorize(nodeUser('m'), list).verdict).toBe('noOpinion');
});
