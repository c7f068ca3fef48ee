// Owns when a finished Job has outlived its ttlSecondsAfterFinished. Pure.
import type { Job } from '../../api/batch/v1.ts';
import { parseTime } from '../../base/time.ts';

/** Milliseconds until the job is to be deleted: 0 where it is due; undefined where it is not finished, has no such time, or is going already. */
export function expiresInMs({ metadata, spec, status }: Job, nowMs: number): number | undefined {
  const ttl = spec.ttlSecondsAfterFinished;
  if (ttl === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const end = status?.conditions?.find((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True');
  const endedMs = parseTime(end?.lastTransitionTime);
  return endedMs === undefined ? undefined : Math.max(0, endedMs + ttl * 1000 - nowMs);
}
