// Owns the picture of a Job at one moment: its pods sorted out, what has been reached and failed, and the verdict, if there is one. Pure.
import type { Job, JobCondition } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import { isActive, isReady, isTerminating } from '../pod-facts.ts';
import { type FailureRecord, recordAfter } from './failures.ts';
import { countIndexes, hasIndex, type Indexes, indexesOf, parseIndexes, unionOf } from './indexes.ts';
import { allFailuresBefore, countsPerIndex, endedMs, isFailed, isIndexed, isSuspended, isTracked, validIndexOf } from './job-facts.ts';
import { failsIndex, meaningOf, successOf } from './policies.ts';

/** What is seen. `settled`: what was done to pods has been seen; `letGo`: pods whose finalizer is being taken off. */
export interface Observed {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly settled: boolean;
  readonly letGo: ReadonlySet<string>;
  readonly failures: FailureRecord;
}

/** The picture. */
export interface JobView extends Observed {
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  /** Pods that succeeded, and that failed and count, up to now. */
  readonly succeeded: number;
  readonly failed: number;
  /** Indexes: done by the status, done by now, failed for good (with a limit for each). */
  readonly doneBefore: Indexes;
  readonly done: Indexes;
  readonly failedIndexes: Indexes | undefined;
  /** The last failed pod of each index that is to be tried again: it is kept until the next one has its count. */
  readonly lastFailed: ReadonlyMap<number, Pod>;
  readonly failuresAfter: FailureRecord;
  readonly verdict: JobCondition | undefined;
  readonly deadlineInMs: number | undefined;
}

/** A condition as of now. */
export function conditionOf(type: string, status: string, reason: string, message: string, nowMs: number): JobCondition {
  const now = formatTime(nowMs);
  return { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
}

export function viewOf(observed: Observed, nowMs: number): JobView {
  const { job, pods, letGo } = observed;
  const status = job.status ?? {};
  const uncounted = new Set([...(status.uncountedTerminatedPods?.succeeded ?? []), ...(status.uncountedTerminatedPods?.failed ?? [])]);
  const isNew = (pod: Pod): boolean =>
    isTracked(pod) &&
    !uncounted.has(pod.metadata.uid) &&
    !letGo.has(pod.metadata.uid) &&
    (!isIndexed(job) || validIndexOf(job, pod) !== undefined);
  const newSucceeded = pods.filter((pod) => isNew(pod) && pod.status?.phase === 'Succeeded');
  const newFailed = pods.filter((pod) => isNew(pod) && isFailed(job, pod));
  const completions = job.spec.completions ?? 0;
  const doneBefore = isIndexed(job) ? parseIndexes(status.completedIndexes, completions) : [];
  const doneNow = pods.filter((pod) => pod.status?.phase === 'Succeeded' && isTracked(pod)).flatMap((pod) => validIndexOf(job, pod) ?? []);
  const done = isIndexed(job) ? unionOf(doneBefore, indexesOf(doneNow)) : [];
  const failedNow = (): readonly number[] =>
    pods.filter((pod) => isTracked(pod) && failsIndex(job, pod)).flatMap((pod) => validIndexOf(job, pod) ?? []);
  const failedIndexes = countsPerIndex(job) ? unionOf(parseIndexes(status.failedIndexes, completions), indexesOf(failedNow())) : undefined;
  const active = pods.filter(isActive);
  const counts = {
    succeeded: isIndexed(job)
      ? countIndexes(done)
      : (status.succeeded ?? 0) + newSucceeded.length + (status.uncountedTerminatedPods?.succeeded?.length ?? 0),
    failed:
      (status.failed ?? 0) +
      newFailed.filter((pod) => meaningOf(job, pod).counts).length +
      (status.uncountedTerminatedPods?.failed?.length ?? 0),
  };
  const started = isSuspended(job) ? undefined : (parseTime(status.startTime) ?? nowMs);
  const limitMs = job.spec.activeDeadlineSeconds === undefined ? undefined : job.spec.activeDeadlineSeconds * 1000;
  const deadlineInMs = started === undefined || limitMs === undefined ? undefined : started + limitMs - nowMs;
  const view = { ...observed, active, doneBefore, done, failedIndexes, ...counts, deadlineInMs };
  return {
    ...view,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    failuresAfter: recordAfter(observed.failures, newSucceeded, newFailed),
    lastFailed: failedIndexes === undefined ? new Map() : lastFailedPods(view),
    verdict: verdictOf(view, nowMs),
  };
}

type Facts = Pick<JobView, 'job' | 'pods' | 'active' | 'done' | 'failedIndexes' | 'failed' | 'deadlineInMs' | 'letGo'>;

function lastFailedPods({ job, pods, active, done, failedIndexes, letGo }: Facts): ReadonlyMap<number, Pod> {
  const running = indexesOf(active.flatMap((pod) => validIndexOf(job, pod) ?? []));
  const settled = unionOf(done, failedIndexes ?? [], running);
  const last = new Map<number, Pod>();
  for (const pod of pods) {
    const index = validIndexOf(job, pod);
    if (index === undefined || !isTracked(pod) || letGo.has(pod.metadata.uid) || !isFailed(job, pod) || hasIndex(settled, index)) continue;
    const other = last.get(index);
    if (other === undefined || (allFailuresBefore(other) <= allFailuresBefore(pod) && endedMs(pod) >= endedMs(other))) last.set(index, pod);
  }
  return last;
}

function verdictOf({ job, pods, done, failedIndexes, failed, deadlineInMs }: Facts, nowMs: number): JobCondition | undefined {
  const told = (type: string): JobCondition | undefined =>
    job.status?.conditions?.find((one) => one.type === type && one.status === 'True');
  const met = told('SuccessCriteriaMet');
  if (met !== undefined) return met;
  const target = told('FailureTarget');
  if (target !== undefined) return conditionOf('Failed', 'True', target.reason ?? '', target.message ?? '', nowMs);
  const fails = (reason: string, message: string): JobCondition => conditionOf('FailureTarget', 'True', reason, message, nowMs);
  for (const pod of pods) {
    const message = isFailed(job, pod) ? meaningOf(job, pod).failsJob : undefined;
    if (message !== undefined) return fails('PodFailurePolicy', message);
  }
  if (failed > (job.spec.backoffLimit ?? 0) || isPastRestarts(job, pods)) {
    return fails('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  if (deadlineInMs !== undefined && deadlineInMs <= 0) return fails('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (failedIndexes !== undefined) {
    const lost = countIndexes(failedIndexes);
    if (job.spec.maxFailedIndexes !== undefined && lost > job.spec.maxFailedIndexes) {
      return fails('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    }
    if (lost > 0 && lost + countIndexes(done) >= (job.spec.completions ?? 0)) return fails('FailedIndexes', 'Job has failed indexes');
  }
  const success = isIndexed(job) ? successOf(job, done) : undefined;
  return success === undefined ? undefined : conditionOf('SuccessCriteriaMet', 'True', 'SuccessPolicy', success, nowMs);
}

/** Containers that start again in their pod count as well, where they do. */
function isPastRestarts({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const alive = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending');
  const statuses = alive.flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  const limit = spec.backoffLimit ?? 0;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}
