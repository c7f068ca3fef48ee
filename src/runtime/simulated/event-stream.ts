// Owns the events of a simulated runtime on their way to those who listen. A listener that falls behind is told to look at everything.
import type { RuntimeEvent } from '../runtime.ts';

const most = 10_000;

/** Tells every listener what happens, in order. */
export class EventStream {
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();

  tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Listens from now on: nothing told after this call is missed, even before the first read. Ends when the signal aborts. */
  listen(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    let pending: RuntimeEvent[] = [];
    let wake = (): void => {};
    const listener = (event: RuntimeEvent): void => {
      if (pending.length >= most) pending = [{ type: 'resync' }];
      else pending.push(event);
      wake();
    };
    const listeners = this.#listeners;
    if (!signal.aborted) listeners.add(listener);
    signal.addEventListener('abort', () => {
      listeners.delete(listener);
      wake();
    });
    return {
      async *[Symbol.asyncIterator]() {
        try {
          while (!signal.aborted) {
            const event = pending.shift();
            if (event !== undefined) yield event;
            else {
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
            }
          }
        } finally {
          listeners.delete(listener);
        }
      },
    };
  }
}
