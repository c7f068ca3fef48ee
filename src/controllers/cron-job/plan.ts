// Owns what a CronJob does next: which of its Jobs it forgets, removes, replaces, starts, and what it says of them. Pure.
import type { CronJob, CronJobStatus, Job } from '../../api/batch/v1.ts';
import type { ObjectReference } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import { controllerReference } from '../ownership.ts';
import { mostRecentTime, nextTime } from './next-time.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { zonedTime } from './wall-clock.ts';

const scheduledKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** A Job is started so long after its time. */
const delayMs = 100;

/** Something to tell of the CronJob. */
export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What is seen: its Jobs, and the uids of those that it calls active but that are gone. */
export interface Observed {
  readonly cronJob: CronJob;
  readonly jobs: readonly Job[];
  readonly gone: ReadonlySet<string>;
}

/** A Job to start, and for which time. */
export interface Start {
  readonly draft: Draft<Job>;
  readonly atMs: number;
}

/** What to do, in this order: remove, tell, replace, start; and the status without what is started. */
export interface CronPlan {
  readonly remove: readonly Job[];
  readonly events: readonly Told[];
  readonly replace: readonly ObjectReference[];
  readonly start: Start | undefined;
  readonly status: CronJobStatus;
  readonly againMs: number | undefined;
}

/** Complete or Failed, once it is. */
export function endOf({ status }: Job): 'Complete' | 'Failed' | undefined {
  const end = status?.conditions?.find((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True');
  return end?.type as 'Complete' | 'Failed' | undefined;
}

/** Jobs that belong to the CronJob, run, and that its status knows nothing of. */
export function unexpected({ status }: CronJob, jobs: readonly Job[]): readonly Job[] {
  return jobs.filter((job) => endOf(job) === undefined && !status?.active?.some(({ uid }) => uid === job.metadata.uid));
}

export function planCronJob({ cronJob, jobs, gone }: Observed, nowMs: number): CronPlan {
  const remove = outlived(cronJob, jobs);
  const removed = new Set(remove.map(({ metadata }) => metadata.uid));
  const events: Told[] = [];
  const say = (type: Told['type'], reason: string, message: string): void => void events.push({ type, reason, message });
  let active = (cronJob.status?.active ?? []).filter(({ uid }) => !removed.has(uid ?? ''));
  let lastSuccess = parseTime(cronJob.status?.lastSuccessfulTime);
  const forgotten = new Set(unexpected(cronJob, jobs));
  for (const job of jobs) {
    const { name, uid } = job.metadata;
    const end = endOf(job);
    if (forgotten.has(job)) say('Warning', 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`);
    if (end === undefined) continue;
    if (active.some((one) => one.uid === uid)) {
      active = active.filter((one) => one.uid !== uid);
      say('Normal', 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end}`);
    }
    const completed = end === 'Complete' ? parseTime(job.status?.completionTime) : undefined;
    if (completed !== undefined && completed > (lastSuccess ?? -Infinity)) lastSuccess = completed;
  }
  for (const { uid, name } of active) if (gone.has(uid ?? '')) say('Normal', 'MissingJob', `Active job went missing: ${name}`);
  active = active.filter(({ uid }) => !gone.has(uid ?? ''));
  const status = (running: readonly ObjectReference[]): CronJobStatus => ({
    ...(running.length === 0 ? {} : { active: running }),
    ...(cronJob.status?.lastScheduleTime === undefined ? {} : { lastScheduleTime: cronJob.status.lastScheduleTime }),
    ...(lastSuccess === undefined ? {} : { lastSuccessfulTime: formatTime(lastSuccess) }),
  });
  const idle = { remove, events, replace: [], start: undefined, status: status(active), againMs: undefined };

  const { spec } = cronJob;
  if (cronJob.metadata.deletionTimestamp !== undefined) return idle;
  const schedule = scheduleOf(cronJob, say);
  if (schedule === undefined || spec.suspend === true) return idle;
  const due = dueTime(cronJob, schedule, nowMs);
  if (due.is === 'never') {
    say('Warning', 'InvalidSchedule', `invalid schedule: ${spec.schedule} : time difference between two schedules is less than 1 second`);
    return idle;
  }
  const later = { ...idle, againMs: nextInMs(cronJob, schedule, nowMs) };
  if (due.atMs === undefined) return later;
  if (due.missed === 'many') {
    say('Warning', 'TooManyMissedTimes', 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew');
  }
  const deadline = spec.startingDeadlineSeconds;
  if (deadline !== undefined && due.atMs + deadline * 1000 < nowMs) {
    say('Warning', 'MissSchedule', `Missed scheduled time to start a job: ${rfc1123(due.atMs)}`);
    return later;
  }
  const draft = jobFor(cronJob, due.atMs);
  const isStarted = active.some(({ name }) => name === draft.metadata.name);
  if (isStarted || parseTime(cronJob.status?.lastScheduleTime) === due.atMs) return later;
  if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    say('Normal', 'JobAlreadyActive', 'Not starting job because prior execution is running and concurrency policy is Forbid');
    return later;
  }
  const replace = spec.concurrencyPolicy === 'Replace' ? active : [];
  const after = { ...cronJob, status: { ...cronJob.status, lastScheduleTime: formatTime(due.atMs) } };
  return {
    ...later,
    replace,
    start: { draft, atMs: due.atMs },
    status: status(replace.length > 0 ? [] : active),
    againMs: nextInMs(after, schedule, nowMs),
  };
}

/** The status once the Job has been started. */
export function startedStatus(status: CronJobStatus, { metadata }: Job, atMs: number): CronJobStatus {
  const { namespace, name, uid, resourceVersion } = metadata;
  const reference: ObjectReference = {
    kind: 'Job',
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid,
    apiVersion: 'batch/v1',
    resourceVersion,
  };
  return { ...status, active: [...(status.active ?? []), reference], lastScheduleTime: formatTime(atMs) };
}

function scheduleOf({ spec }: CronJob, say: (type: Told['type'], reason: string, message: string) => void): Schedule | undefined {
  const { schedule: text, timeZone } = spec;
  if (timeZone !== undefined && parseSchedule('@hourly', timeZone) === undefined) {
    say('Warning', 'UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`);
    return undefined;
  }
  if (spec.suspend === true) return undefined;
  if (text.includes('TZ')) {
    const page = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';
    const words = `CRON_TZ or TZ used in schedule ${JSON.stringify(text)} is not officially supported, see ${page} for more details`;
    say('Warning', 'UnsupportedSchedule', words);
  }
  const schedule = parseSchedule(text, timeZone);
  if (schedule === undefined) say('Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)}`);
  return schedule;
}

/** From when on its times count: the last that was started, or its own creation. */
function earliest({ metadata, status }: CronJob): number {
  return parseTime(status?.lastScheduleTime) ?? parseTime(metadata.creationTimestamp) ?? 0;
}

function dueTime(cronJob: CronJob, schedule: Schedule, nowMs: number): ReturnType<typeof mostRecentTime> {
  const deadline = cronJob.spec.startingDeadlineSeconds;
  const from = deadline === undefined ? earliest(cronJob) : Math.max(earliest(cronJob), nowMs - deadline * 1000);
  return mostRecentTime(schedule, from, nowMs);
}

/**
 * When a CronJob is looked at whose schedule was changed, in milliseconds: not before its next time, though it may have missed earlier ones by the
 * new schedule. Undefined where nothing can be made of the schedule.
 */
export function rescheduledInMs(cronJob: CronJob, nowMs: number): number | undefined {
  const { schedule: text, timeZone } = cronJob.spec;
  const schedule = parseSchedule(text, timeZone);
  return schedule === undefined ? undefined : nextInMs(cronJob, schedule, nowMs);
}

function nextInMs(cronJob: CronJob, schedule: Schedule, nowMs: number): number | undefined {
  const recent = mostRecentTime(schedule, earliest(cronJob), nowMs);
  const from = recent.is === 'never' ? nowMs : (recent.atMs ?? (recent.missed === 'none' ? earliest(cronJob) : nowMs));
  const next = nextTime(schedule, from);
  return next === undefined ? undefined : next + delayMs - nowMs;
}

/** The Job of a time: named by its minute, so that it is made once however often that is tried. */
function jobFor(cronJob: CronJob, atMs: number): Draft<Job> {
  const { namespace, name } = cronJob.metadata;
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  return {
    metadata: {
      name: `${name}-${Math.floor(atMs / 60_000)}`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      annotations: { ...metadata.annotations, [scheduledKey]: zonedTime(cronJob.spec.timeZone ?? 'UTC', atMs) },
      ownerReferences: [controllerReference(cronJob, 'batch/v1', 'CronJob')],
    },
    spec: spec ?? { template: {} },
  };
}

/** The oldest Jobs beyond the history limits. */
function outlived({ spec }: CronJob, jobs: readonly Job[]): readonly Job[] {
  const oldest = (end: 'Complete' | 'Failed', limit: number | undefined): readonly Job[] => {
    const ended = jobs.filter((job) => endOf(job) === end).sort(byStart);
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...oldest('Complete', spec.successfulJobsHistoryLimit), ...oldest('Failed', spec.failedJobsHistoryLimit)];
}

function byStart(a: Job, b: Job): number {
  const [left, right] = [a, b].map(({ status }) => parseTime(status?.startTime) ?? Infinity) as [number, number];
  return left === right ? (a.metadata.name < b.metadata.name ? -1 : 1) : left - right;
}

function rfc1123(instantMs: number): string {
  return new Date(instantMs).toUTCString().replace('GMT', '+0000');
}
