// Owns events on their way to the API: written one after the other, floods giving way, tried again where nobody answers. It never fails its caller.
import { StatusError } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';

/** One write that waits: what its event is about, for the log. */
export interface Outgoing {
  readonly reason: string;
  readonly about: string;
  write(signal: AbortSignal): Promise<void>;
}

const maxWaiting = 10_000;
/** With more than so many waiting, events give way: one is written each turn of the loop, so that a flood of them holds up nothing else. */
const flood = 32;
const maxTries = 12;
const retryMs = 10_000;

/**
 * Writes events in the order they were added. Bounds: 10,000 wait (the newest is dropped and logged), 12 tries 10 s apart where the server
 * cannot be reached; any answer of the server is the end.
 */
export class EventOutbox implements Service {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tasks: TaskGroup;
  #queue: Outgoing[] = [];
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#tasks = new TaskGroup(log);
  }

  /** Whether another event would be taken. What is not is counted and logged: one line for the first, one for all once there is room again. */
  takes({ reason, about }: Pick<Outgoing, 'reason' | 'about'>): boolean {
    if (this.#tasks.signal.aborted) return false;
    if (this.#queue.length < maxWaiting) return true;
    if (this.#dropped++ === 0) this.#log.warn('event dropped: too many wait', { reason, about });
    return false;
  }

  add(outgoing: Outgoing): void {
    this.#queue.push(outgoing);
    if (this.#writing !== undefined) return;
    const writing = this.#drain(this.#tasks.signal).finally(() => {
      this.#writing = undefined;
      if (this.#dropped > 1) this.#log.warn('events dropped: too many waited', { dropped: this.#dropped });
      this.#dropped = 0;
    });
    this.#writing = writing;
    this.#tasks.run('write events', () => writing);
  }

  /** Resolves when everything added so far is written or given up. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Drops what waits; nothing is taken any more. */
  async stop(): Promise<void> {
    this.#queue = [];
    await this.#tasks.stop();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined && !signal.aborted; next = this.#queue.shift()) {
      if (this.#queue.length >= flood) await this.#clock.sleep(0, signal).catch(() => {});
      const about = { reason: next.reason, about: next.about };
      for (let tries = 1; ; tries++) {
        try {
          await next.write(signal);
          break;
        } catch (error) {
          if (signal.aborted) return;
          if (error instanceof StatusError || tries >= maxTries) {
            this.#log.debug('event not written', { ...about, error });
            break;
          }
          if (tries === 1) this.#log.warn('events cannot be written, trying again', { ...about, error });
          await this.#clock.sleep(retryMs, signal).catch(() => {});
          if (signal.aborted) return;
        }
      }
    }
  }
}
