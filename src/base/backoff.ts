// Owns exponential back-off as a pure function of how often something failed.

/** A back-off: the first wait, what each further failure multiplies it by, and the longest wait. Milliseconds. */
export interface Backoff {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** How long to wait after `failures` failures in a row (0 failures: no wait). */
export function backoffMs(backoff: Backoff, failures: number): number {
  if (failures <= 0) return 0;
  return Math.min(backoff.maxMs, backoff.baseMs * backoff.factor ** (failures - 1));
}
