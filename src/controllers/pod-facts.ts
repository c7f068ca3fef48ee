// Owns what controllers read off a pod: active, terminating, ready, available, how often restarted. Pure.
import type { Pod } from '../api/core/v1.ts';
import { parseTime } from '../base/time.ts';

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Neither ended nor going. */
export function isActive(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Going, and not yet ended. */
export function isTerminating(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/** Condition Ready is True. */
export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

/** Since when it is ready (milliseconds since the epoch); undefined where it is not, or does not say. */
export function readySinceMs(pod: Pod): number | undefined {
  return isReady(pod) ? parseTime(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime) : undefined;
}

/** How long until it has been ready for `minReadySeconds`: 0 where it has, undefined where it is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const sinceMs = readySinceMs(pod);
  return sinceMs === undefined ? undefined : Math.max(0, sinceMs + minReadySeconds * 1000 - nowMs);
}

/** The most often that one of its containers was restarted. */
export function mostRestarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount ?? 0));
}
