// Owns that no body is waited for longer than it may take. One timer for all: they take equally long, and one a request cost more than most of what it guards.
import { BriefMap } from '../../base/brief-map.ts';
import type { Clock, Timer } from '../../base/clock.ts';

/** Bodies under way, the longest first. */
export class BodyDeadlines {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #mostMs: number;
  readonly #underWay = new BriefMap<object, { readonly dueMs: number; readonly late: () => void }>();
  #timer: Timer | undefined;

  /** Each body may take `mostMs`. */
  constructor(clock: Pick<Clock, 'now' | 'after'>, mostMs: number) {
    this.#clock = clock;
    this.#mostMs = mostMs;
  }

  /** Calls `late`, once, unless `end` comes in time. */
  begin(body: object, late: () => void): void {
    this.#underWay.set(body, { dueMs: this.#clock.now() + this.#mostMs, late });
    this.#timer ??= this.#clock.after(this.#mostMs, () => this.#tell());
  }

  end(body: object): void {
    this.#underWay.delete(body);
  }

  #tell(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (const [body, { dueMs, late }] of this.#underWay) {
      if (dueMs > nowMs) {
        this.#timer = this.#clock.after(dueMs - nowMs, () => this.#tell());
        return;
      }
      this.#underWay.delete(body);
      late();
    }
  }
}
