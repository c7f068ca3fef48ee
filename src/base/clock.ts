// Owns the one door to time: the Clock interface and the system's clock. Nothing outside the edge reads time any other way.

/** A pending timer. Disposing it is idempotent and guarantees that its callback will not run afterwards. */
export interface Timer {
  [Symbol.dispose](): void;
}

/** Time as an input. All instants are milliseconds since the Unix epoch, all durations are milliseconds. */
export interface Clock {
  /** The present instant. Never goes backwards within one process. */
  now(): number;
  /** Runs `callback` once, `delayMs` from now (negative counts as 0). Does not keep the process alive by itself. */
  after(delayMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The wall clock runs ahead by less than this all the time, as it is set right in small steps. */
const smallStepMs = 2000;
const comparedEveryMs = 250;
/** Timers are looked at so often, since a step forward may have made them due. */
const longestSliceMs = 30_000;

/** Where a clock of a machine gets its time from: milliseconds since the epoch, and milliseconds that never go backwards. */
export interface TimeSources {
  wall(): number;
  steady(): number;
}

/**
 * A machine's clock: wall time that never goes backwards. Where the wall clock steps forward (it was wrong, or the machine slept), this one follows,
 * and timers that have become due run within 30 s. Where it steps back, this one goes on from where it was, ahead of the wall.
 */
export function steppedClock({ wall, steady }: TimeSources): Clock {
  let offsetMs = wall() - steady();
  let comparedMs = steady();
  const now = (): number => {
    const steadyMs = steady();
    // It is asked for often, and the two need not be compared each time.
    if (steadyMs - comparedMs >= comparedEveryMs) {
      comparedMs = steadyMs;
      const aheadMs = wall() - steadyMs - offsetMs;
      if (aheadMs > smallStepMs) offsetMs += aheadMs;
    }
    return Math.floor(steadyMs + offsetMs);
  };
  const after = (delayMs: number, callback: () => void): Timer => {
    // Most timers are short: those need not ask for the time.
    if (delayMs <= longestSliceMs) {
      const timer = setTimeout(callback, Math.max(0, delayMs)).unref();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    }
    const dueMs = now() + delayMs;
    const look = (): void => {
      const leftMs = dueMs - now();
      if (leftMs <= 0) callback();
      else timer = setTimeout(look, Math.min(leftMs, longestSliceMs)).unref();
    };
    let timer = setTimeout(look, longestSliceMs).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  };
  const clock: Clock = {
    now,
    after,
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}

/** The machine's clock. */
export const systemClock: Clock = steppedClock({ wall: () => Date.now(), steady: () => performance.now() });

/** `Clock.sleep` in terms of `Clock.after`, for implementations of Clock. */
export function sleepOn(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
