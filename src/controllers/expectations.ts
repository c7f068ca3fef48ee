// Owns what a controller has done and not yet seen: until its watch has shown it, or five minutes have passed, it does no more.
import type { Clock } from '../base/clock.ts';

/** After this time what was not seen is given up. */
const timeoutMs = 5 * 60_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly sinceMs: number;
}

/** Expectations by the key of the owner. Bound: one entry an owner; `forget` when the owner is gone. */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says what is about to be done: so many creations, and deletions by uid. Replaces what was expected before. */
  expect(key: string, creations: number, deletions: readonly string[]): void {
    this.#expected.set(key, { creations, deletions: new Set(deletions), sinceMs: this.#clock.now() });
  }

  /** A creation was seen, or will never be. */
  created(key: string): void {
    const expected = this.#expected.get(key);
    if (expected !== undefined) expected.creations--;
  }

  /** A deletion was seen (its mark is enough), or will never be. */
  deleted(key: string, uid: string): void {
    this.#expected.get(key)?.deletions.delete(uid);
  }

  /** Milliseconds until it may act whatever was seen; 0: now. */
  remainingMs(key: string): number {
    const expected = this.#expected.get(key);
    if (expected === undefined || (expected.creations <= 0 && expected.deletions.size === 0)) return 0;
    return Math.max(0, expected.sinceMs + timeoutMs - this.#clock.now());
  }

  forget(key: string): void {
    this.#expected.delete(key);
  }
}
