// Owns the tables of what a ReplicaSet plans: pods before, plan after.
import { describe, expect, test } from 'vitest';
import type { ReplicaSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { claimOf } from '../ownership.ts';
import { slowStart } from '../slow-start.ts';
import { nextAvailableMs, planPods, podOf, statusOf } from './plan.ts';
import { deletionCost, victims } from './victims.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const set = (replicas: number, more: Partial<ReplicaSet['spec']> = {}): ReplicaSet => ({
  metadata: { name: 'web', namespace: 'n', uid: 's', resourceVersion: '1', creationTimestamp: ago(0), generation: 3 },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web', more: 'x' }, annotations: { a: 'b' } }, spec: { containers: [] } },
    ...more,
  },
  status: { replicas: 0 },
});
interface PodFacts {
  readonly phase?: 'Pending' | 'Running' | 'Failed' | 'Unknown';
  readonly node?: string;
  readonly readyFor?: number;
  readonly age?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly labels?: Readonly<Record<string, string>>;
}
const pod = (uid: string, { phase = 'Running', node = 'n1', readyFor, age = 60, cost, restarts = 0, labels }: PodFacts = {}): Pod => ({
  metadata: {
    name: uid,
    namespace: 'n',
    uid,
    resourceVersion: '1',
    creationTimestamp: ago(age),
    labels: labels ?? { app: 'web', more: 'x' },
    ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
  },
  spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
  status: {
    phase,
    ...(readyFor === undefined ? {} : { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }] }),
    containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: restarts }],
  },
});

test.each([
  ['too few', 3, 1, { do: 'create', count: 2 }],
  ['far too few: one burst', 900, 0, { do: 'create', count: 500 }],
  ['as many as wanted', 2, 2, { do: 'nothing' }],
  ['none wanted', 0, 0, { do: 'nothing' }],
])('pods: %s', (_, replicas, present, expected) => {
  const pods = Array.from({ length: present }, (_pod, index) => pod(`${index}`));
  expect(planPods(set(replicas), pods, [], nowMs)).toEqual(expected);
});

test.each([
  ['the unassigned', pod('a', { node: '' }), pod('b', { phase: 'Pending' })],
  ['the pending', pod('z', { phase: 'Pending' }), pod('b', { phase: 'Unknown' })],
  ['the unknown', pod('z', { phase: 'Unknown' }), pod('b')],
  ['the unready', pod('z'), pod('b', { readyFor: 5, cost: '-3' })],
  ['the cheap', pod('z', { readyFor: 9, cost: '-3' }), pod('b', { readyFor: 1, cost: '0' })],
  ['the crowded', pod('z', { readyFor: 9, node: 'n2' }), pod('b', { readyFor: 1, node: 'n1' })],
  ['the shorter ready', pod('z', { readyFor: 3 }), pod('b', { readyFor: 50 })],
  ['about as long ready: by uid', pod('a', { readyFor: 3000 }), pod('b', { readyFor: 2900 })],
  ['the often restarted', pod('z', { readyFor: 9, restarts: 2 }), pod('b', { readyFor: 9, restarts: 1 })],
  ['the younger', pod('z', { readyFor: 9, age: 10 }), pod('b', { readyFor: 9, age: 100 })],
])('victims: %s goes first', (_, first, second) => {
  const crowd = [pod('x', { node: 'n2' }), pod('y', { node: 'n2' }), pod('w', { node: 'n1', phase: 'Failed' })];
  expect(victims([second, first], crowd, 1, nowMs)).toEqual([first]);
  expect(victims([first, second], crowd, 1, nowMs)).toEqual([first]);
});

test.each([
  ['7', 7],
  ['-7', -7],
  ['+7', 0],
  ['07', 0],
  ['x', 0],
  ['2147483648', 0],
])('deletion cost %s', (text, expected) => expect(deletionCost(pod('a', { cost: text }))).toBe(expected));

describe('status', () => {
  test('counts', () => {
    const pods = [pod('a', { readyFor: 20 }), pod('b', { readyFor: 3 }), pod('c', { labels: { app: 'web' } })];
    expect(statusOf(set(3, { minReadySeconds: 10 }), pods, [pod('d')], undefined, nowMs)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      terminatingReplicas: 1,
      observedGeneration: 3,
    });
    expect(nextAvailableMs(set(3, { minReadySeconds: 10 }), pods, nowMs)).toBe(7000);
    expect(nextAvailableMs(set(3), pods, nowMs)).toBeUndefined();
  });
  test('a failure is told once, and goes when it works again', () => {
    const failed = statusOf(set(3), [], [], 'no', nowMs);
    const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no', lastTransitionTime: ago(0) };
    expect(failed.conditions).toEqual([condition]);
    expect(statusOf({ ...set(3), status: failed }, [], [], 'other', nowMs + 5000).conditions).toEqual([condition]);
    expect(statusOf({ ...set(3), status: failed }, [], [], undefined, nowMs)).not.toHaveProperty('conditions');
    expect(statusOf(set(0), [pod('a')], [], 'no', nowMs).conditions?.[0]?.reason).toBe('FailedDelete');
  });
});

test('a pod is as the template says and the set’s', () => {
  expect(podOf(set(1)).metadata).toEqual({
    generateName: 'web-',
    namespace: 'n',
    labels: { app: 'web', more: 'x' },
    annotations: { a: 'b' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 's', controller: true, blockOwnerDeletion: true }],
  });
});

const going = { ...set(1), metadata: { ...set(1).metadata, deletionTimestamp: ago(0) } };
const owned = (uid: string): Pod => {
  const { metadata, ...rest } = pod('a');
  return {
    ...rest,
    metadata: { ...metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'w', uid, controller: true }] },
  };
};
test.each([
  ['its own', set(1), owned('s'), true, 'own'],
  ['its own, that matches no more', set(1), owned('s'), false, 'release'],
  ['another’s', set(1), owned('t'), true, 'ignore'],
  ['an orphan', set(1), pod('a'), true, 'adopt'],
  ['an orphan that does not match', set(1), pod('a'), false, 'ignore'],
  ['an orphan, when it is going', going, pod('a'), true, 'ignore'],
  ['one to release, when it is going', going, owned('s'), false, 'ignore'],
  ['an orphan that is going', set(1), { ...pod('a'), metadata: { ...pod('a').metadata, deletionTimestamp: ago(0) } }, true, 'ignore'],
] as const)('claim: %s', (_, owner, object, matches, expected) => expect(claimOf(owner, object, matches)).toBe(expected));

test.each([
  [7, 99, 7, 7, false],
  [7, 2, 2, 3, true],
  [7, 0, 0, 1, true],
  [0, 9, 0, 0, false],
])('slow start: %d, refused after %d', async (count, allowed, succeeded, asked, failed) => {
  let calls = 0;
  const make = async (): Promise<void> => {
    if (++calls > allowed) throw new Error('no');
  };
  const result = await slowStart(count, make);
  expect([result.succeeded, calls, result.failure !== undefined]).toEqual([succeeded, asked, failed]);
});
