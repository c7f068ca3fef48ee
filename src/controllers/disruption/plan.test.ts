// Owns the tables of what a PodDisruptionBudget allows: budget, pods and sizes before, the status after.
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from '../../api/policy/v1.ts';
import { formatTime } from '../../base/time.ts';
import { failedStatus, needsScale, planBudget, staleInMs, withoutTarget } from './plan.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const meta = (name: string): Pod['metadata'] => ({
  name,
  namespace: 'n',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: ago(60),
  generation: 3,
});
const budget = (spec: PodDisruptionBudgetSpec, status?: PodDisruptionBudgetStatus): PodDisruptionBudget => ({
  metadata: meta('b'),
  spec,
  ...(status === undefined ? {} : { status }),
});
const pod = (name: string, ready = true, more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { ...meta(name), ...more },
  spec: { containers: [] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const summary = (spec: PodDisruptionBudgetSpec, pods: readonly Pod[], count = 0, status?: PodDisruptionBudgetStatus): string => {
  const { status: next } = planBudget(budget(spec, status), pods, { count, unmanaged: [] }, nowMs);
  const counts = [next.disruptionsAllowed, next.currentHealthy, next.desiredHealthy, next.expectedPods].join(' ');
  return `${counts} ${next.conditions?.[0]?.reason}`;
};

const three = [pod('a'), pod('b'), pod('c')];
test.each([
  ['two of three at least', { minAvailable: 2 }, three, 0, '1 3 2 3 SufficientPods'],
  ['two of three, one not ready', { minAvailable: 2 }, [pod('a'), pod('b'), pod('c', false)], 0, '0 2 2 3 InsufficientPods'],
  [
    'one on its way out does not count',
    { minAvailable: 1 },
    [pod('a'), pod('b', true, { deletionTimestamp: ago(1) })],
    0,
    '0 1 1 2 InsufficientPods',
  ],
  ['half of three at least, rounded up', { minAvailable: '50%' }, three, 3, '1 3 2 3 SufficientPods'],
  ['one of five at most', { maxUnavailable: 1 }, three, 5, '0 3 4 5 InsufficientPods'],
  ['half of three at most, rounded up', { maxUnavailable: '50%' }, three, 3, '2 3 1 3 SufficientPods'],
  ['all of them', { maxUnavailable: 9 }, three, 3, '3 3 0 3 SufficientPods'],
  ['no pods', { minAvailable: 0 }, [], 0, '0 0 0 0 InsufficientPods'],
] as const)('%s', (_, spec, pods, count, expected) => expect(summary(spec, pods, count)).toBe(expected));

test.each([
  [{ minAvailable: 1 }, false],
  [{ minAvailable: '1%' }, true],
  [{ maxUnavailable: 1 }, true],
])('%j: the size of its controllers matters: %j', (spec, needed) => expect(needsScale(budget(spec))).toBe(needed));

describe('announced disruptions', () => {
  const plan = (disruptedPods: Readonly<Record<string, string>>): ReturnType<typeof planBudget> =>
    planBudget(budget({ minAvailable: 1 }, { disruptedPods }), three, { count: 0, unmanaged: [] }, nowMs);
  test('count as gone, until the pod is', () => {
    const { status, againMs } = plan({ a: ago(30), gone: ago(30) });
    expect([status.currentHealthy, status.disruptedPods, againMs]).toEqual([2, { a: ago(30) }, 90_001]);
  });
  test('are forgotten after two minutes, which is told', () => {
    const { status, overdue } = plan({ a: ago(121) });
    expect([status.currentHealthy, status.disruptedPods, overdue.length]).toEqual([3, undefined, 1]);
  });
});

test('the condition moves with its status only', () => {
  const first = planBudget(budget({ minAvailable: 2 }), three, { count: 0, unmanaged: [] }, nowMs - 60_000).status;
  const again = planBudget(budget({ minAvailable: 1 }, first), three, { count: 0, unmanaged: [] }, nowMs).status;
  expect(again.conditions?.[0]?.lastTransitionTime).toBe(ago(60));
  const failed = failedStatus(budget({ minAvailable: 1 }, first), 'why', nowMs);
  expect([failed.disruptionsAllowed, failed.conditions?.[0]]).toMatchObject([
    0,
    { status: 'False', reason: 'SyncFailed', message: 'why', lastTransitionTime: ago(0) },
  ]);
});

describe('a pod whose end was announced', () => {
  const announced = (more: object, of: Partial<Pod> = {}): Pod => ({
    ...pod('a'),
    ...of,
    status: { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', lastTransitionTime: ago(30), ...more }] },
  });
  test.each([
    ['is waited for', announced({}), 90_000],
    ['is not waited for any more', announced({ lastTransitionTime: ago(500) }), 0],
    ['by its kubelet', announced({ reason: 'TerminationByKubelet' }), undefined],
    ['and that was taken back', announced({ status: 'False' }), undefined],
    ['and goes', announced({}, { metadata: { ...meta('a'), deletionTimestamp: ago(1) } }), undefined],
  ])('%s', (_, one, expected) => expect(staleInMs(one, nowMs)).toBe(expected));
  test('taking it back', () => {
    expect(withoutTarget(announced({ reason: 'x' }), nowMs).status?.conditions).toEqual([
      { type: 'DisruptionTarget', status: 'False', lastTransitionTime: ago(0) },
    ]);
  });
});
