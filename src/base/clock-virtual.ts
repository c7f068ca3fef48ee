// Owns virtual time: a Clock that stands still until no promise is left to settle, and then jumps to the next timer. No I/O may wait on it.
import { type Clock, sleepOn, type Timer } from './clock.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock under the caller's control. Timers due at the same instant run in the order they were set. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<Due>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(due);
    return { [Symbol.dispose]: () => void this.#timers.delete(due) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Lets `durationMs` pass: runs every timer due in it, letting promises settle before and after each. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      await settle();
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.#fire(next);
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** The clock steps forward by so much at once, as after a machine's sleep: what became due meanwhile runs as time next passes, late. */
  step(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  /** Runs timers until `condition` holds. Throws when `limitMs` of virtual time passed or no timer is left. */
  async until(condition: () => boolean | Promise<boolean>, limitMs = 3_600_000): Promise<void> {
    const endMs = this.#nowMs + limitMs;
    for (;;) {
      await settle();
      if (await condition()) return;
      const next = this.#next();
      if (next === undefined) throw new Error('virtual time: nothing is left to happen, and the condition does not hold');
      if (next.atMs > endMs) throw new Error(`virtual time: the condition did not hold within ${limitMs} ms`);
      this.#fire(next);
    }
  }

  #next(): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#timers) {
      if (first === undefined || due.atMs < first.atMs || (due.atMs === first.atMs && due.order < first.order)) first = due;
    }
    return first;
  }

  #fire(due: Due): void {
    this.#timers.delete(due);
    this.#nowMs = Math.max(this.#nowMs, due.atMs);
    due.callback();
  }
}

/** Waits until the microtasks and immediates that are under way have run: a bounded number of turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
