// Owns the tests of rules on one pod's life: defaults, what writes keep and drop, what they refuse.
import { describe, expect, test } from 'vitest';
import type { Pod } from './core/v1.ts';
import { decodeObject } from './decode.ts';
import { builtInCatalog } from './kinds/built-in.ts';
import type { AnyObject } from './object.ts';
import { rulesOf } from './rules.ts';

const catalog = builtInCatalog();

function create(resource: string, body: object, group = ''): { readonly object: AnyObject; readonly causes: readonly string[] } {
  const kind = catalog.byResource(group, 'v1', resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  const rules = rulesOf(kind);
  const { object } = decodeObject(kind, body, { fieldValidation: 'Strict' });
  const prepared = rules.prepareForCreate(rules.default(object));
  return { object: prepared, causes: rules.validateCreate(prepared).map(({ field, message }) => `${field}: ${message}`) };
}

const metadata = { name: 'a', namespace: 'b', uid: 'u' };

test('a minimal pod gets its defaults, a first status and generation 1', () => {
  const { object, causes } = create('pods', {
    metadata,
    spec: { containers: [{ name: 'c', image: 'busybox' }] },
    status: { phase: 'Running' },
  });
  expect(causes).toEqual([]);
  expect(object.metadata.generation).toBe(1);
  expect(object['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  expect(object['spec']).toMatchObject({
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
    schedulerName: 'default-scheduler',
    securityContext: {},
    containers: [{ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log', resources: {} }],
  });
});

test.each([
  ['nodes', '', { status: { capacity: { cpu: '4' } } }, { capacity: { cpu: '4' }, allocatable: { cpu: '4' } }],
  ['persistentvolumeclaims', '', { spec: {}, status: { phase: 'Bound' } }, { phase: 'Pending' }],
])('whether a create may set the status: %s', (resource, group, body, status) => {
  expect(create(resource, { metadata: { name: 'a' }, ...body }, group).object['status']).toMatchObject(status);
});

test.each([
  ['persistentvolumes', '', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }, /^spec.persistentVolumeReclaimPolicy: The Recycle/],
  ['endpointslices', 'discovery.k8s.io', { addressType: 'FQDN' }, /^spec.addressType: FQDN endpoints are deprecated$/],
])('what is accepted with a warning: %s', (resource, group, body, warning) => {
  const kind = catalog.byResource(group, 'v1', resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  expect(rulesOf(kind).warnings({ metadata, ...body } as unknown as AnyObject)).toEqual([expect.stringMatching(warning)]);
});

test.each([
  ['flowschemas', 'flowcontrol.apiserver.k8s.io', { a: 'old' }],
  ['prioritylevelconfigurations', 'flowcontrol.apiserver.k8s.io', { a: 'old' }],
  ['validatingadmissionpolicies', 'admissionregistration.k8s.io', { a: 'old' }],
  ['servicecidrs', 'networking.k8s.io', { a: 'old' }],
  ['resourceclaims', 'resource.k8s.io', { a: 'old' }],
  ['volumeattachments', 'storage.k8s.io', { a: 'old' }],
  ['customresourcedefinitions', 'apiextensions.k8s.io', { a: 'new' }],
  ['poddisruptionbudgets', 'policy', { a: 'new' }],
])('whether a status update may change labels: %s', (resource, group, labels) => {
  const kind = catalog.byResource(group, 'v1', resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  const labelled = (a: string) => ({ metadata: { ...metadata, labels: { a } }, status: {} }) as unknown as AnyObject;
  expect(rulesOf(kind).prepareForStatusUpdate(labelled('new'), labelled('old')).metadata.labels).toEqual(labels);
});

test('a claim that loses devices loses what was reported of them', () => {
  const kind = catalog.byResource('resource.k8s.io', 'v1', 'resourceclaims');
  if (kind === undefined) throw new Error('no resourceclaims');
  const device = (name: string) => ({ driver: 'd', pool: 'p', device: name });
  const claim = (...given: readonly string[]) =>
    ({
      metadata,
      status: { allocation: { devices: { results: given.map(device) } }, devices: ['x', 'y'].map(device) },
    }) as unknown as AnyObject;
  const status = (next: AnyObject) => rulesOf(kind).prepareForStatusUpdate(next, claim('x', 'y'))['status'];
  expect(status(claim('y'))).toMatchObject({ devices: [device('y')] });
  expect(status(claim())).not.toHaveProperty('devices');
});

describe('refusals', () => {
  const container = { name: 'c', image: 'busybox' };
  test.each([
    [{ containers: [] }, ['spec.containers: Required value']],
    [{ containers: [{ ...container, name: 'a.b' }] }, ['spec.containers[0].name: Invalid value: "a.b": must not contain dots']],
    [{ containers: [container, container] }, ['spec.containers[1].name: Duplicate value: "c"']],
    [
      { containers: [{ ...container, volumeMounts: [{ name: 'z', mountPath: '/z' }] }] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "z"'],
    ],
    [
      { containers: [{ ...container, resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } }] },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
    [
      { containers: [container], restartPolicy: 'X' },
      ['spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"'],
    ],
  ])('%j', (spec, causes) => expect(create('pods', { metadata, spec }).causes).toEqual(causes));

  test('a deployment whose selector does not fit its template', () => {
    const spec = {
      selector: { matchLabels: { a: '1' } },
      template: { metadata: { labels: { a: '2' } }, spec: { containers: [container] } },
    };
    expect(create('deployments', { metadata, spec }, 'apps').causes).toEqual([
      'spec.template.metadata.labels: Invalid value: {"a":"2"}: `selector` does not match template `labels`',
    ]);
  });
});

describe('updates of a pod', () => {
  const rules = rulesOf(catalog.byResource('', 'v1', 'pods') ?? (undefined as never));
  const { object: old } = create('pods', { metadata, spec: { containers: [{ name: 'c', image: 'busybox' }] } });
  const spec = (old as unknown as Pod).spec;
  const change = (next: object): AnyObject => rules.prepareForUpdate({ ...old, ...next } as AnyObject, old);

  test('an image may change and counts as a generation', () => {
    const next = change({ spec: { ...spec, containers: [{ ...spec.containers[0], image: 'nginx' }] } });
    expect(rules.validateUpdate(next, old)).toEqual([]);
    expect(next.metadata.generation).toBe(2);
  });
  test('labels may change and do not count', () =>
    expect(change({ metadata: { ...old.metadata, labels: { x: 'y' } } }).metadata.generation).toBe(1));
  test('status stays', () => expect(change({ status: { phase: 'Failed' } })['status']).toEqual(old['status']));
  test('nothing else may change', () => {
    const [cause] = rules.validateUpdate(change({ spec: { ...spec, dnsPolicy: 'Default' } }), old);
    expect(cause?.message).toContain('Forbidden: pod updates may not change fields other than `spec.containers[*].image`');
  });
  test('grace: none for a pod without a node, else what the spec says', () => {
    expect(rules.gracefulDelete?.(old, {}, 0)).toEqual({ graceSeconds: 0 });
    expect(rules.gracefulDelete?.({ ...old, spec: { ...spec, nodeName: 'n' } }, {}, 0)).toEqual({ graceSeconds: 30 });
  });
});

test('a namespace gets its finalizer and its name as a label', () => {
  const { object } = create('namespaces', { metadata: { name: 'n' } });
  expect(object.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'n' });
  expect([object['spec'], object['status']]).toEqual([{ finalizers: ['kubernetes'] }, { phase: 'Active' }]);
});
