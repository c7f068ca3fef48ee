// Owns the tables of what a DaemonSet plans: nodes and pods before, what comes and goes after.
import { describe, expect, test } from 'vitest';
import type { ControllerRevision, DaemonSet, DaemonSetSpec } from '../../api/apps/v1.ts';
import type { Node, Pod, Taint } from '../../api/core/v1.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { formatTime } from '../../base/time.ts';
import { templatePatch } from '../revisions/revision.ts';
import { FailureRest } from './failure-rest.ts';
import { historyOf, newRevision, outlived } from './history.ts';
import { fitOf, podFor, targetNode } from './placement.ts';
import { planPods, planRollout } from './plan.ts';
import { statusOf } from './status.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const meta = (name: string): Pod['metadata'] => ({ name, namespace: 'n', uid: name, resourceVersion: '1', creationTimestamp: ago(60) });
const template = (image: string): DaemonSetSpec['template'] => ({
  metadata: { labels: { app: 'd' } },
  spec: { containers: [{ name: 'c', image }] },
});
const set = (spec: Partial<DaemonSetSpec> = {}): DaemonSet => ({
  metadata: { ...meta('d'), generation: 4, annotations: { 'deprecated.daemonset.template.generation': '2' } },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: template('b'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    ...spec,
  },
});
const surging = (maxSurge: number | string): DaemonSet =>
  set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } } });
const node = (name: string, taints: readonly Taint[] = [], labels: Record<string, string> = {}): Node => ({
  metadata: { ...meta(name), labels },
  spec: { taints },
});
const nodes = [node('n1'), node('n2'), node('n3')];
interface Facts {
  readonly hash?: string;
  readonly phase?: 'Pending' | 'Running' | 'Failed' | 'Succeeded';
  readonly ready?: boolean;
  readonly going?: boolean;
  readonly age?: number;
  readonly bound?: boolean;
}
const pod = (
  name: string,
  on: string,
  { hash = 'new', phase = 'Running', ready = true, going = false, age = 60, bound = true }: Facts = {},
): Pod => ({
  metadata: {
    ...meta(name),
    creationTimestamp: ago(age),
    labels: { app: 'd', 'controller-revision-hash': hash },
    ...(going ? { deletionTimestamp: ago(1) } : {}),
  },
  spec: {
    containers: [],
    ...(bound ? { nodeName: on } : {}),
    affinity: podFor(set(), on, 'x').spec?.affinity ?? {},
  },
  status: { phase, conditions: ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: ago(30) }] : [] },
});
const say = ({ create, remove }: { readonly create: readonly string[]; readonly remove: readonly Pod[] }): string =>
  [...create.map((name) => `+${name}`), ...remove.map(({ metadata }) => `-${metadata.name}`)].join(' ');
const manage = (one: DaemonSet, there: readonly Node[], pods: readonly Pod[], restMs = 0): string =>
  say(planPods({ set: one, nodes: there, pods, hash: 'new' }, () => restMs, nowMs));
const roll = (one: DaemonSet, pods: readonly Pod[], there: readonly Node[] = nodes): string =>
  say(planRollout({ set: one, nodes: there, pods, hash: 'new' }, nowMs));

const noSchedule: Taint = { key: 'own', effect: 'NoSchedule' };
const noExecute: Taint = { key: 'own', effect: 'NoExecute' };
test.each([
  ['none there', set(), nodes, [], '+n1 +n2 +n3'],
  ['one there', set(), nodes, [pod('a', 'n1')], '+n2 +n3'],
  ['one on its way out: wait', set(), [node('n1')], [pod('a', 'n1', { going: true })], ''],
  ['one ended and on its way out: a new one', set(), [node('n1')], [pod('a', 'n1', { going: true, phase: 'Succeeded' })], '+n1'],
  ['failed', set(), [node('n1')], [pod('a', 'n1', { phase: 'Failed' })], '-a'],
  ['succeeded', set(), [node('n1')], [pod('a', 'n1', { phase: 'Succeeded' })], '-a'],
  ['two on a node: the younger goes', set(), [node('n1')], [pod('a', 'n1', { age: 5 }), pod('b', 'n1', { age: 9 })], '-a'],
  [
    'a node that it does not want',
    set({ template: { ...template('b'), spec: { containers: [], nodeSelector: { x: 'y' } } } }),
    [node('n1')],
    [pod('a', 'n1')],
    '-a',
  ],
  ['a taint: none is made, one stays', set(), [node('n1', [noSchedule]), node('n2', [noSchedule])], [pod('a', 'n1')], ''],
  ['a taint that drives away', set(), [node('n1', [noExecute])], [pod('a', 'n1')], '-a'],
  ['not bound yet, its node gone', set(), [], [pod('a', 'gone', { bound: false }), pod('b', 'gone')], '-a'],
  [
    'surge: both may stay until the new one is ready',
    surging(1),
    [node('n1')],
    [pod('a', 'n1', { hash: 'old' }), pod('b', 'n1', { ready: false })],
    '',
  ],
  ['surge: the new one is ready', surging(1), [node('n1')], [pod('a', 'n1', { hash: 'old' }), pod('b', 'n1')], '-a'],
  [
    'surge: the old one is no use',
    surging(1),
    [node('n1')],
    [pod('a', 'n1', { hash: 'old', ready: false }), pod('b', 'n1', { ready: false })],
    '-a',
  ],
  ['surge: one on its way out is not waited for', surging(1), [node('n1')], [pod('a', 'n1', { going: true })], '+n1'],
] as const)('each node its pod: %s', (_, one, there, pods, expected) => {
  expect(manage(one, there, pods)).toBe(expected);
});

test('a failed pod is left for a while, and told of when it goes', () => {
  const failed = [pod('a', 'n1', { phase: 'Failed' })];
  expect(manage(set(), [node('n1')], failed, 700)).toBe('');
  const { events, failedOn, againMs } = planPods({ set: set(), nodes: [node('n1')], pods: failed, hash: 'new' }, () => 0, nowMs);
  expect([failedOn, againMs]).toEqual([['n1'], undefined]);
  expect(events[0]?.message).toBe('Found failed daemon pod n/a on node n1, will try to kill it');
});

const old = (name: string, on: string, facts: Facts = {}): Pod => pod(name, on, { hash: 'old', ...facts });
const three = [old('a', 'n1'), old('b', 'n2'), old('c', 'n3')];
test.each([
  ['one at a time', set(), three, '-a'],
  ['the rest while one is away', set(), [old('b', 'n2'), old('c', 'n3')], ''],
  ['a new one that is not ready counts', set(), [pod('a', 'n1', { ready: false }), old('b', 'n2'), old('c', 'n3')], ''],
  ['the next', set(), [pod('a', 'n1'), old('b', 'n2'), old('c', 'n3')], '-b'],
  [
    'one that is not ready anyway goes at once',
    set(),
    [pod('a', 'n1', { ready: false }), old('b', 'n2', { ready: false }), old('c', 'n3')],
    '-b',
  ],
  ['half may be away, rounded up', set({ updateStrategy: { rollingUpdate: { maxUnavailable: '50%' } } }), three, '-a -b'],
  ['done', set(), [pod('a', 'n1'), pod('b', 'n2'), pod('c', 'n3')], ''],
  ['surge: one more', surging(1), three, '+n1'],
  ['surge: while one comes up', surging(1), [...three, pod('d', 'n1', { ready: false })], ''],
  ['surge: it is up', surging(1), [...three, pod('d', 'n1')], '+n2 -a'],
  [
    'surge: an old one that is no use is no limit',
    surging(1),
    [old('a', 'n1', { ready: false }), old('b', 'n2', { ready: false }), old('c', 'n3')],
    '+n1 +n2 +n3',
  ],
  ['surge in percent, rounded up', surging('34%'), three, '+n1 +n2'],
] as const)('rolling update: %s', (_, one, pods, expected) => {
  expect(roll(one, pods)).toBe(expected);
});

test('a pod for a node: pinned, tolerating, labelled', () => {
  const draft = podFor(set({ template: { spec: { containers: [], hostNetwork: true } } }), 'n1', 'new');
  expect(targetNode({ ...draft, metadata: meta('x') } as Pod)).toBe('n1');
  expect(draft.metadata.labels).toEqual({ 'controller-revision-hash': 'new', 'pod-template-generation': '2' });
  expect(draft.spec?.tolerations?.map(({ key, effect }) => `${key?.split('/')[1]} ${effect}`)).toEqual([
    'not-ready NoExecute',
    'unreachable NoExecute',
    'disk-pressure NoSchedule',
    'memory-pressure NoSchedule',
    'pid-pressure NoSchedule',
    'unschedulable NoSchedule',
    'network-unavailable NoSchedule',
  ]);
});

test('where it fits', () => {
  expect(fitOf(set(), node('n1', [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]))).toEqual({ run: true, stay: true });
  expect(fitOf(set(), node('n1', [noSchedule]))).toEqual({ run: false, stay: true });
  expect(fitOf(set({ template: { spec: { containers: [], nodeName: 'n2' } } }), node('n1'))).toEqual({ run: false, stay: false });
});

test('status', () => {
  const there = [...nodes, node('n4', [noSchedule])];
  const pods = [pod('a', 'n1'), old('b', 'n2', { ready: false }), pod('c', 'n4')];
  expect(statusOf({ set: set(), nodes: there, pods, hash: 'new' }, true, nowMs)).toEqual({
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    desiredNumberScheduled: 3,
    numberReady: 1,
    observedGeneration: 4,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  });
});

describe('history', () => {
  const revision = (name: string, number: number): ControllerRevision => ({
    metadata: { ...meta(name), labels: { 'controller-revision-hash': name } },
    data: templatePatch(template(name)),
    revision: number,
  });
  test('present, old, and the next number', () => {
    const { present, old: others, number } = historyOf(set(), [revision('b', 1), revision('a', 2)]);
    expect([present?.metadata.name, others.length, number]).toEqual(['b', 1, 3]);
  });
  test('two of one template: the newer stays', () => {
    const { present, twice } = historyOf(set(), [revision('b', 1), { ...revision('b', 5), metadata: meta('bb') }]);
    expect([present?.metadata.name, twice.length]).toEqual(['bb', 1]);
  });
  test('a new one carries the hash', () => {
    const { metadata } = newRevision(set(), 3);
    expect(metadata.name).toBe(`d-${metadata.labels?.['controller-revision-hash']}`);
  });
  test('the oldest without pods go', () => {
    const gone = outlived(
      set({ revisionHistoryLimit: 1 }),
      [revision('x', 1), revision('y', 2), revision('z', 3)],
      [pod('p', 'n1', { hash: 'x' })],
    );
    expect(gone.map(({ metadata }) => metadata.name)).toEqual(['y', 'z']);
  });
});

test('rests double, and are forgotten', async () => {
  const clock = new VirtualClock();
  const rest = new FailureRest(clock);
  expect(rest.remainingMs('x')).toBe(0);
  rest.failed('x');
  expect(rest.remainingMs('x')).toBe(1000);
  await clock.advance(1000);
  expect(rest.remainingMs('x')).toBe(0);
  rest.failed('x');
  expect([rest.remainingMs('x'), rest.remainingMs('y')]).toEqual([2000, 0]);
  await clock.advance(1_800_001);
  rest.failed('x');
  expect(rest.remainingMs('x')).toBe(1000);
});
