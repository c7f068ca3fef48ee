// Owns how thresholds that are met now, and were before, add up to the node's pressures and to the one that is acted on. Pure.
import { leastOf, metThresholds, type Observations, pressureOf, type Threshold } from './signals.ts';

/** A pressure stays for so long after its threshold was met last (upstream's evictionPressureTransitionPeriod). */
export const transitionMs = 300_000;

export interface PressureState {
  /** Since when each threshold has been met, by its place in the list. */
  readonly metSinceMs: ReadonlyMap<number, number>;
  /** When each pressure was seen last. */
  readonly seenAtMs: Readonly<Partial<Record<'memory' | 'disk' | 'pid', number>>>;
}

export const noPressure: PressureState = { metSinceMs: new Map(), seenAtMs: {} };

/** The state after another look. */
export function observePressure(
  state: PressureState,
  thresholds: readonly Threshold[],
  observations: Observations,
  nowMs: number,
): PressureState {
  const met = new Set(metThresholds(thresholds, observations));
  const metSinceMs = new Map<number, number>();
  const seenAtMs = { ...state.seenAtMs };
  thresholds.forEach((threshold, index) => {
    if (!met.has(threshold)) return;
    metSinceMs.set(index, state.metSinceMs.get(index) ?? nowMs);
    seenAtMs[pressureOf[threshold.signal]] = nowMs;
  });
  return { metSinceMs, seenAtMs };
}

/** Whether the node is under a pressure: now, or a short while ago. */
export function isUnder(state: PressureState, pressure: 'memory' | 'disk' | 'pid', nowMs: number): boolean {
  const seen = state.seenAtMs[pressure];
  return seen !== undefined && nowMs - seen < transitionMs;
}

/** The threshold to act on: one that was met for its grace, memory first, then in the order of the list. */
export function actOn(
  state: PressureState,
  thresholds: readonly Threshold[],
  observations: Observations,
  nowMs: number,
): Threshold | undefined {
  const due = thresholds.filter((threshold, index) => {
    const since = state.metSinceMs.get(index);
    const observed = observations.get(threshold.signal);
    return (
      since !== undefined &&
      nowMs - since >= threshold.graceMs &&
      observed !== undefined &&
      observed.available < leastOf(threshold, observed.capacity)
    );
  });
  return due.find(({ signal }) => signal === 'memory.available') ?? due[0];
}
