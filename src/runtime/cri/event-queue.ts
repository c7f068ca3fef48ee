// Owns the bounded queue between a runtime's event stream and its reader. What does not fit becomes one `resync`.
import type { RuntimeEvent } from '../runtime.ts';

/** Events on their way to one reader, in order. At most `bound` wait; one more and all of them are replaced by `resync`. */
export class EventQueue {
  readonly #bound: number;
  #events: RuntimeEvent[] = [];
  #wake: (() => void) | undefined;

  constructor(bound = 4096) {
    this.#bound = bound;
  }

  push(event: RuntimeEvent): void {
    if (this.#events.length >= this.#bound || (event.type === 'resync' && this.#events.length > 0)) this.#events = [{ type: 'resync' }];
    else this.#events.push(event);
    this.#wake?.();
  }

  /** Yields what comes until the signal aborts. One reader only. */
  async *read(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const onAbort = (): void => this.#wake?.();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      while (!signal.aborted) {
        const event = this.#events.shift();
        if (event !== undefined) yield event;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
