// Owns how long a failed daemon pod is left on its node before it goes: 1 s, doubling up to 15 min, so that a node that refuses pods is not flooded.
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';

const backoff: Backoff = { baseMs: 1000, factor: 2, maxMs: 15 * 60_000 };
/** A place that was well for so long begins anew. */
const forgetMs = 2 * backoff.maxMs;
const mostKept = 10_000;

/** Rests by place. Bound: 10,000 places, of which the one unused the longest is forgotten. */
export class FailureRest {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  #at(place: string): { readonly count: number; readonly atMs: number } | undefined {
    const found = this.#failures.get(place);
    return found !== undefined && this.#clock.now() - found.atMs <= forgetMs ? found : undefined;
  }

  /** Milliseconds still to wait; 0: none. */
  remainingMs(place: string): number {
    const found = this.#at(place);
    return found === undefined ? 0 : Math.max(0, found.atMs + backoffMs(backoff, found.count) - this.#clock.now());
  }

  /** A failed pod goes now. */
  failed(place: string): void {
    const count = (this.#at(place)?.count ?? 0) + 1;
    this.#failures.delete(place);
    this.#failures.set(place, { count, atMs: this.#clock.now() });
    const oldest = this.#failures.size > mostKept ? this.#failures.keys().next().value : undefined;
    if (oldest !== undefined) this.#failures.delete(oldest);
  }
}
