// Owns the life of long-running parts: a group of tasks that is started once, stopped cleanly, and whose failures are never lost.
import type { Log } from './log.ts';

/** Something that runs until it is stopped. `stop` resolves when nothing of it is left running; it is idempotent. */
export interface Service {
  stop(): Promise<void>;
}

/** Owns promises that nobody awaits: each is tracked until it settles, errors are logged, and `stop` aborts and waits for all. */
export class TaskGroup implements Service {
  readonly #tasks = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Aborted when the group stops. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Starts a task. A rejection after the group was stopped is expected (the abort) and dropped; any other is logged as an error. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void {
    const running = (async () => {
      try {
        await task(this.signal);
      } catch (error) {
        if (!this.signal.aborted) this.#log.error(`task failed: ${name}`, { error });
      }
    })();
    this.#tasks.add(running);
    void running.finally(() => this.#tasks.delete(running));
  }

  async stop(): Promise<void> {
    this.#abort.abort(new DOMException('stopped', 'AbortError'));
    while (this.#tasks.size > 0) await Promise.allSettled([...this.#tasks]);
  }
}
