// Owns the tables of what an autoscaler makes of advice: limits, stabilization, rules, conditions.
import { describe, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec } from '../../api/autoscaling/v2.ts';
import { formatTime } from '../../base/time.ts';
import { begun, changed, type History, noHistory, normalize } from './behavior.ts';
import { type Answer, adviceOf, resizingWithoutMetrics, statusWith, withSaid } from './plan.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const autoscaler = (spec: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscaler => ({
  metadata: { name: 'h', namespace: 'n', uid: 'h', resourceVersion: '1', creationTimestamp: formatTime(nowMs) },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 20, ...spec },
});
const advised = (...advice: readonly (readonly [number, number])[]): History => ({
  ...noHistory,
  advice: advice.map(([value, ago]) => ({ value, atMs: nowMs - ago * 1000 })),
});
const run = (one: HorizontalPodAutoscaler, advice: number, current: number, history: History): string => {
  const { replicas, said } = normalize(one, history, advice, { current, least: one.spec.minReplicas ?? 1 }, nowMs);
  return [replicas, ...said.map(({ reason, status }) => `${reason} ${status}`)].join(', ');
};

test.each([
  ['as it is', 5, 5, noHistory, '5, ReadyForNewScale True, DesiredWithinRange False'],
  ['at most twice as many', 20, 5, noHistory, '10, ReadyForNewScale True, ScaleUpLimit True'],
  ['or four', 10, 2, noHistory, '4, ReadyForNewScale True, ScaleUpLimit True'],
  ['at most so many', 30, 15, noHistory, '20, ReadyForNewScale True, TooManyReplicas True'],
  ['at least so many', 1, 5, noHistory, '2, ReadyForNewScale True, TooFewReplicas True'],
  [
    'down only by what was advised for five minutes',
    3,
    8,
    advised([8, 200], [9, 400]),
    '8, ScaleDownStabilized True, DesiredWithinRange False',
  ],
  ['which has passed', 3, 8, advised([8, 400]), '3, ReadyForNewScale True, DesiredWithinRange False'],
] as const)('without rules: %s', (_, advice, current, history, expected) =>
  expect(run(autoscaler(), advice, current, history)).toBe(expected),
);

const rules = (behavior: HorizontalPodAutoscalerBehavior): HorizontalPodAutoscaler => autoscaler({ behavior });
const up = (policies: readonly (readonly [string, number])[], more: object = {}): HorizontalPodAutoscaler =>
  rules({ scaleUp: { policies: policies.map(([type, value]) => ({ type, value, periodSeconds: 60 })), ...more } });
const down = (policies: readonly (readonly [string, number])[], more: object = {}): HorizontalPodAutoscaler =>
  rules({
    scaleDown: { policies: policies.map(([type, value]) => ({ type, value, periodSeconds: 60 })), stabilizationWindowSeconds: 0, ...more },
  });

test.each([
  [
    'the greater change',
    up([
      ['Pods', 4],
      ['Percent', 50],
    ]),
    20,
    4,
    noHistory,
    '8, ReadyForNewScale True, ScaleUpLimit True',
  ],
  [
    'the smaller change',
    up(
      [
        ['Pods', 4],
        ['Percent', 50],
      ],
      { selectPolicy: 'Min' },
    ),
    20,
    4,
    noHistory,
    '6, ReadyForNewScale True, ScaleUpLimit True',
  ],
  ['none', up([['Pods', 4]], { selectPolicy: 'Disabled' }), 20, 4, noHistory, '4, ReadyForNewScale True, ScaleUpLimit True'],
  [
    'what was changed counts',
    up([['Pods', 4]]),
    20,
    6,
    changed(noHistory, 3, 6, nowMs - 30_000),
    '7, ReadyForNewScale True, ScaleUpLimit True',
  ],
  [
    'until its period is over',
    up([['Pods', 4]]),
    20,
    6,
    changed(noHistory, 3, 6, nowMs - 90_000),
    '10, ReadyForNewScale True, ScaleUpLimit True',
  ],
  [
    'the lowest of a window',
    up([['Pods', 9]], { stabilizationWindowSeconds: 60 }),
    9,
    4,
    advised([6, 30]),
    '6, ScaleUpStabilized True, DesiredWithinRange False',
  ],
  ['down: so many', down([['Pods', 2]]), 3, 10, noHistory, '8, ReadyForNewScale True, ScaleDownLimit True'],
  ['down: a share', down([['Percent', 10]]), 3, 10, noHistory, '9, ReadyForNewScale True, ScaleDownLimit True'],
  ['down: none', down([['Percent', 10]], { selectPolicy: 'Disabled' }), 3, 10, noHistory, '10, ReadyForNewScale True, ScaleDownLimit True'],
  [
    'down: the smaller change',
    down(
      [
        ['Percent', 10],
        ['Pods', 4],
      ],
      { selectPolicy: 'Min' },
    ),
    3,
    10,
    noHistory,
    '9, ReadyForNewScale True, ScaleDownLimit True',
  ],
  ['down: at least so many', down([['Percent', 100]]), 1, 10, noHistory, '2, ReadyForNewScale True, TooFewReplicas True'],
] as const)('with rules: %s', (_, one, advice, current, history, expected) => expect(run(one, advice, current, history)).toBe(expected));

test('what is remembered begins with the size that is found', () => {
  const history = begun(noHistory, 7, nowMs);
  expect(begun(history, 3, nowMs)).toBe(history);
  expect(run(autoscaler(), 3, 7, history)).toBe('7, ScaleDownStabilized True, DesiredWithinRange False');
});

test.each([
  ['switched off', { minReplicas: 1 }, 0, undefined, ['ScalingDisabled']],
  ['above', {}, 30, 20, []],
  ['below', {}, 1, 2, []],
])('whatever the metrics say: %s', (_, spec, current, to, reasons) => {
  const plan = resizingWithoutMetrics(autoscaler(spec), current, noHistory);
  expect([plan?.to, plan?.said.map(({ reason }) => reason)]).toEqual([to, reasons]);
});
test('in between they are asked', () => expect(resizingWithoutMetrics(autoscaler(), 5, noHistory)).toBeUndefined());

describe('advice', () => {
  const says = (replicas: number): Answer => ({ is: 'proposal', name: `m${replicas}`, replicas, status: { type: 'Resource' } });
  const fails: Answer = { is: 'failure', reason: 'FailedGetResourceMetric', message: 'why', whole: 'all of why' };
  test('the highest', () => expect(adviceOf([says(3), says(7), says(5)], 4)).toMatchObject({ replicas: 7, name: 'm7' }));
  test('some failed: up is followed', () => expect(adviceOf([fails, says(7)], 4)).toMatchObject({ is: 'replicas', replicas: 7 }));
  test('some failed: down is not', () => {
    expect(adviceOf([says(3), fails], 4)).toMatchObject({
      is: 'failure',
      message: 'invalid metrics (1 invalid out of 2), first error is: all of why',
      said: { reason: 'FailedGetResourceMetric', message: 'the HPA was unable to compute the replica count: why' },
      statuses: [{ type: 'Resource' }, { type: '' }],
    });
  });
});

test('conditions keep their time while their status stays', () => {
  const first = withSaid([], [{ type: 'A', status: 'True', reason: 'x', message: '' }], nowMs - 60_000);
  const second = withSaid(first, [{ type: 'A', status: 'True', reason: 'y', message: '' }], nowMs);
  expect(second).toEqual([{ type: 'A', status: 'True', reason: 'y', message: '', lastTransitionTime: formatTime(nowMs - 60_000) }]);
  expect(statusWith(undefined, second, { current: 2, desired: 3, statuses: [], scaled: true }, nowMs)).toEqual({
    lastScaleTime: formatTime(nowMs),
    currentReplicas: 2,
    desiredReplicas: 3,
    conditions: second,
  });
});
