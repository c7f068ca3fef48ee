// Owns the queue of keys between "something changed" and "reconcile it": deduplicated, one worker a key at a time, delayed by back-off.
import { type Backoff, backoffMs } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';

/** Kubernetes' rate limit for failing items: 5 ms doubling to 1,000 s. */
export const itemBackoff: Backoff = { baseMs: 5, factor: 2, maxMs: 1_000_000 };

/**
 * A set of keys waiting for work. A key added while it is being worked on is handed out again afterwards, never twice at once.
 * Order: first in, first out. Bound: the number of distinct keys.
 */
export class WorkQueue<K> {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #waiting = new Set<K>();
  readonly #active = new Set<K>();
  readonly #again = new Set<K>();
  readonly #failures = new Map<K, number>();
  readonly #delayed = new Map<K, { readonly atMs: number; readonly timer: Timer }>();
  readonly #takers: ((key: K | undefined) => void)[] = [];
  #closed = false;

  constructor(clock: Clock, backoff: Backoff = itemBackoff) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Keys ready to be handed out. */
  get size(): number {
    return this.#waiting.size;
  }

  add(key: K): void {
    if (this.#closed) return;
    if (this.#active.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      this.#active.add(key);
      taker(key);
    } else this.#waiting.add(key);
  }

  /** Adds the key `delayMs` from now; of several delays for one key the earliest counts. */
  addAfter(key: K, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) return this.add(key);
    const atMs = this.#clock.now() + delayMs;
    const pending = this.#delayed.get(key);
    if (pending !== undefined && pending.atMs <= atMs) return;
    pending?.timer[Symbol.dispose]();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  /** Adds the key after its back-off; each call lengthens it until `forget`. */
  retry(key: K): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.addAfter(key, backoffMs(this.#backoff, failures));
  }

  /** How often in a row the key was retried. */
  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** The next key, or undefined once the queue is closed. The taker must call `done(key)` when it has finished. */
  take(): Promise<K | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#active.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: K): void {
    this.#active.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}

/**
 * Works a queue with `workers` workers until it is closed: failures are retried with back-off, successes forgotten. A key that has been
 * retried `mostRetries` times in a row is given up until it is added again.
 */
export async function workOff<K>(
  queue: WorkQueue<K>,
  workers: number,
  work: (key: K) => Promise<void>,
  onError: (key: K, error: unknown) => void,
  mostRetries = Number.POSITIVE_INFINITY,
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      try {
        await work(key);
        queue.forget(key);
      } catch (error) {
        onError(key, error);
        if (queue.failures(key) < mostRetries) queue.retry(key);
        else queue.forget(key);
      } finally {
        queue.done(key);
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}
