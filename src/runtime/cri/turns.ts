// Owns how many starts a runtime has in hand at once: the rest wait for their turn, those that finish what is begun before those that begin something new.
import { availableParallelism } from 'node:os';
import type { Clock } from '../../base/clock.ts';

/** How many a machine that does nothing else should have: four a processor keep it busy while some wait for the disk or the kernel; of a hundred at once each costs a quarter more. */
export const startsAtOnce = 4 * availableParallelism();

/** A start that takes longer than this waits for something else than the processor, and must not keep others from theirs. */
const slowMs = 5000;

/** At most so many pieces of work under way. Bound on those that wait: what the callers have. */
export class Turns {
  readonly #atOnce: number;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #begun: (() => void)[] = [];
  readonly #fresh: (() => void)[] = [];
  #underway = 0;

  /** `atOnce` of 1 or more; Infinity: nobody waits. */
  constructor(atOnce: number, clock: Pick<Clock, 'after'>) {
    this.#atOnce = atOnce;
    this.#clock = clock;
  }

  /** Does the work when it is its turn: `begun` work first, each kind in the order of the calls. What takes more than 5 s counts no longer. */
  async run<T>(kind: 'begun' | 'fresh', work: () => Promise<T>): Promise<T> {
    if (this.#underway >= this.#atOnce) await new Promise<void>((resolve) => (kind === 'begun' ? this.#begun : this.#fresh).push(resolve));
    else this.#underway++;
    let counts = true;
    const leave = (): void => {
      if (!counts) return;
      counts = false;
      // Whoever is next takes the place over, so that nobody who comes now gets in between.
      const next = this.#begun.shift() ?? this.#fresh.shift();
      if (next === undefined) this.#underway--;
      else next();
    };
    using _slow = this.#clock.after(slowMs, leave);
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
