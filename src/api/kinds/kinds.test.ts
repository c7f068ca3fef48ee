// Owns what the table of kinds must hold together, and conversion between versions there and back.
import { expect, test } from 'vitest';
import type { AnyObject } from '../object.ts';
import { builtInCatalog } from './built-in.ts';
import { fromStorage, toStorage } from './conversion.ts';

const catalog = builtInCatalog();

test('every kind has a type that the table knows, and every reference inside leads somewhere', () => {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const type = catalog.all()[0]?.types.get(name);
    expect(type, name).toBeDefined();
    for (const { type: field } of type?.fields.values() ?? []) {
      const inner = field.is === 'list' ? field.items : field.is === 'map' ? field.values : field;
      if (inner.is === 'ref') visit(inner.ref);
    }
  };
  for (const kind of catalog.all()) visit(kind.type);
  expect(seen.size).toBeGreaterThan(400);
});

test('every stored kind lists, shows columns and finds its stored version', () => {
  for (const kind of catalog.all().filter((one) => one.stored)) {
    expect(kind.verbs, kind.resource).toContain('list');
    expect(kind.columns.length, kind.resource).toBeGreaterThan(1);
    expect(catalog.storageKind(kind), kind.resource).toBeDefined();
  }
});

test.each([
  ['', 'v1', 'pods', 'Pod', true],
  ['apps', 'v1', 'deployments', 'Deployment', true],
  ['', 'v1', 'nodes', 'Node', false],
  ['authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview', false],
] as const)('%s/%s %s is %s', (group, version, resource, kind, namespaced) => {
  expect(catalog.byResource(group, version, resource)).toMatchObject({ kind, namespaced });
  expect(catalog.byKind(group, version, kind)?.resource).toBe(resource);
});

test('bodies without a resource are found by kind and not listed', () => {
  for (const [group, kind] of [
    ['policy', 'Eviction'],
    ['autoscaling', 'Scale'],
    ['authentication.k8s.io', 'TokenRequest'],
    ['apps', 'DeleteOptions'],
  ] as const)
    expect(catalog.byKind(group, 'v1', kind)?.resource).toBe('');
  expect(catalog.all().every((kind) => kind.resource !== '')).toBe(true);
});

test('adding and removing a kind moves the generation', () => {
  const own = builtInCatalog();
  const pods = own.byResource('', 'v1', 'pods');
  if (pods === undefined) throw new Error('no pods');
  own.add({ ...pods, group: 'example.com', kind: 'Crate', resource: 'crates' });
  expect(own.generation).toBe(1);
  expect(own.byKind('example.com', 'v1', 'Crate')?.resource).toBe('crates');
  own.remove('example.com', 'v1', 'crates');
  expect(own.generation).toBe(2);
  expect(own.byKind('example.com', 'v1', 'Crate')).toBeUndefined();
  expect(catalog.byResource('example.com', 'v1', 'crates')).toBeUndefined();
});

const kindOf = (group: string, version: string, kind: string) => {
  const found = catalog.byKind(group, version, kind);
  if (found === undefined) throw new Error(kind);
  return found;
};
const metadata = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

test('an event is stored as the core group has it and read back in both spellings', () => {
  const events = kindOf('events.k8s.io', 'v1', 'Event');
  const given = {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata,
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'c',
    note: 'hello',
    regarding: { name: 'p' },
  };
  const stored = toStorage(events, given);
  expect(stored).toEqual({
    kind: 'Event',
    apiVersion: 'v1',
    metadata,
    involvedObject: { name: 'p' },
    message: 'hello',
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: given.eventTime,
    reportingComponent: 'c',
    reportingInstance: '',
  });
  expect(toStorage(kindOf('', 'v1', 'Event'), stored)).toBe(stored);
  expect(fromStorage(events, stored)).toEqual({
    ...given,
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  });
});

const scaleTargetRef = { kind: 'Deployment', name: 'd' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
const metrics: readonly Record<string, unknown>[] = [
  { type: 'Pods', pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue: '10' } } },
  { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 60 } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'AverageValue', averageValue: '1' } } },
  {
    type: 'Object',
    object: { describedObject: { kind: 'Ingress', name: 'i' }, metric: { name: 'rps' }, target: { type: 'Value', value: '5' } },
  },
  {
    type: 'External',
    external: { metric: { name: 'queue', selector: { matchLabels: { a: 'b' } } }, target: { type: 'AverageValue', averageValue: '3' } },
  },
];

test.each(metrics.map((metric) => [String(metric['type']), metric] as const))('a %s metric survives autoscaling/v1', (_, metric) => {
  const v1 = kindOf('autoscaling', 'v1', 'HorizontalPodAutoscaler');
  const behavior = { scaleUp: { selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } };
  const stored: AnyObject = {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata,
    spec: { scaleTargetRef, maxReplicas: 5, metrics: [metric, cpu], behavior },
    status: { desiredReplicas: 0, currentMetrics: null, conditions: [{ type: 'AbleToScale', status: 'True' }] },
  };
  const shown = fromStorage(v1, stored);
  expect(shown['spec']).toEqual({ scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 });
  expect(Object.keys(shown.metadata.annotations ?? {})).toEqual(
    ['behavior', 'conditions', 'metrics'].map((key) => `autoscaling.alpha.kubernetes.io/${key}`),
  );
  expect(toStorage(v1, shown)).toEqual(stored);
});
