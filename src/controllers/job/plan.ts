// Owns what a Job does about its pods next: makes, removes, or ends them, or waits. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { isTerminating } from '../pod-facts.ts';
import { remainingForIndexMs, remainingMs } from './failures.ts';
import { firstFree, indexesOf, unionOf } from './indexes.ts';
import { countsPerIndex, isIndexed, isSuspended, replacesOnlyEnded, validIndexOf } from './job-facts.ts';
import { podFor } from './job-pods.ts';
import type { JobView } from './job-view.ts';
import { removalOf } from './removal.ts';

/** At most so many pods are made or removed in one go. */
const burst = 500;

/** What to do about the pods. */
export type PodsPlan =
  | { readonly do: 'nothing' }
  /** What was done before has not been seen yet, or the job is going: its pods are left alone. */
  | { readonly do: 'leave' }
  | { readonly do: 'make'; readonly drafts: readonly Draft<Pod>[] }
  /** Too many: let go of, then deleted; they count as nothing. */
  | { readonly do: 'remove'; readonly pods: readonly Pod[] }
  /** There is a verdict: deleted; they are let go of when counted. */
  | { readonly do: 'end'; readonly pods: readonly Pod[] }
  /** After failures. What is active stays so. */
  | { readonly do: 'wait'; readonly againMs: number };

export function planPods(view: JobView, nowMs: number): PodsPlan {
  const { job, active } = view;
  if (view.verdict !== undefined) return { do: 'end', pods: active };
  if (!view.settled || job.metadata.deletionTimestamp !== undefined) return { do: 'leave' };
  if (isSuspended(job)) return { do: 'remove', pods: removalOf(job, active, active.length) };
  const want = wanted(view);
  const surplus = removalOf(job, active, Math.max(0, active.length - want)).slice(0, burst);
  if (surplus.length > 0) return { do: 'remove', pods: surplus };
  const missing = want - active.length - (replacesOnlyEnded(job) ? view.terminating : 0);
  return missing > 0 ? planMissing(view, missing, nowMs) : { do: 'nothing' };
}

/** How many pods are to be active. */
function wanted({ job, active, succeeded }: JobView): number {
  const { completions, parallelism = 1 } = job.spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

function planMissing(view: JobView, missing: number, nowMs: number): PodsPlan {
  const { job, lastFailed } = view;
  const waitMs = countsPerIndex(job) ? 0 : remainingMs(view.failuresAfter, nowMs);
  if (waitMs > 0) return { do: 'wait', againMs: waitMs };
  const count = Math.min(missing, burst);
  if (!isIndexed(job)) return { do: 'make', drafts: Array.from({ length: count }, () => podFor(job, undefined, undefined)) };
  const free = firstFree(taken(view), count, job.spec.completions ?? 0);
  const waits = free.map((index) => (countsPerIndex(job) ? remainingForIndexMs(lastFailed.get(index), nowMs) : 0));
  const now = free.filter((_, at) => waits[at] === 0);
  if (now.length === 0 && waits.length > 0) return { do: 'wait', againMs: Math.min(...waits) };
  return { do: 'make', drafts: now.map((index) => podFor(job, index, lastFailed.get(index))) };
}

function taken({ job, pods, active, done, failedIndexes = [] }: JobView): ReturnType<typeof unionOf> {
  const busy = replacesOnlyEnded(job) ? [...active, ...pods.filter(isTerminating)] : active;
  return unionOf(done, failedIndexes, indexesOf(busy.flatMap((pod) => validIndexOf(job, pod) ?? [])));
}
