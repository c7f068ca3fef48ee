// Owns bringing what a runtime says of instants into the kubelet's own time: the runtime reads the wall clock, which may step back. Pure.
import type { ContainerStatus } from '../../runtime/runtime.ts';

/** Both read the same machine's clock: more than this between them is a step. */
const agreementMs = 1000;
/** What was asked for has begun within this time. */
const startMs = 60_000;

/** What is known beside what the runtime says. */
export interface OwnTime {
  readonly nowMs: number;
  /** What was said of the same instance before. */
  readonly before: ContainerStatus | undefined;
  /** When the kubelet asked for the instance to be made; undefined where it was there already. */
  readonly askedMs: number | undefined;
}

/**
 * The status with instants that fit together: none in the future, no end before its start, none that changes once it was told, and what was just
 * asked for has just begun. Without a step of the wall clock that is what the runtime says.
 */
export function inOwnTime(status: ContainerStatus, { nowMs, before, askedMs }: OwnTime): ContainerStatus {
  const past = (atMs: number): number => (atMs > nowMs + agreementMs ? nowMs : atMs);
  const begun = (atMs: number, knownMs: number | undefined): number => {
    if (knownMs !== undefined && knownMs > 0) return knownMs;
    if (atMs <= 0) return atMs;
    return askedMs !== undefined && atMs < askedMs - startMs ? askedMs : past(atMs);
  };
  const createdAtMs = begun(status.createdAtMs, before?.createdAtMs);
  const startedAtMs = begun(status.startedAtMs, before?.startedAtMs);
  const endedMs = before?.state === 'exited' && before.finishedAtMs > 0 ? before.finishedAtMs : past(status.finishedAtMs);
  const impossible = endedMs > 0 && endedMs < Math.max(createdAtMs, startedAtMs) - agreementMs;
  return { ...status, createdAtMs, startedAtMs, finishedAtMs: impossible ? nowMs : endedMs };
}
