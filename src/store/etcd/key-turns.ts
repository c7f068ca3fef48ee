// Owns the order of transactions of this process that touch the same keys: one after the other, as they came. Those that share no key wait for nobody.
import type { Transaction } from '../store.ts';

/** A transaction's turn: it may begin when `before` has resolved, and ends its turn when disposed. */
export interface Turn extends Disposable {
  readonly before: Promise<unknown> | undefined;
}

/** Who is the last in line for each key. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<void>>();

  take({ compare, writes }: Transaction): Turn {
    const keys = new Set([...compare, ...writes].map(({ key }) => key));
    const { promise, resolve } = Promise.withResolvers<void>();
    const earlier: Promise<void>[] = [];
    for (const key of keys) {
      const last = this.#last.get(key);
      if (last !== undefined) earlier.push(last);
      this.#last.set(key, promise);
    }
    return {
      before: earlier.length === 0 ? undefined : Promise.all(earlier),
      [Symbol.dispose]: () => {
        for (const key of keys) if (this.#last.get(key) === promise) this.#last.delete(key);
        resolve();
      },
    };
  }
}
