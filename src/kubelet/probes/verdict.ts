// Owns how single probe results add up to a verdict: thresholds in a row. Pure.
import type { Probe } from '../../api/core/v1.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** What one try said. `unknown`: the probe itself could not be made, which counts for nothing. */
export type ProbeResult = 'success' | 'failure' | 'unknown';

/** A probe's standing: the verdict so far and the results in a row that may change it. */
export interface Standing {
  readonly verdict: 'pending' | 'passed' | 'failed';
  readonly last: ProbeResult | undefined;
  readonly inRow: number;
}

export const fresh: Standing = { verdict: 'pending', last: undefined, inRow: 0 };

/** The standing after one more result. */
export function judge(standing: Standing, result: ProbeResult, probe: Probe): Standing {
  if (result === 'unknown') return standing;
  const inRow = standing.last === result ? standing.inRow + 1 : 1;
  const threshold = result === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  const verdict = inRow < threshold ? standing.verdict : result === 'success' ? 'passed' : 'failed';
  return { verdict, last: result, inRow };
}

/**
 * When the next try is due: at first after the initial delay, then each period. What may kill a container first looks after a period, where no
 * delay is given: upstream's first look comes at a moment of the first period that nobody knows.
 */
export function nextTryAtMs(kind: ProbeKind, probe: Probe, startedAtMs: number, lastTryAtMs: number | undefined): number {
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
  const firstMs = startedAtMs + (delayMs === 0 && kind !== 'readiness' ? periodMs : delayMs);
  return lastTryAtMs === undefined ? firstMs : Math.max(firstMs, lastTryAtMs + periodMs);
}

/** A startup probe is tried at once too, so that what is up at once is ready at once; that it is not up yet counts for nothing then. */
export function triesEarly(kind: ProbeKind, probe: Probe): boolean {
  return kind === 'startup' && (probe.initialDelaySeconds ?? 0) === 0;
}
