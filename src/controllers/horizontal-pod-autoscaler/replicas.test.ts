// Owns the tables of how many replicas a metric asks for: pods and measures before, the proposal after.
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { durationMs, type PodMetrics, type PodMetricsObject, podMetrics } from './pod-metrics.ts';
import { type Question, replicasForTotal, replicasForUsage, replicasForUtilization } from './replicas.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
interface Facts {
  readonly phase?: 'Pending' | 'Running' | 'Failed';
  readonly ready?: boolean;
  readonly startedAgo?: number;
  readonly sinceAgo?: number;
  readonly request?: string;
}
const pod = (name: string, { phase = 'Running', ready = true, startedAgo = 3600, sinceAgo = 3500, request = '100m' }: Facts = {}): Pod => ({
  metadata: { name, namespace: 'n', uid: name, resourceVersion: '1', creationTimestamp: ago(startedAgo) },
  spec: { containers: [{ name: 'c', resources: request === '' ? {} : { requests: { cpu: request } } }] },
  status: {
    phase,
    startTime: ago(startedAgo),
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(sinceAgo) }],
  },
});
const measured = (values: Readonly<Record<string, number>>): PodMetrics =>
  new Map(Object.entries(values).map(([name, value]) => [name, { value, atMs: nowMs - 5000, windowMs: 30_000 }]));
const question = (pods: readonly Pod[], values: Readonly<Record<string, number>>, current = pods.length): Question => ({
  pods,
  metrics: measured(values),
  resource: 'cpu',
  current,
  tolerances: { down: 0.1, up: 0.1 },
});
const ask = (pods: readonly Pod[], values: Readonly<Record<string, number>>, target = 50): string => {
  const { replicas, usage, utilization } = replicasForUtilization(question(pods, values), target, nowMs);
  return `${replicas} ${usage} ${utilization}`;
};
const [a, b, c] = [pod('a'), pod('b'), pod('c')];

test.each([
  ['over the target', [a, b], { a: 100, b: 100 }, '4 100 100'],
  ['under it', [a, b, c], { a: 10, b: 10, c: 10 }, '1 10 10'],
  ['near enough', [a, b], { a: 54, b: 54 }, '2 54 54'],
  [
    'one on its way out does not count',
    [a, { ...b, metadata: { ...b.metadata, deletionTimestamp: ago(1) } }],
    { a: 100, b: 900 },
    '2 100 100',
  ],
  ['one without a measure counts nothing on the way up', [a, b], { a: 80 }, '2 80 80'],
  ['and all it asked for on the way down', [a, b, c], { a: 10, b: 10 }, '3 10 10'],
  ['a pending one counts nothing on the way up', [a, pod('b', { phase: 'Pending' })], { a: 200 }, '4 200 200'],
  ['a young one that is not ready neither', [a, pod('b', { startedAgo: 60, ready: false })], { a: 200, b: 900 }, '4 200 200'],
  ['nor one measured before it was ready', [a, pod('b', { startedAgo: 60, sinceAgo: 10 })], { a: 200, b: 900 }, '4 200 200'],
  ['one that never was ready', [a, pod('b', { ready: false, sinceAgo: 3590 })], { a: 200, b: 900 }, '4 200 200'],
] as const)('percent of requests: %s', (_, pods, values, expected) => expect(ask(pods, values)).toBe(expected));

test.each([
  ['no pods', [], { a: 1 }, 'no pods returned by selector while calculating replica count'],
  [
    'none measured that count',
    [pod('a', { phase: 'Pending' })],
    { a: 1 },
    'did not receive metrics for targeted pods (pods might be unready)',
  ],
  ['one that asked for nothing', [pod('a', { request: '' })], { a: 1 }, 'missing request for cpu in container c of Pod a'],
] as const)('percent of requests: %s', (_, pods, values, words) => expect(() => ask(pods, values)).toThrow(words));

test.each([
  ['over', { a: 300, b: 300 }, 100, 6],
  ['under', { a: 30, b: 30 }, 100, 1],
  ['near', { a: 105, b: 105 }, 100, 2],
])('a value a pod: %s', (_, values, target, replicas) => {
  expect(replicasForUsage(question([a, b], values), target, nowMs).replicas).toBe(replicas);
});

test.each([
  ['for the whole', false, 3000, 1000, 2, 6, 3000],
  ['for each', true, 3000, 1000, 2, 3, 1500],
  ['near', true, 2000, 1000, 2, 2, 1000],
  ['from nothing', false, 3000, 1000, 0, 3, 3000],
])('one value: %s', (_, each, total, target, current, replicas, usage) => {
  const about = { total, current, tolerances: { down: 0.1, up: 0.1 } };
  expect(replicasForTotal([a, b], about, target, each)).toEqual({ replicas, usage });
});

describe('measures', () => {
  const metadata = { name: 'a', namespace: 'n', uid: 'a', resourceVersion: '1', creationTimestamp: ago(0) };
  const containers: PodMetricsObject['containers'] = [
    { name: 'x', usage: { cpu: '20m', memory: '1Ki' } },
    { name: 'y', usage: { cpu: '1500u' } },
  ];
  const items: readonly PodMetricsObject[] = [{ metadata, timestamp: ago(10), window: '1m30s', containers: containers ?? [] }];
  test('the sum of the containers', () => {
    expect(podMetrics(items, 'cpu', undefined).get('a')).toEqual({ value: 22, atMs: nowMs - 10_000, windowMs: 90_000 });
  });
  test('of one container', () => expect(podMetrics(items, 'cpu', 'x').get('a')?.value).toBe(20));
  test('one of whose containers nothing is known', () => expect(podMetrics(items, 'memory', undefined).size).toBe(0));
  test('a container that is not there', () => {
    expect(() => podMetrics(items, 'cpu', 'z')).toThrow('container z not present in metrics for pod n/a');
  });
  test('durations', () => expect([durationMs('1s'), durationMs('1h2m'), durationMs('0.5s')]).toEqual([1000, 3_720_000, 500]));
});
