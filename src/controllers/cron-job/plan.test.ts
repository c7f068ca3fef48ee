// Owns the tables of what a CronJob plans: it and its Jobs before, what it starts, removes and says after.
import { expect, test } from 'vitest';
import type { CronJob, CronJobSpec, CronJobStatus, Job } from '../../api/batch/v1.ts';
import { formatTime } from '../../base/time.ts';
import { planCronJob, startedStatus } from './plan.ts';

const nowMs = Date.UTC(2026, 2, 1, 10, 0, 0, 100);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const meta = (name: string): Job['metadata'] => ({ name, namespace: 'n', uid: name, resourceVersion: '7', creationTimestamp: ago(600) });
const cron = (spec: Partial<CronJobSpec> = {}, status: CronJobStatus = { lastScheduleTime: ago(60) }): CronJob => ({
  metadata: { ...meta('c'), creationTimestamp: ago(6000) },
  spec: {
    schedule: '* * * * *',
    jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { template: { spec: { containers: [] } } } },
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 1,
    ...spec,
  },
  status,
});
const job = (name: string, end?: 'Complete' | 'Failed', startedAgo = 50): Job => ({
  metadata: meta(name),
  spec: { template: {} },
  status: {
    startTime: ago(startedAgo),
    ...(end === undefined ? {} : { conditions: [{ type: end, status: 'True' }] }),
    ...(end === 'Complete' ? { completionTime: ago(startedAgo - 10) } : {}),
  },
});
const active = (...names: readonly string[]): CronJobStatus => ({
  lastScheduleTime: ago(60),
  active: names.map((name) => ({ kind: 'Job', name, uid: name })),
});
const summary = (one: CronJob, jobs: readonly Job[] = [], gone: readonly string[] = []): string => {
  const { remove, replace, start, events, status, againMs } = planCronJob({ cronJob: one, jobs, gone: new Set(gone) }, nowMs);
  return [
    ...remove.map(({ metadata }) => `-${metadata.name}`),
    ...replace.map(({ name }) => `!${name}`),
    ...(start === undefined ? [] : [`+${start.draft.metadata.name}`]),
    ...events.map(({ reason }) => reason),
    ...(status.active ?? []).map(({ name }) => `active ${name}`),
    ...(againMs === undefined ? [] : [`again ${againMs}`]),
  ].join(', ');
};

const minute = Math.floor(nowMs / 60_000);
test.each([
  ['its minute has come', cron(), [], [], `+c-${minute}, again 60000`],
  ['it was started already', cron({}, { lastScheduleTime: ago(0) }), [], [], 'again 60000'],
  ['not yet', cron({ schedule: '30 * * * *' }, { lastScheduleTime: ago(1800) }), [], [], 'again 1800000'],
  ['suspended', cron({ suspend: true }), [], [], ''],
  ['going', { ...cron(), metadata: { ...meta('c'), deletionTimestamp: ago(1) } }, [], [], ''],
  ['one runs, and more may', cron({}, active('x')), [job('x')], [], `+c-${minute}, active x, again 60000`],
  [
    'one runs, and no other may',
    cron({ concurrencyPolicy: 'Forbid' }, active('x')),
    [job('x')],
    [],
    'JobAlreadyActive, active x, again 60000',
  ],
  ['one runs, and is replaced', cron({ concurrencyPolicy: 'Replace' }, active('x')), [job('x')], [], `!x, +c-${minute}, again 60000`],
  ['one has ended', cron({ suspend: true }, active('x')), [job('x', 'Complete')], [], 'SawCompletedJob'],
  ['one is gone', cron({ suspend: true }, active('x')), [], ['x'], 'MissingJob'],
  ['one that it does not know', cron({ suspend: true }), [job('x')], [], 'UnexpectedJob'],
  ['one whose status never came', cron({}, { ...active(`c-${minute}`) }), [job(`c-${minute}`)], [], `active c-${minute}, again 60000`],
  ['too late', cron({ schedule: '59 * * * *', startingDeadlineSeconds: 30 }, { lastScheduleTime: ago(3660) }), [], [], 'again 3540000'],
  ['many missed', cron({}, { lastScheduleTime: ago(60 * 200) }), [], [], `+c-${minute}, TooManyMissedTimes, again 60000`],
  [
    'fewer within its deadline',
    cron({ startingDeadlineSeconds: 300 }, { lastScheduleTime: ago(60 * 200) }),
    [],
    [],
    `+c-${minute}, again 60000`,
  ],
  ['a date that never comes', cron({ schedule: '0 0 31 2 *' }), [], [], 'InvalidSchedule'],
  ['no schedule', cron({ schedule: 'sometimes' }), [], [], 'UnparseableSchedule'],
  ['a zone in the schedule', cron({ schedule: 'TZ=UTC * * * * *' }), [], [], `+c-${minute}, UnsupportedSchedule, again 60000`],
  ['no zone', cron({ timeZone: 'Mars/Olympus' }), [], [], 'UnknownTimeZone'],
  [
    'history: the oldest of each end',
    cron({ suspend: true }),
    [job('a', 'Complete', 90), job('b', 'Complete', 80), job('d', 'Failed', 70), job('e', 'Failed', 99), job('f', 'Failed', 60)],
    [],
    '-a, -e, -d',
  ],
] as const)('%s', (_, one, jobs, gone, expected) => expect(summary(one, jobs, gone)).toBe(expected));

test('the Job of a time: its name, its labels, when it was for, in the zone of the CronJob', () => {
  const { start } = planCronJob({ cronJob: cron({ timeZone: 'Europe/Berlin' }), jobs: [], gone: new Set() }, nowMs);
  expect(start?.draft.metadata).toMatchObject({
    name: `c-${minute}`,
    labels: { a: 'b' },
    annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-03-01T11:00:00+01:00' },
    ownerReferences: [{ kind: 'CronJob', name: 'c', controller: true, blockOwnerDeletion: true }],
  });
});

test('the status after a start, and after a success', () => {
  expect(startedStatus({}, job('x'), nowMs)).toEqual({
    active: [{ kind: 'Job', namespace: 'n', name: 'x', uid: 'x', apiVersion: 'batch/v1', resourceVersion: '7' }],
    lastScheduleTime: '2026-03-01T10:00:00Z',
  });
  const { status } = planCronJob(
    { cronJob: cron({ suspend: true }, active('x')), jobs: [job('x', 'Complete', 30)], gone: new Set() },
    nowMs,
  );
  expect(status).toEqual({ lastScheduleTime: ago(60), lastSuccessfulTime: ago(20) });
});
