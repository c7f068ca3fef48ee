// Owns a Job's status in its three steps: what to write before finalizers come off, what after, and when it is finished. Pure.
import type { Job, JobCondition, JobStatus } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { formatTime } from '../../base/time.ts';
import { countIndexes, formatIndexes, hasIndex } from './indexes.ts';
import { isFailed, isIndexed, isSuspended, isTracked, validIndexOf } from './job-facts.ts';
import { conditionOf, type JobView } from './job-view.ts';
import type { PodsPlan } from './plan.ts';
import { meaningOf } from './policies.ts';

/** At most so many pods are on their way to be counted. */
const mostUncounted = 500;

/** How it stands after the pods were seen to. */
export interface Outcome {
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
  /** All that was to be deleted has been: only then may there be a verdict. */
  readonly ended: boolean;
}

/** Something to tell of the job. */
export interface Told {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The first step: the status to write, whether it differs from what is there, whose finalizer comes off then, and the verdict to show in the end. */
export interface Counting {
  readonly status: JobStatus;
  readonly differs: boolean;
  readonly release: readonly Pod[];
  readonly verdict: JobCondition | undefined;
  readonly events: readonly Told[];
}

function withoutZeros(status: JobStatus): JobStatus {
  const { active, succeeded, failed, completedIndexes, ...rest } = status;
  return {
    ...rest,
    ...(active ? { active } : {}),
    ...(succeeded ? { succeeded } : {}),
    ...(failed ? { failed } : {}),
    ...(completedIndexes ? { completedIndexes } : {}),
  };
}

function ensured(conditions: readonly JobCondition[], next: JobCondition): readonly JobCondition[] {
  const current = conditions.find(({ type }) => type === next.type);
  if (current === undefined) return next.status === 'False' ? conditions : [...conditions, next];
  const same = current.status === next.status && current.reason === next.reason && current.message === next.message;
  return same ? conditions : conditions.map((one) => (one === current ? next : one));
}

/** Whether all the work is done. */
function isComplete({ job, succeeded }: JobView, active: number): boolean {
  return active === 0 && (job.spec.completions === undefined ? succeeded > 0 : succeeded >= job.spec.completions);
}

/** Plans the first step. */
export function planCounting(view: JobView, plan: PodsPlan, outcome: Outcome, nowMs: number): Counting {
  const { job } = view;
  const events: Told[] = [];
  let status: JobStatus = {
    ...job.status,
    ...(job.status?.startTime === undefined && !isSuspended(job) ? { startTime: formatTime(nowMs) } : {}),
    active: outcome.active,
    ready: outcome.ready,
    terminating: outcome.terminating,
  };
  let verdict = plan.do === 'end' && !outcome.ended ? undefined : view.verdict;
  if (plan.do !== 'end' && isComplete(view, outcome.active)) {
    verdict = conditionOf('SuccessCriteriaMet', 'True', 'CompletionsReached', 'Reached expected number of succeeded pods', nowMs);
  } else if (plan.do !== 'end' && plan.do !== 'leave') status = suspension(job, status, events, nowMs);

  const { status: counted, release, full } = count(view, status, verdict);
  const conditions = counted.conditions ?? [];
  const interim = verdict?.type === 'FailureTarget' || verdict?.type === 'SuccessCriteriaMet';
  const next = withoutZeros({ ...counted, ...(verdict !== undefined && interim ? { conditions: ensured(conditions, verdict) } : {}) });
  const finalType = verdict?.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
  return {
    status: next,
    // A start alone is not worth a write: it comes with the first that is.
    differs:
      !sameValue({ ...withoutZeros(job.status ?? {}), startTime: undefined }, { ...next, startTime: undefined }) ||
      job.status?.ready === undefined,
    release,
    verdict: full ? undefined : verdict && conditionOf(finalType, 'True', verdict.reason ?? '', verdict.message ?? '', nowMs),
    events,
  };
}

function suspension(job: Job, status: JobStatus, events: Told[], nowMs: number): JobStatus {
  const suspended = isSuspended(job);
  const next = suspended
    ? conditionOf('Suspended', 'True', 'JobSuspended', 'Job suspended', nowMs)
    : conditionOf('Suspended', 'False', 'JobResumed', 'Job resumed', nowMs);
  const before = status.conditions ?? [];
  const conditions = ensured(before, next);
  if (conditions === before) return status;
  events.push({ type: 'Normal', reason: suspended ? 'Suspended' : 'Resumed', message: next.message ?? '' });
  const { startTime: _stopped, ...rest } = status;
  return { ...rest, conditions, ...(suspended ? {} : { startTime: formatTime(nowMs) }) };
}

/** Ended pods go among the uncounted (or, where indexes count, straight into those), and may be let go of. */
function count(
  view: JobView,
  before: JobStatus,
  verdict: JobCondition | undefined,
): { readonly status: JobStatus; readonly release: readonly Pod[]; readonly full: boolean } {
  const { job, letGo } = view;
  const tracked = view.pods.filter((pod) => isTracked(pod) && !letGo.has(pod.metadata.uid));
  const held = new Set(tracked.map(({ metadata }) => metadata.uid));
  const cleaned = planCounted(before, held).status;
  const succeeded = [...(cleaned.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(cleaned.uncountedTerminatedPods?.failed ?? [])];
  let newIndexes = 0;
  const release: Pod[] = [];
  const isFull = (): boolean => newIndexes + succeeded.length + failed.length >= mostUncounted;
  for (const pod of tracked) {
    if (isFull()) break;
    const isLost = isFailed(job, pod);
    if (!mayLetGo(view, pod, isLost, verdict)) continue;
    release.push(pod);
    const { uid } = pod.metadata;
    const index = validIndexOf(job, pod);
    if (pod.status?.phase === 'Succeeded' && !failed.includes(uid)) {
      if (!isIndexed(job)) {
        if (!succeeded.includes(uid)) succeeded.push(uid);
      } else if (index !== undefined && !hasIndex(view.doneBefore, index)) newIndexes++;
    } else if (isLost || (verdict !== undefined && verdict.type !== 'SuccessCriteriaMet')) {
      if (!failed.includes(uid) && (!isIndexed(job) || index !== undefined) && meaningOf(job, pod).counts) failed.push(uid);
    }
  }
  const indexed = { succeeded: countIndexes(view.done), completedIndexes: formatIndexes(view.done) };
  const uncountedTerminatedPods = {
    ...(succeeded.length === 0 ? {} : { succeeded }),
    ...(failed.length === 0 ? {} : { failed }),
  };
  return {
    status: {
      ...cleaned,
      ...(isIndexed(job) ? indexed : {}),
      ...(view.failedIndexes === undefined ? {} : { failedIndexes: formatIndexes(view.failedIndexes) }),
      uncountedTerminatedPods,
    },
    release,
    full: isFull(),
  };
}

/** A pod is let go of when it ended or the job does, but for the last failed one of an index that is to be tried again. */
function mayLetGo({ job, lastFailed }: JobView, pod: Pod, isLost: boolean, verdict: JobCondition | undefined): boolean {
  if (job.metadata.deletionTimestamp !== undefined || verdict !== undefined || pod.status?.phase === 'Succeeded') return true;
  const index = validIndexOf(job, pod);
  return isLost && !(index !== undefined && lastFailed.get(index)?.metadata.uid === pod.metadata.uid);
}

/** The second step: pods without finalizer are counted. `held`: the uids of those that still have it. */
export function planCounted(status: JobStatus, held: ReadonlySet<string>): { readonly status: JobStatus; readonly differs: boolean } {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = { succeeded: succeeded.filter((uid) => held.has(uid)), failed: failed.filter((uid) => held.has(uid)) };
  const counted = { succeeded: succeeded.length - left.succeeded.length, failed: failed.length - left.failed.length };
  if (counted.succeeded + counted.failed === 0) return { status, differs: false };
  const next = {
    ...status,
    succeeded: (status.succeeded ?? 0) + counted.succeeded,
    failed: (status.failed ?? 0) + counted.failed,
    uncountedTerminatedPods: {
      ...(left.succeeded.length === 0 ? {} : { succeeded: left.succeeded }),
      ...(left.failed.length === 0 ? {} : { failed: left.failed }),
    },
  };
  return { status: withoutZeros(next), differs: true };
}

/** The third step: finished, once nothing is uncounted or on its way out. Undefined where it is not. */
export function planEnd(
  job: Job,
  status: JobStatus,
  verdict: JobCondition | undefined,
  nowMs: number,
): { readonly status: JobStatus; readonly events: readonly Told[] } | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (verdict === undefined || succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0) return undefined;
  const { reason = '', message = '' } = verdict;
  const complete = verdict.type === 'Complete';
  const conditions = ensured(status.conditions ?? [], verdict);
  const tooMany = complete && job.spec.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions;
  const events: readonly Told[] = complete
    ? [
        ...(tooMany
          ? [
              {
                type: 'Warning',
                reason: 'TooManySucceededPods',
                message: 'Too many succeeded pods running after completion count reached',
              } as const,
            ]
          : []),
        { type: 'Normal', reason: 'Completed', message: 'Job completed' },
      ]
    : [{ type: 'Warning', reason, message }];
  return { status: { ...status, conditions, ...(complete ? { completionTime: formatTime(nowMs) } : {}) }, events };
}
