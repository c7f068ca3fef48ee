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

const longestTimerMs = 2 ** 31 - 1;
const originMs = performance.timeOrigin;

/** The machine's clock: wall time, made monotonic, so that a step back of the system clock never shows. */
export const systemClock: Clock = {
  now: () => Math.floor(originMs + performance.now()),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), longestTimerMs));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

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
