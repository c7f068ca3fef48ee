// Owns how long a Job waits after failures before it makes pods again: 10 s, doubling up to 10 min. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import { allFailuresBefore, endedMs } from './job-facts.ts';

const backoff: Backoff = { baseMs: 10_000, factor: 2, maxMs: 600_000 };

/** How many pods failed since the last success, and when the last of them ended. */
export interface FailureRecord {
  readonly count: number;
  readonly lastMs: number;
}

export const noFailures: FailureRecord = { count: 0, lastMs: 0 };

/** The record after more pods ended. A success wipes out what failed before it, or at the same time. */
export function recordAfter(record: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[]): FailureRecord {
  const failures = failed.map(endedMs).sort((a, b) => a - b);
  if (succeeded.length === 0) {
    const last = failures.at(-1);
    return last === undefined ? record : { count: record.count + failures.length, lastMs: last };
  }
  const lastSuccess = Math.max(...succeeded.map(endedMs));
  const since = failures.filter((ms) => ms > lastSuccess);
  return { count: since.length, lastMs: since.at(-1) ?? 0 };
}

/** Milliseconds until pods may be made again; 0: now. */
export function remainingMs({ count, lastMs }: FailureRecord, nowMs: number): number {
  return count === 0 ? 0 : Math.max(0, backoffMs(backoff, count) - Math.max(0, nowMs - lastMs));
}

/** The same for one index, whose last failed pod is known. */
export function remainingForIndexMs(last: Pod | undefined, nowMs: number): number {
  return last === undefined ? 0 : remainingMs({ count: allFailuresBefore(last) + 1, lastMs: endedMs(last) }, nowMs);
}
