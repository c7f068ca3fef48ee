// Owns the tests of the gates one by one: what each plug-in adds to an object, and the words in which it refuses.
import { expect, test } from 'vitest';
import type { Toleration } from '../../api/core/v1.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { bootstrapPolicy } from '../auth/bootstrap-policy.ts';
import { clusterAuthorizer } from '../auth/cluster-authorizer.ts';
import { type MemoryObjects, memoryObjects } from '../auth/memory-objects.ts';
import { apiServerUser, nodeUser, type User } from '../auth/user.ts';
import { defaultAdmission } from './default-admission.ts';
import type { AdmissionAttributes, AdmissionContext } from './plugin.ts';
import { mergedTolerations } from './runtime-class.ts';

const rbac = 'rbac.authorization.k8s.io';
const asObject = (value: object): AnyObject => value as unknown as AnyObject;

function cluster() {
  const objects = memoryObjects();
  for (const object of bootstrapPolicy) objects.put({ group: rbac, resource: `${object.kind?.toLowerCase()}s` }, object);
  objects.put({ group: '', resource: 'namespaces' }, asObject({ metadata: { name: 'ns' }, status: { phase: 'Active' } }));
  objects.put({ group: '', resource: 'namespaces' }, asObject({ metadata: { name: 'going' }, status: { phase: 'Terminating' } }));
  objects.put({ group: '', resource: 'serviceaccounts' }, asObject({ metadata: { name: 'default', namespace: 'ns', uid: 'u' } }));
  const { authorizer, rbac: roles } = clusterAuthorizer(objects);
  const admission = defaultAdmission({ roles: roles.rulesOfRole, enabled: ['NodeRestriction'] });
  const clock = new VirtualClock();
  const context: AdmissionContext = { objects, clock, entropy: seededEntropy(1), authorizer, warn: () => undefined };
  return { objects, clock, admission, context };
}

interface Asked {
  readonly operation?: AdmissionAttributes['operation'];
  readonly resource?: string;
  readonly group?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly user?: User;
  readonly object?: object;
  readonly oldObject?: object;
}

function attributesOf(asked: Asked): AdmissionAttributes {
  const object = asked.object === undefined ? undefined : asObject({ metadata: { name: asked.name ?? 'a' }, ...asked.object });
  return {
    operation: asked.operation ?? 'CREATE',
    kind: { group: asked.group ?? '', resource: asked.resource ?? 'pods', version: 'v1' } as KindDescription,
    subresource: asked.subresource ?? '',
    namespace: asked.namespace ?? 'ns',
    name: asked.name ?? 'a',
    user: asked.user ?? apiServerUser,
    dryRun: false,
    ...(object === undefined ? {} : { object }),
    ...(asked.oldObject === undefined ? {} : { oldObject: asObject(asked.oldObject) }),
  };
}

async function admit(asked: Asked, prepare: (objects: MemoryObjects) => void = () => undefined): Promise<AnyObject | undefined> {
  const { objects, admission, context } = cluster();
  prepare(objects);
  const attributes = attributesOf(asked);
  const object = await admission.mutate(attributes, context);
  await admission.validate({ ...attributes, ...(object === undefined ? {} : { object }) }, context);
  return object;
}

async function refused(asked: Asked, prepare?: (objects: MemoryObjects) => void): Promise<string> {
  try {
    await admit(asked, prepare);
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const container = { name: 'c', image: 'busybox' };
const mount = {
  name: expect.stringMatching(/^kube-api-access-[a-z0-9]{5}$/),
  readOnly: true,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
};

test('a plain pod gets account, token, priority and tolerations', async () => {
  const pod = await admit({ object: { spec: { containers: [container], initContainers: [{ name: 'i' }] } } });
  expect(pod?.['spec']).toEqual({
    containers: [{ ...container, volumeMounts: [mount] }],
    initContainers: [{ name: 'i', volumeMounts: [mount] }],
    serviceAccountName: 'default',
    serviceAccount: 'default',
    priority: 0,
    preemptionPolicy: 'PreemptLowerPriority',
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
    volumes: [
      {
        name: mount.name,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
            { downwardAPI: { items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }] } },
          ],
        },
      },
    ],
  });
});

const own = { volumeMounts: [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] };

test.each<[string, object]>([
  ['the pod says no', { automountServiceAccountToken: false, containers: [container] }],
  ['every container has something there', { containers: [{ ...container, ...own }] }],
])('no token where %s', async (_, spec) => {
  expect((await admit({ object: { spec } }))?.['spec']).not.toHaveProperty('volumes');
});

test('an account’s own wish and pull secrets are taken over', async () => {
  const account = asObject({
    metadata: { name: 'quiet', namespace: 'ns' },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'pull' }],
  });
  const pod = await admit({ object: { spec: { serviceAccountName: 'quiet', containers: [container] } } }, (objects) =>
    objects.put({ group: '', resource: 'serviceaccounts' }, account),
  );
  expect(pod?.['spec']).toMatchObject({ serviceAccount: 'quiet', imagePullSecrets: [{ name: 'pull' }], containers: [container] });
});

test('waits for the default account of a new namespace', async () => {
  const { objects, clock, admission, context } = cluster();
  objects.put({ group: '', resource: 'namespaces' }, asObject({ metadata: { name: 'new' } }));
  const admitted = admission.mutate(attributesOf({ namespace: 'new', object: { spec: { containers: [] } } }), context);
  await clock.advance(150);
  objects.put({ group: '', resource: 'serviceaccounts' }, asObject({ metadata: { name: 'default', namespace: 'new' } }));
  await clock.advance(1000);
  expect((await admitted)?.['spec']).toMatchObject({ serviceAccountName: 'default' });
});

const quiet = { automountServiceAccountToken: false, containers: [container] };

test.each<[string, Asked, string]>([
  ['a missing namespace', { namespace: 'none', object: {} }, '404 namespaces "none" not found'],
  [
    'a namespace that is going',
    { namespace: 'going', object: {} },
    '403 pods "a" is forbidden: unable to create new content in namespace going because it is being terminated',
  ],
  [
    'removing default',
    { operation: 'DELETE', resource: 'namespaces', namespace: 'default', name: 'default' },
    '403 namespaces "default" is forbidden: this namespace may not be deleted',
  ],
  [
    'a missing account',
    { object: { spec: { ...quiet, serviceAccountName: 'nope' } } },
    '403 pods "a" is forbidden: error looking up service account ns/nope: serviceaccount "nope" not found',
  ],
  [
    'a missing priority class',
    { object: { spec: { ...quiet, priorityClassName: 'nope' } } },
    '403 pods "a" is forbidden: no PriorityClass with name nope was found',
  ],
  [
    'a priority of one’s own',
    { object: { spec: { ...quiet, priority: 5 } } },
    '403 pods "a" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
  ],
  [
    'a missing runtime class',
    { object: { spec: { ...quiet, runtimeClassName: 'A_B' } } },
    '403 pods "a" is forbidden: pod rejected: RuntimeClass "A_B" not found',
  ],
  [
    'overhead without a class',
    { object: { spec: { ...quiet, overhead: { cpu: '1' } } } },
    '403 pods "a" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
  ],
  [
    'a node making plain pods',
    { user: nodeUser('n'), object: { spec: { ...quiet, nodeName: 'n' } } },
    '403 pods "a" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n" can only create mirror pods',
  ],
  [
    'a node making another Node',
    { user: nodeUser('n'), resource: 'nodes', namespace: '', name: 'm', object: {} },
    '403 nodes "m" is forbidden: node "n" is not allowed to modify node "m"',
  ],
  [
    'a node’s token for nothing',
    { user: nodeUser('n'), resource: 'serviceaccounts', subresource: 'token', name: 's', object: { spec: {} } },
    '403 serviceaccounts "s" is forbidden: node requested token not bound to a pod',
  ],
])('refuses %s', async (_, asked, expected) => {
  expect(await refused(asked)).toBe(expected);
});

test('the refusal of a namespace that is going has its cause', async () => {
  await expect(admit({ namespace: 'going', object: {} })).rejects.toMatchObject({
    details: { causes: [{ reason: 'NamespaceTerminating', message: 'namespace going is being terminated', field: 'metadata.namespace' }] },
  });
});

test.each<[string, Asked, object]>([
  [
    'a system priority',
    { object: { spec: { ...quiet, priorityClassName: 'system-node-critical' } } },
    { spec: { priority: 2_000_001_000 } },
  ],
  [
    'a new node’s taint',
    { resource: 'nodes', namespace: '', object: {} },
    { spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] } },
  ],
  [
    'a claim’s finalizer',
    { resource: 'persistentvolumeclaims', object: { spec: {} } },
    { metadata: { finalizers: ['kubernetes.io/pvc-protection'] } },
  ],
  [
    'the tolerations back on an update',
    { operation: 'UPDATE', object: { spec: { tolerations: [] } } },
    { spec: { tolerations: [{}, {}] } },
  ],
])('gives %s', async (_, asked, expected) => {
  expect(await admit(asked)).toMatchObject(expected);
});

test('the newest default class is given', async () => {
  const marked = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
  const claim = await admit({ resource: 'persistentvolumeclaims', object: { spec: {} } }, (objects) => {
    const resource = { group: 'storage.k8s.io', resource: 'storageclasses' };
    objects.put(resource, asObject({ metadata: { name: 'old', creationTimestamp: '2025-01-01T00:00:00Z', ...marked } }));
    objects.put(resource, asObject({ metadata: { name: 'new', creationTimestamp: '2026-01-01T00:00:00Z', ...marked } }));
    objects.put(resource, asObject({ metadata: { name: 'newer', creationTimestamp: '2026-02-01T00:00:00Z' } }));
  });
  expect(claim?.['spec']).toEqual({ storageClassName: 'new' });
});

const ofNode = (more: object = {}) => ({ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: true, ...more });
const mirrorPod = (owners: readonly object[], more: object = {}) => ({
  user: nodeUser('n'),
  object: {
    metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: owners },
    spec: { ...quiet, nodeName: 'n', ...more },
  },
});
const itsNode = (objects: MemoryObjects) => {
  objects.put({ group: '', resource: 'nodes' }, asObject({ metadata: { name: 'n', uid: 'u' } }));
  objects.put(
    { group: '', resource: 'pods' },
    asObject({ metadata: { name: 'p', namespace: 'ns', uid: 'pu' }, spec: { nodeName: 'other' } }),
  );
};
const onNode = (more: object = {}) => ({ metadata: { name: 'a' }, spec: { nodeName: 'n' }, ...more });
const claimOf = (more: object = {}) => ({ metadata: { name: 'a' }, status: { phase: 'Bound', ...more } });

test.each<[string, Asked, string | undefined]>([
  ['its mirror pod', mirrorPod([ofNode()]), undefined],
  ['a mirror pod of nobody', mirrorPod([]), 'node "n" can only create pods with an owner reference set to itself'],
  ['a mirror pod of two', mirrorPod([ofNode(), ofNode()]), 'node "n" can only create pods with a single owner reference set to itself'],
  [
    'a mirror pod that it does not control',
    mirrorPod([ofNode({ controller: false })]),
    'node "n" can only create pods with a controller owner reference set to itself',
  ],
  [
    'a mirror pod that holds it back',
    mirrorPod([ofNode({ blockOwnerDeletion: true })]),
    'node "n" must not set blockOwnerDeletion on an owner reference',
  ],
  ['a mirror pod of its predecessor', mirrorPod([ofNode({ uid: 'v' })]), 'node n UID mismatch: expected v got u'],
  [
    'a mirror pod with a config map',
    mirrorPod([ofNode()], { volumes: [{ name: 'v', configMap: { name: 's' } }] }),
    'node "n" can not create pods that reference configmaps',
  ],
  [
    'a change of a pod',
    { user: nodeUser('n'), operation: 'UPDATE', object: onNode(), oldObject: onNode() },
    'unexpected operation "UPDATE", node "n" can only create and delete mirror pods',
  ],
  [
    'another path of a pod',
    { user: nodeUser('n'), operation: 'UPDATE', subresource: 'ephemeralcontainers', object: onNode(), oldObject: onNode() },
    "unexpected pod subresource \"ephemeralcontainers\", only 'status' and 'eviction' are allowed",
  ],
  [
    'labels by way of a status',
    {
      user: nodeUser('n'),
      operation: 'UPDATE',
      subresource: 'status',
      object: onNode({ metadata: { name: 'a', labels: { a: 'b' } } }),
      oldObject: onNode(),
    },
    'node "n" cannot update labels through pod status',
  ],
  [
    'growth of a claim',
    {
      user: nodeUser('n'),
      resource: 'persistentvolumeclaims',
      operation: 'UPDATE',
      subresource: 'status',
      object: claimOf({ capacity: { storage: '2' } }),
      oldObject: claimOf({ capacity: { storage: '1' } }),
    },
    undefined,
  ],
  [
    'the phase of a claim',
    {
      user: nodeUser('n'),
      resource: 'persistentvolumeclaims',
      operation: 'UPDATE',
      subresource: 'status',
      object: claimOf({ phase: 'Lost' }),
      oldObject: claimOf(),
    },
    'node "n" is not allowed to update fields other than status.capacity and status.conditions',
  ],
  [
    'labels of other people',
    {
      user: nodeUser('n'),
      resource: 'nodes',
      namespace: '',
      name: 'n',
      operation: 'UPDATE',
      object: { metadata: { name: 'n', labels: { 'x.kubernetes.io/y': 'z', own: 'fine' } } },
      oldObject: { metadata: { name: 'n' } },
    },
    'is not allowed to modify labels: x.kubernetes.io/y',
  ],
])('a node and %s', async (_, asked, why) => {
  const { resource = 'pods', name = 'a' } = asked;
  const outcome = why === undefined ? 'accepted' : `403 ${resource} "${name}" is forbidden: ${why}`;
  expect(await refused(asked, itsNode)).toBe(outcome);
});

const secretive = (objects: MemoryObjects) =>
  objects.put(
    { group: '', resource: 'serviceaccounts' },
    asObject({
      metadata: { name: 'strict', namespace: 'ns', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 's' }],
      imagePullSecrets: [{ name: 'p' }],
    }),
  );
const inEnv = (name: string) => ({ env: [{ name: 'E', valueFrom: { secretKeyRef: { name, key: 'k' } } }] });

test.each<[object, string | undefined]>([
  [{ volumes: [{ name: 'v', secret: { secretName: 's' } }], containers: [{ ...container, ...inEnv('s') }] }, undefined],
  [{ volumes: [{ name: 'v', secret: { secretName: 't' } }] }, 'volume with secret.secretName="t"'],
  [{ initContainers: [{ name: 'i', ...inEnv('t') }] }, 'init container i with envVar E referencing secret.secretName="t"'],
  [{ containers: [{ name: 'c', envFrom: [{ secretRef: { name: 't' } }] }] }, 'container c with envFrom referencing secret.secretName="t"'],
])('an account that is strict about secrets: %j', async (spec, why) => {
  const object = { spec: { ...quiet, serviceAccountName: 'strict', ...spec } };
  const tail = 'is not allowed because service account strict does not reference that secret';
  expect(await refused({ object }, secretive)).toBe(why === undefined ? 'accepted' : `403 pods "a" is forbidden: ${why} ${tail}`);
});

const noExecute = { effect: 'NoExecute' as const, operator: 'Exists' as const };
test.each<[string, readonly Toleration[], readonly number[]]>([
  [
    'equal ones',
    [
      { key: 'a', ...noExecute },
      { key: 'a', ...noExecute },
    ],
    [0],
  ],
  ['one that is for all', [{ key: 'a', operator: 'Equal', value: 'b' }, { operator: 'Exists' }], [1]],
  [
    'a shorter time',
    [
      { key: 'a', ...noExecute, tolerationSeconds: 5 },
      { key: 'a', ...noExecute, tolerationSeconds: 3 },
    ],
    [0],
  ],
  [
    'no time at all',
    [
      { key: 'a', ...noExecute, tolerationSeconds: 5 },
      { key: 'a', ...noExecute },
    ],
    [1],
  ],
  [
    'other values',
    [
      { key: 'a', operator: 'Equal', value: 'b' },
      { key: 'a', operator: 'Equal', value: 'c' },
    ],
    [0, 1],
  ],
  [
    'a wider effect',
    [
      { key: 'a', operator: 'Exists' },
      { key: 'a', operator: 'Exists', effect: 'NoSchedule' },
    ],
    [0],
  ],
])('of tolerations, %s', (_, all, kept) => {
  expect(mergedTolerations(all)).toEqual(kept.map((index) => all[index]));
});

const limits =
  (...items: readonly object[]) =>
  (objects: MemoryObjects) =>
    objects.put({ group: '', resource: 'limitranges' }, asObject({ metadata: { name: 'l', namespace: 'ns' }, spec: { limits: items } }));
const withResources = (...resources: readonly object[]) => ({
  spec: { ...quiet, containers: resources.map((one, index) => ({ name: `c${index}`, resources: one })) },
});

test('limits fill in what containers leave out, and say so', async () => {
  const item = { type: 'Container', default: { cpu: '500m', memory: '64Mi' }, defaultRequest: { cpu: '100m', memory: '64Mi' } };
  const pod = await admit({ object: withResources({ limits: { cpu: '1' }, requests: { cpu: '1' } }) }, limits(item));
  expect(pod).toMatchObject({
    metadata: {
      annotations: {
        'kubernetes.io/limit-ranger': 'LimitRanger plugin set: memory request for container c0; memory limit for container c0',
      },
    },
    spec: { containers: [{ resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '1', memory: '64Mi' } } }] },
  });
});

test.each<[string, object, readonly object[], string]>([
  [
    'too much',
    { type: 'Container', max: { cpu: '1' } },
    [{ limits: { cpu: '2' } }],
    'maximum cpu usage per Container is 1, but limit is 2',
  ],
  [
    'both ends',
    { type: 'Container', min: { cpu: '100m' }, max: { cpu: '1' } },
    [{ requests: { cpu: '50m' }, limits: { cpu: '3' } }],
    '[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 3]',
  ],
  [
    'the sum',
    { type: 'Pod', max: { cpu: '1' } },
    [{ limits: { cpu: '600m' } }, { limits: { cpu: '600m' } }],
    'maximum cpu usage per Pod is 1, but limit is 1200m',
  ],
  ['no request', { type: 'Pod', min: { memory: '64Mi' } }, [{}], 'minimum memory usage per Pod is 64Mi.  No request is specified'],
  [
    'a ratio',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    [{ limits: { cpu: '3' }, requests: { cpu: '1' } }],
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
  ],
])('limits refuse %s', async (_, item, resources, expected) => {
  expect(await refused({ object: withResources(...resources) }, limits(item))).toBe(`403 pods "a" is forbidden: ${expected}`);
});

test.each<[string, object, string | undefined]>([
  ['a resize', { operation: 'UPDATE', subresource: 'resize' }, 'maximum cpu usage per Container is 1, but limit is 2'],
  ['a resize of what goes', { operation: 'UPDATE', subresource: 'resize', oldObject: { metadata: { deletionTimestamp: 't' } } }, undefined],
  ['another update', { operation: 'UPDATE' }, undefined],
])('limits look at %s', async (_, asked, expected) => {
  const broken = refused({ ...asked, object: withResources({ limits: { cpu: '2' } }) }, limits({ type: 'Container', max: { cpu: '1' } }));
  expect(await broken).toBe(expected === undefined ? 'accepted' : `403 pods "a" is forbidden: ${expected}`);
});

test('what is set for a pod as a whole stands for its containers, and each range speaks for itself', async () => {
  const item = (cpu: string) => ({ type: 'Pod', max: { cpu } });
  const range = (name: string, cpu: string) =>
    asObject({ metadata: { name, namespace: 'ns' }, spec: { limits: [item(cpu), { ...item(cpu), type: 'Container' }] } });
  const pod = { spec: { ...quiet, resources: { limits: { cpu: '4' } }, containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }] } };
  const refusal = await refused({ object: pod }, (objects) => {
    objects.put({ group: '', resource: 'limitranges' }, range('a', '3'));
    objects.put({ group: '', resource: 'limitranges' }, range('b', '1'));
  });
  expect(refusal).toBe('403 pods "a" is forbidden: maximum cpu usage per Pod is 3, but limit is 4');
});

const mallory: User = { name: 'mallory', groups: ['system:authenticated'] };
const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
const lacking =
  'is forbidden: user "mallory" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}';
const binding = (name: string) => ({ roleRef: { kind: 'Role', name }, subjects: [{ kind: 'User', name: 'x' }] });
const strong = (objects: MemoryObjects) =>
  objects.put({ group: rbac, resource: 'roles' }, asObject({ metadata: { name: 'strong', namespace: 'ns' }, rules }));

test.each<[string, Asked, string]>([
  ['a role with more than one has', { resource: 'roles', object: { rules } }, `403 roles.rbac.authorization.k8s.io "a" ${lacking}`],
  [
    'a binding to more than one has',
    { resource: 'rolebindings', object: binding('strong') },
    `403 rolebindings.rbac.authorization.k8s.io "a" ${lacking}`,
  ],
  [
    'a binding to nothing',
    { resource: 'rolebindings', object: binding('none') },
    '404 rolebindings.rbac.authorization.k8s.io "none" not found',
  ],
  [
    'a role of what one has',
    { resource: 'clusterroles', namespace: '', object: { rules: [{ nonResourceURLs: ['/apis/apps'], verbs: ['get'] }] } },
    'accepted',
  ],
  [
    'aggregation',
    { resource: 'clusterroles', namespace: '', object: { aggregationRule: {} } },
    '403 clusterroles.rbac.authorization.k8s.io "a" is forbidden: must have cluster-admin privileges to use the aggregationRule',
  ],
])('giving away: %s', async (_, asked, expected) => {
  expect(await refused({ group: rbac, user: mallory, ...asked }, strong)).toBe(expected);
});

test('a certificate signing request tells who made it, whatever it claims, and an update changes nothing of what was asked', async () => {
  const asked = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', namespace: '' };
  const user: User = { name: 'jane', groups: ['dev', 'system:authenticated'] };
  const made = await admit({ ...asked, user, object: { spec: { request: 'x', username: 'admin', uid: '7', extra: { a: ['b'] } } } });
  expect(made?.['spec']).toEqual({ request: 'x', username: 'jane', groups: ['dev', 'system:authenticated'] });
  const stored = { metadata: { name: 'a' }, spec: { request: 'x', username: 'jane' } };
  const changed = await admit({ ...asked, operation: 'UPDATE', object: { spec: { request: 'y', username: 'eve' } }, oldObject: stored });
  expect(changed?.['spec']).toEqual(stored.spec);
});

test('a pod without containers passes on to validation, which has the words for it', async () => {
  expect((await admit({ object: { spec: { containers: null } } }))?.['spec']).toMatchObject({
    containers: null,
    serviceAccountName: 'default',
  });
});

test('devices are administered from namespaces that are labelled for it', async () => {
  const requests = [{ name: 'r' }, { name: 's', exactly: { deviceClassName: 'c', adminAccess: true } }];
  const claim = { group: 'resource.k8s.io', resource: 'resourceclaims', object: { spec: { devices: { requests } } } };
  const template = { ...claim, resource: 'resourceclaimtemplates', object: { spec: { spec: { devices: { requests } } } } };
  const why = (field: string) =>
    ` "a" is invalid: ${field}: Forbidden: admin access to devices requires the \`resource.kubernetes.io/admin-access: true\` label on the containing namespace`;
  expect(await refused(claim)).toContain(why('spec.devices.requests[1].adminAccess'));
  expect(await refused(template)).toContain(why('spec.devices.requests[1].adminAccess'));
  const status = { allocation: { devices: { results: [{ adminAccess: true }] } } };
  const reported = { ...claim, operation: 'UPDATE', subresource: 'status', object: { status }, oldObject: { metadata: {} } } as const;
  expect(await refused(reported)).toContain(why('status.allocation.devices.results[0].adminAccess'));
  const labelled = (objects: MemoryObjects): void => {
    const labels = { 'resource.kubernetes.io/admin-access': 'true' };
    objects.put({ group: '', resource: 'namespaces' }, asObject({ metadata: { name: 'ns', labels }, status: { phase: 'Active' } }));
  };
  for (const asked of [claim, template, reported]) await expect(admit(asked, labelled)).resolves.toBeDefined();
});
