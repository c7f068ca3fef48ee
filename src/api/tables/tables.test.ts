// Owns tables of rows: every word for a pod, and the comparison with what upstream printed where that is at hand.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtInCatalog } from '../kinds/built-in.ts';
import type { AnyObject } from '../object.ts';
import { humanDuration } from './format.ts';
import { podStatusWord } from './pod-cells.ts';
import { tableOf } from './table.ts';

const catalog = builtInCatalog();
const nowMs = Date.parse('2026-01-01T00:10:00Z');
const kindOf = (group: string, version: string, kind: string) => {
  const found = catalog.byKind(group, version, kind);
  if (found === undefined) throw new Error(kind);
  return found;
};
const metadata = { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' };

test.each([
  [-5, '<invalid>'],
  [-1, '0s'],
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [125, '2m5s'],
  [600, '10m'],
  [10_799, '179m'],
  [10_800, '3h'],
  [11_100, '3h5m'],
  [28_800, '8h'],
  [172_799, '47h'],
  [172_800, '2d'],
  [176_400, '2d1h'],
  [691_200, '8d'],
  [63_072_000, '2y'],
  [94_694_400, '3y1d'],
  [252_288_000, '8y'],
] as const)('%i seconds are %s', (seconds, text) => {
  expect(humanDuration(seconds * 1000)).toBe(text);
});

const spec = { containers: [{ name: 'c' }, { name: 'd' }], initContainers: [{ name: 'i' }, { name: 'j' }] };
const done = { state: { terminated: { exitCode: 0, reason: 'Completed' } } };
const up = { ready: true, state: { running: {} } };
const waits = (reason: string) => ({ state: { waiting: { reason } } });
const initialised = [{ type: 'Initialized', status: 'True' }];

test.each<readonly [string, Record<string, unknown>, Record<string, unknown>?]>([
  ['Pending', { phase: 'Pending' }],
  ['SchedulingGated', { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }],
  ['Init:0/2', { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { running: {} } }] }],
  [
    'Init:1/2',
    {
      phase: 'Pending',
      initContainerStatuses: [
        { name: 'i', ...done },
        { name: 'j', ...waits('PodInitializing') },
      ],
    },
  ],
  ['Init:Error', { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 1, reason: 'Error' } } }] }],
  ['Init:ExitCode:3', { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 3 } } }] }],
  ['Init:Signal:9', { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 137, signal: 9 } } }] }],
  ['Init:CrashLoopBackOff', { phase: 'Pending', initContainerStatuses: [{ name: 'i', ...waits('CrashLoopBackOff') }] }],
  [
    'PodInitializing',
    {
      phase: 'Pending',
      initContainerStatuses: [
        { name: 'i', ...done },
        { name: 'j', ...done },
      ],
      containerStatuses: [waits('PodInitializing')],
    },
  ],
  ['ContainerCreating', { phase: 'Pending', containerStatuses: [waits('ContainerCreating')] }],
  ['Running', { phase: 'Running', containerStatuses: [up, up] }],
  ['CrashLoopBackOff', { phase: 'Running', containerStatuses: [waits('CrashLoopBackOff'), up] }],
  ['Error', { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 1, reason: 'Error' } } }] }],
  ['ExitCode:2', { phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 2 } } }] }],
  ['Signal:9', { phase: 'Failed', containerStatuses: [{ state: { terminated: { signal: 9 } } }] }],
  ['Completed', { phase: 'Succeeded', containerStatuses: [done, done] }],
  ['NotReady', { phase: 'Running', containerStatuses: [done, up] }],
  ['Error', { phase: 'Failed', containerStatuses: [done, { state: { terminated: { exitCode: 5, reason: 'Error' } } }] }],
  ['Error', { phase: 'Running', containerStatuses: [done, up, { state: { terminated: { exitCode: 5, reason: 'Error' } } }] }],
  ['Running', { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [done, up] }],
  ['Evicted', { phase: 'Failed', reason: 'Evicted' }],
  ['Terminating', { phase: 'Running', containerStatuses: [up] }, { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ['Unknown', { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ['Completed', { phase: 'Succeeded', containerStatuses: [done] }, { deletionTimestamp: '2026-01-01T00:00:00Z' }],
])('a pod is %s', (word, status, more) => {
  expect(podStatusWord({ metadata: { ...metadata, ...(more as object | undefined) }, spec, status })).toBe(word);
});

test('a sidecar counts as a container, its restarts too', () => {
  const lastState = { terminated: { finishedAt: '2026-01-01T00:05:00Z' } };
  const pod = {
    metadata,
    spec: {
      containers: [{ name: 'c' }],
      initContainers: [{ name: 's', restartPolicy: 'Always' }],
      nodeName: 'node',
      readinessGates: [{ conditionType: 'x/y' }],
    },
    status: {
      phase: 'Running',
      conditions: [...initialised, { type: 'x/y', status: 'True' }],
      podIPs: [{ ip: '10.1.2.3' }],
      initContainerStatuses: [{ name: 's', started: true, ready: true, restartCount: 2, lastState, state: { running: {} } }],
      containerStatuses: [{ name: 'c', ...up, restartCount: 1 }],
    },
  };
  const [row] = tableOf(kindOf('', 'v1', 'Pod'), [pod], { nowMs }).rows;
  expect(row?.cells).toEqual(['a', '2/2', 'Running', '3 (5m ago)', '10m', '10.1.2.3', 'node', '<none>', '1/1']);
});

test('a finished pod says so beside its cells', () => {
  const { rows } = tableOf(kindOf('', 'v1', 'Pod'), [{ metadata, status: { phase: 'Failed' } }], { nowMs, includeObject: 'None' });
  expect(rows[0]).toMatchObject({ object: null, conditions: [{ type: 'Completed', status: 'True', reason: 'Failed' }] });
});

test('rows carry what was asked for, and later events of a watch no columns', () => {
  const secrets = kindOf('', 'v1', 'Secret');
  const secret = { kind: 'Secret', apiVersion: 'v1', metadata, data: { a: '' }, type: 'Opaque' };
  const plain = tableOf(secrets, [secret], { nowMs });
  expect(plain.metadata).toEqual({ resourceVersion: '7' });
  expect(plain.columnDefinitions?.map((column) => column.name)).toEqual(['Name', 'Type', 'Data', 'Age']);
  expect(plain.rows).toEqual([
    { cells: ['a', 'Opaque', 1, '10m'], object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } },
  ]);
  const later = tableOf(secrets, [secret], { nowMs, includeObject: 'Object', noHeaders: true, apiVersion: 'meta.k8s.io/v1beta1' });
  expect(later).toMatchObject({ columnDefinitions: null, apiVersion: 'meta.k8s.io/v1beta1' });
  expect(later.rows[0]?.object).toBe(secret);
});

test.each<readonly [string, string, string, Record<string, unknown>, readonly unknown[]]>([
  [
    '',
    'v1',
    'Service',
    {
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.9',
        ports: [{ port: 80, nodePort: 30_080, protocol: 'TCP' }],
        selector: { b: '1', a: '2' },
      },
    },
    ['a', 'LoadBalancer', '10.96.0.9', '<pending>', '80:30080/TCP', '10m', 'a=2,b=1'],
  ],
  [
    '',
    'v1',
    'Endpoints',
    { subsets: [{ addresses: ['1', '2', '3', '4'].map((n) => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }] },
    ['a', '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...', '10m'],
  ],
  [
    'networking.k8s.io',
    'v1',
    'Ingress',
    { spec: { rules: [{ host: 'a' }, {}, { host: 'b' }, { host: 'c' }] } },
    ['a', '<none>', 'a,b,c', '', '80', '10m'],
  ],
  [
    'networking.k8s.io',
    'v1',
    'Ingress',
    { spec: { rules: [{ host: 'a' }, { host: 'b' }, { host: 'c' }, {}] } },
    ['a', '<none>', 'a,b,c + 1 more...', '', '80', '10m'],
  ],
  [
    'autoscaling',
    'v2',
    'HorizontalPodAutoscaler',
    {
      spec: {
        scaleTargetRef: { kind: 'K', name: 'n' },
        maxReplicas: 3,
        metrics: [{ type: 'Pods', pods: { target: { type: 'AverageValue', averageValue: '1' } } }],
      },
      status: { currentMetrics: [{ type: 'Pods', pods: { current: {} } }] },
    },
    ['a', 'K/n', '<nil>/1', '<unset>', 3, 0, '10m'],
  ],
  [
    'apps',
    'v1',
    'Deployment',
    {
      spec: {
        replicas: 3,
        selector: { matchLabels: { x: 'y' }, matchExpressions: [{ key: 'b', operator: 'In', values: ['2', '1'] }] },
        template: {
          spec: {
            containers: [
              { name: 'c', image: 'i' },
              { name: 'd', image: 'j' },
            ],
          },
        },
      },
      status: { readyReplicas: 1, updatedReplicas: 2 },
    },
    ['a', '1/3', 2, 0, '10m', 'c,d', 'i,j', 'b in (1,2),x=y'],
  ],
  [
    'batch',
    'v1',
    'Job',
    {
      spec: { parallelism: 3 },
      status: {
        succeeded: 1,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:01:00Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    },
    ['a', 'Complete', '1/1 of 3', '60s', '10m', '', '', '<none>'],
  ],
  [
    'autoscaling',
    'v1',
    'HorizontalPodAutoscaler',
    {
      spec: { maxReplicas: 4, scaleTargetRef: { kind: 'Deployment', name: 'd' }, targetCPUUtilizationPercentage: 80 },
      status: { currentReplicas: 2, currentCPUUtilizationPercentage: 50 },
    },
    ['a', 'Deployment/d', 'cpu: 50%/80%', '<unset>', 4, 2, '10m'],
  ],
  [
    'events.k8s.io',
    'v1',
    'Event',
    { regarding: { kind: 'Pod', name: 'p' }, note: ' hello ', type: 'Normal', reason: 'R', eventTime: '2026-01-01T00:09:00.000000Z' },
    ['60s', 'Normal', 'R', 'pod/p', '', '', 'hello', '60s', 1, 'a'],
  ],
  [
    '',
    'v1',
    'Node',
    {
      metadata: { ...metadata, labels: { 'node-role.kubernetes.io/control-plane': '' } },
      status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
    },
    ['a', 'NotReady', 'control-plane', '10m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
  ],
])('%s/%s %s', (group, version, kind, object, cells) => {
  expect(tableOf(kindOf(group, version, kind), [{ metadata, ...object }], { nowMs }).rows[0]?.cells).toEqual(cells);
});

test('columns of a custom resource follow their paths', () => {
  const column = (name: string, type: 'string' | 'integer' | 'date', path: string) => ({ name, type, format: '', priority: 0, path });
  const columns = [
    { name: 'Name', type: 'string' as const, format: 'name', priority: 0 },
    column('A', 'string', '.spec.list[*].a'),
    column('First', 'integer', '.spec.list[0].n'),
    column('Key', 'string', '.metadata.annotations.x\\.io/y'),
    column('When', 'date', '.metadata.creationTimestamp'),
    column('None', 'string', '.spec.none'),
    column('Wrong', 'integer', '.spec.text'),
  ];
  const kind = { ...kindOf('', 'v1', 'Pod'), kind: 'Crate', type: 'com.example.v1.Crate', columns };
  const crate: AnyObject = {
    metadata: { ...metadata, annotations: { 'x.io/y': 'z' } },
    spec: { list: [{ a: 1, n: 5 }, { a: 'b' }], text: 't' },
  };
  expect(tableOf(kind, [crate], { nowMs }).rows[0]?.cells).toEqual(['a', '1', 5, 'z', '10m', null, null]);
});

interface Step {
  readonly ignore?: readonly string[];
  readonly path: string;
  readonly expect: {
    readonly body: AnyObject & { columnDefinitions?: readonly { name: string }[]; rows?: readonly { cells: unknown[] }[] };
  };
}
const referee = new URL('../../../../shared/parity/api/tables.json', import.meta.url);
const cases: readonly { readonly name: string; readonly steps: readonly Step[] }[] = existsSync(referee)
  ? JSON.parse(readFileSync(referee, 'utf8'))
  : [];

describe.skipIf(cases.length === 0)('what upstream printed (skipped where ../shared is absent)', () => {
  test.each(cases.filter(({ steps: [made, shown] }) => shown?.path.split('/').at(-1) === made?.path.split('/').at(-1)))(
    '$name',
    ({ steps: [made, shown] }) => {
      const parts = (made?.path ?? '').split('/').filter((part) => part !== '' && part !== 'namespaces' && part !== '$NS');
      const [group, version] = parts[0] === 'api' ? ['', parts[1] ?? ''] : [parts[1] ?? '', parts[2] ?? ''];
      const text = JSON.stringify(made?.expect.body).replaceAll('"<time>"', '"2026-01-01T00:00:00Z"');
      const object: AnyObject = JSON.parse(text);
      const kind = catalog.byKind(group, version, object.kind ?? '');
      if (kind === undefined) throw new Error(`${group} ${version} ${object.kind}`);
      // What the recording left out of the made object, as the table of it shows it.
      const left = made?.ignore ?? [];
      const whole = {
        ...object,
        ...(left.includes('status') ? { status: { phase: 'Pending' } } : {}),
        ...(left.includes('spec.username') ? { spec: { ...(object['spec'] as object), username: 'admin' } } : {}),
      };
      const table = tableOf(kind, [whole], { nowMs });
      const normal = (cell: unknown): unknown =>
        typeof cell === 'string' && /^(\d+[smhdy]){1,2}$/.test(cell) ? '<age>' : cell === '2026-01-01T00:00:00Z' ? '<time>' : cell;
      const compared = (cells: readonly unknown[] | undefined) =>
        cells?.map((cell, index) => (shown?.ignore?.includes(`rows.0.cells.${index}`) ? '' : normal(cell)));
      expect(compared(table.rows[0]?.cells)).toEqual(compared(shown?.expect.body.rows?.[0]?.cells));
      expect(table.columnDefinitions?.map((column) => column.name)).toEqual(
        shown?.expect.body.columnDefinitions?.map((column) => column.name),
      );
    },
  );
});
