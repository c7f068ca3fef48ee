// Owns the tables of what a Job plans: it and its pods before, what it does and says after.
import { describe, expect, test } from 'vitest';
import type { Job, JobSpec, JobStatus } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { noFailures, recordAfter, remainingMs } from './failures.ts';
import { failureCountKey, ignoredCountKey, indexKey, trackingFinalizer } from './job-facts.ts';
import { podFor } from './job-pods.ts';
import { type Observed, viewOf } from './job-view.ts';
import { planPods } from './plan.ts';
import { meaningOf, successOf } from './policies.ts';
import { removalOf } from './removal.ts';
import { type Outcome, planCounted, planCounting, planEnd } from './status.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const job = (spec: Partial<JobSpec> = {}, status: JobStatus = { ready: 0, startTime: ago(60) }): Job => ({
  metadata: { name: 'j', namespace: 'n', uid: 'job', resourceVersion: '1', creationTimestamp: ago(60) },
  spec: { parallelism: 2, completions: 3, backoffLimit: 6, template: { spec: { containers: [{ name: 'c', image: 'i' }] } }, ...spec },
  status,
});
const indexed = (spec: Partial<JobSpec> = {}, status?: JobStatus): Job => job({ completionMode: 'Indexed', ...spec }, status);

interface Facts {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly index?: number;
  readonly exitCode?: number;
  readonly endedAgo?: number;
  readonly tracked?: boolean;
  readonly going?: boolean;
  readonly ready?: boolean;
  readonly failures?: number;
  readonly restarts?: number;
  readonly condition?: string;
}
const pod = (uid: string, facts: Facts = {}): Pod => {
  const {
    phase = 'Running',
    index,
    exitCode,
    endedAgo = 5,
    tracked = true,
    going,
    ready = false,
    failures,
    restarts = 0,
    condition,
  } = facts;
  const ended = phase === 'Succeeded' || phase === 'Failed';
  const annotations = {
    ...(index === undefined ? {} : { [indexKey]: `${index}` }),
    ...(failures === undefined ? {} : { [failureCountKey]: `${failures}` }),
  };
  const state = ended ? { terminated: { exitCode: exitCode ?? (phase === 'Failed' ? 1 : 0), finishedAt: ago(endedAgo) } } : { running: {} };
  return {
    metadata: {
      name: uid,
      namespace: 'n',
      uid,
      resourceVersion: '1',
      creationTimestamp: ago(30),
      annotations,
      ...(tracked ? { finalizers: [trackingFinalizer] } : {}),
      ...(going ? { deletionTimestamp: ago(1), deletionGracePeriodSeconds: 0 } : {}),
    },
    spec: { containers: [], nodeName: 'n1' },
    status: {
      phase,
      conditions: [
        ...(ready ? [{ type: 'Ready', status: 'True', lastTransitionTime: ago(3) }] : []),
        ...(condition === undefined ? [] : [{ type: condition, status: 'True' }]),
      ],
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready, restartCount: restarts, state }],
    },
  };
};
const observe = (one: Job, pods: readonly Pod[], more: Partial<Observed> = {}): ReturnType<typeof viewOf> =>
  viewOf({ job: one, pods, settled: true, letGo: new Set(), failures: noFailures, ...more }, nowMs);
const summary = (one: Job, pods: readonly Pod[], more: Partial<Observed> = {}): string => {
  const plan = planPods(observe(one, pods, more), nowMs);
  if (plan.do === 'make') return `make ${plan.drafts.map(({ metadata }) => metadata.annotations?.[indexKey] ?? '*').join(',')}`;
  if (plan.do === 'remove' || plan.do === 'end') return `${plan.do} ${plan.pods.map(({ metadata }) => metadata.uid).join(',')}`;
  return plan.do === 'wait' ? `wait ${plan.againMs}` : plan.do;
};

test.each([
  ['at first: as many as run side by side', job(), [], 'make *,*'],
  ['fewer are left than run side by side', job({}, { succeeded: 2, ready: 0 }), [], 'make *'],
  ['one has succeeded: the next', job(), [pod('a', { phase: 'Succeeded' }), pod('b')], 'make *'],
  [
    'no number of completions, one succeeded: what runs, runs on',
    job({ completions: undefined as never }),
    [pod('a', { phase: 'Succeeded' }), pod('b')],
    'nothing',
  ],
  ['one failed: first a rest', job(), [pod('a', { phase: 'Failed', endedAgo: 4 }), pod('b')], 'wait 6000'],
  ['the rest is over', job(), [pod('a', { phase: 'Failed', endedAgo: 10 }), pod('b')], 'make *'],
  ['too many', job({ parallelism: 1 }), [pod('a', { ready: true }), pod('b')], 'remove b'],
  ['suspended', job({ suspend: true }), [pod('a')], 'remove a'],
  ['going', { ...job(), metadata: { ...job().metadata, deletionTimestamp: ago(1) } }, [], 'leave'],
  ['past its limit', job({ backoffLimit: 0 }), [pod('a', { phase: 'Failed' }), pod('b')], 'end b'],
  ['past its time', job({ activeDeadlineSeconds: 60 }), [pod('b')], 'end b'],
  [
    'restarts count where containers start again',
    job({ backoffLimit: 2, template: { spec: { containers: [], restartPolicy: 'OnFailure' } } }),
    [pod('a', { restarts: 2 })],
    'end a',
  ],
  ['indexes: the lowest free', indexed({ completions: 4 }), [pod('a', { index: 0 })], 'make 1'],
  [
    'indexes: twice there, or beyond',
    indexed({ completions: 2 }),
    [pod('a', { index: 1 }), pod('b', { index: 1, ready: true }), pod('c', { index: 7 })],
    'remove c,a',
  ],
  [
    'a limit for each index: others go on',
    indexed({ backoffLimitPerIndex: 1, backoffLimit: 99 }),
    [pod('a', { index: 0, phase: 'Failed', failures: 0, endedAgo: 2 })],
    'make 1',
  ],
  [
    'a limit for each index: the rest of one',
    indexed({ backoffLimitPerIndex: 1, completions: 1, backoffLimit: 99 }),
    [pod('a', { index: 0, phase: 'Failed', failures: 0, endedAgo: 2 })],
    'wait 8000',
  ],
  [
    'only ended ones are replaced: one going is waited for',
    job({ podReplacementPolicy: 'Failed', parallelism: 1 }),
    [pod('a', { going: true })],
    'nothing',
  ],
  ['any other is replaced when it goes', job({ parallelism: 1 }), [pod('a', { going: true, tracked: false })], 'make *'],
] as const)('pods: %s', (_, one, pods, expected) => {
  expect(summary(one, pods)).toBe(expected);
});

test('what was done and not seen yet is not done again', () => {
  expect(summary(job(), [], { settled: false })).toBe('leave');
});

test.each([
  ['exit code in the list', { onExitCodes: { operator: 'In', values: [42] } }, { exitCode: 42 }, true],
  ['exit code not in the list', { onExitCodes: { operator: 'In', values: [42] } }, { exitCode: 1 }, false],
  ['any but', { onExitCodes: { operator: 'NotIn', values: [42] } }, { exitCode: 1 }, true],
  ['another container', { onExitCodes: { containerName: 'x', operator: 'In', values: [42] } }, { exitCode: 42 }, false],
  ['a condition', { onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }, { condition: 'DisruptionTarget' }, true],
] as const)('podFailurePolicy: %s', (_, rule, facts, matches) => {
  const one = job({ podFailurePolicy: { rules: [{ action: 'Ignore', ...rule }] } });
  expect(meaningOf(one, pod('a', { phase: 'Failed', ...facts })).counts).toBe(!matches);
});

test('podFailurePolicy says why a job fails', () => {
  const rules = [
    { action: 'Count', onExitCodes: { operator: 'In', values: [9] } },
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'FailJob', onPodConditions: [{ type: 'Bad', status: 'True' }] },
  ] as const;
  const one = job({ podFailurePolicy: { rules } });
  const why = (facts: Facts): string | undefined => meaningOf(one, pod('a', { phase: 'Failed', ...facts })).failsJob;
  expect(why({ exitCode: 42 })).toBe('Container c for pod n/a failed with exit code 42 matching FailJob rule at index 1');
  expect(why({ condition: 'Bad' })).toBe('Pod n/a has condition Bad matching FailJob rule at index 2');
  expect(why({ exitCode: 9 })).toBeUndefined();
});

test.each([
  ['all of some', [{ succeededIndexes: '0-2' }], '0-2,5', true],
  ['not all of them', [{ succeededIndexes: '0-2' }], '0,2', false],
  ['so many of them', [{ succeededIndexes: '0-2', succeededCount: 2 }], '0,2', true],
  ['so many of any', [{ succeededCount: 3 }], '0,4,5', true],
  ['too few of any', [{ succeededCount: 3 }], '0,4', false],
] as const)('successPolicy: %s', (_, rules, done, met) => {
  const intervals = done.split(',').map((part) => ({ first: Number(part.split('-')[0]), last: Number(part.split('-').at(-1)) }));
  expect(successOf(indexed({ completions: 9, successPolicy: { rules } }), intervals)).toBe(met ? 'Matched rules at index 0' : undefined);
});

describe('back-off', () => {
  const failed = (endedAgo: number): Pod => pod('f', { phase: 'Failed', endedAgo });
  const succeeded = (endedAgo: number): Pod => pod('s', { phase: 'Succeeded', endedAgo });
  test.each([
    ['nothing failed', [], [], 0],
    ['one failed 3 s ago', [], [failed(3)], 7000],
    ['two failed: 20 s', [], [failed(9), failed(3)], 17_000],
    ['a success wipes out failures before it', [succeeded(2)], [failed(3)], 0],
    ['and those of its second', [succeeded(3)], [failed(3)], 0],
    ['but not those after it', [succeeded(5)], [failed(6), failed(3)], 7000],
  ] as const)('%s', (_, good, bad, expected) => {
    expect(remainingMs(recordAfter(noFailures, good, bad), nowMs)).toBe(expected);
  });
  test('it ends at ten minutes', () => expect(remainingMs({ count: 30, lastMs: nowMs }, nowMs)).toBe(600_000));
});

test('a pod for an index: name, hostname, label, annotations, variable, finalizer', () => {
  const one = indexed({
    backoffLimitPerIndex: 3,
    podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [7] } }] },
  });
  const draft = podFor(one, 2, pod('x', { phase: 'Failed', exitCode: 7, failures: 1, index: 2 }));
  expect(draft.metadata).toMatchObject({
    generateName: 'j-2-',
    labels: { [indexKey]: '2' },
    annotations: { [indexKey]: '2', [failureCountKey]: '1', [ignoredCountKey]: '1' },
    finalizers: [trackingFinalizer],
  });
  expect(draft.spec?.hostname).toBe('j-2');
  expect(draft.spec?.containers[0]?.env?.[0]?.valueFrom?.fieldRef?.fieldPath).toBe(`metadata.labels['${indexKey}']`);
});

test('removal: the least far first', () => {
  const pods = [pod('ready', { ready: true }), pod('running'), pod('pending', { phase: 'Pending' })];
  expect(removalOf(job(), pods, 2).map(({ metadata }) => metadata.uid)).toEqual(['pending', 'running']);
});

describe('status', () => {
  const outcome = (more: Partial<Outcome> = {}): Outcome => ({ active: 0, ready: 0, terminating: 0, ended: true, ...more });
  const run = (one: Job, pods: readonly Pod[], more: Partial<Outcome> = {}): readonly string[] => {
    const view = observe(one, pods);
    const counting = planCounting(view, planPods(view, nowMs), outcome(more), nowMs);
    const counted = planCounted(counting.status, new Set());
    const end = planEnd(one, counted.status, counting.verdict, nowMs);
    const say = (status: JobStatus): string => {
      const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
      const conditions = (status.conditions ?? []).map(({ type, reason }) => `${type}:${reason}`);
      return [`${status.succeeded ?? 0}/${status.failed ?? 0}`, [...succeeded, ...failed].join('+'), ...conditions]
        .filter(Boolean)
        .join(' ');
    };
    return [say(counting.status), say(end?.status ?? counted.status), ...(end?.events ?? []).map(({ reason }) => reason)];
  };
  test('the last success: uncounted first, then counted and complete', () => {
    expect(run(job({ completions: 1 }), [pod('a', { phase: 'Succeeded' })])).toEqual([
      '0/0 a SuccessCriteriaMet:CompletionsReached',
      '1/0 SuccessCriteriaMet:CompletionsReached Complete:CompletionsReached',
      'Completed',
    ]);
  });
  test('a failure that can be mended', () => expect(run(job(), [pod('a', { phase: 'Failed' })])).toEqual(['0/0 a', '0/1']));
  test('the last failure', () => {
    expect(run(job({ backoffLimit: 0 }), [pod('a', { phase: 'Failed' })])).toEqual([
      '0/0 a FailureTarget:BackoffLimitExceeded',
      '0/1 FailureTarget:BackoffLimitExceeded Failed:BackoffLimitExceeded',
      'BackoffLimitExceeded',
    ]);
  });
  test('pods on their way out hold up the end', () => {
    expect(run(job({ backoffLimit: 0 }), [pod('a', { phase: 'Failed' }), pod('b')], { terminating: 1 })).toEqual([
      '0/0 a+b FailureTarget:BackoffLimitExceeded',
      '0/2 FailureTarget:BackoffLimitExceeded',
    ]);
  });
  test('indexes are counted by their list', () => {
    const view = observe(indexed(), [pod('a', { phase: 'Succeeded', index: 1 }), pod('b', { phase: 'Succeeded', index: 0 })]);
    const { status } = planCounting(view, { do: 'nothing' }, outcome(), nowMs);
    expect(status).toMatchObject({ succeeded: 2, completedIndexes: '0,1', uncountedTerminatedPods: {} });
  });
  test('suspended and resumed', () => {
    const told = (one: Job): readonly string[] => {
      const view = observe(one, []);
      const { status, events } = planCounting(view, { do: 'nothing' }, outcome(), nowMs);
      return [`${status.conditions?.[0]?.status} ${status.startTime}`, ...events.map(({ message }) => message)];
    };
    const suspended = job({ suspend: true });
    expect(told(suspended)).toEqual(['True undefined', 'Job suspended']);
    const conditions = [{ type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' }];
    expect(told(job({}, { ready: 0, conditions }))).toEqual([`False ${formatTime(nowMs)}`, 'Job resumed']);
  });
});
