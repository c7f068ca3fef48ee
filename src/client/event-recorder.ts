// Owns telling the cluster what happened: v1 Events, repeats counted, similar ones combined, floods bounded as client-go bounds them. It never fails its caller.
import type { Event, ObjectReference } from '../api/core/v1.ts';
import type { KubeObject } from '../api/object.ts';
import { hasReason, StatusError } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from './client.ts';
import { EventCorrelator, type Tally } from './event-correlator.ts';
import { resources } from './resources.ts';

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** Who tells it: a component, and the node it is on. */
export interface EventSource {
  readonly component: string;
  readonly host?: string;
}

/** An event on its way: the `ordinal`th of its tally. */
interface Waiting {
  readonly tally: Tally;
  readonly ordinal: number;
  readonly atMs: number;
  readonly subject: ObjectReference;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const maxWaiting = 10_000;
/** With more than so many waiting, events give way: one is written each turn of the loop, so that a flood of them holds up nothing else. */
const flood = 32;
const maxMessage = 16_384;
const maxTries = 12;
const retryMs = 10_000;

/**
 * One source of events, written in the order they were told. Bounds: 10,000 wait (the newest is dropped and logged), messages of 16,384
 * characters, 12 tries 10 s apart where the server cannot be reached (any answer of the server is the end), and those of EventCorrelator.
 */
export class EventRecorder implements Service {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source: EventSource;
  readonly #tasks: TaskGroup;
  readonly #correlator = new EventCorrelator();
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(client: Client, clock: Clock, log: Log, source: EventSource) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#source = source;
    this.#tasks = new TaskGroup(log);
  }

  /** Tells that something happened now. Returns at once; what cannot be written is logged. */
  record(
    subject: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    if (this.#tasks.signal.aborted) return;
    if (this.#queue.length >= maxWaiting) {
      // One line for the first, one with their number once there is room again: a flood of events is no reason for a flood of lines.
      if (this.#dropped++ === 0) this.#log.warn('event dropped: too many wait', { reason, about: subject.name });
      return;
    }
    const atMs = Math.trunc(this.#clock.now());
    const told = this.#correlator.tell({ subject, type, reason, message: message.slice(0, maxMessage), atMs });
    if (told === undefined) return;
    this.#queue.push({ ...told, atMs, subject, type, reason, annotations });
    if (this.#writing !== undefined) return;
    const writing = this.#drain(this.#tasks.signal).finally(() => {
      this.#writing = undefined;
      if (this.#dropped > 1) this.#log.warn('events dropped: too many waited', { dropped: this.#dropped });
      this.#dropped = 0;
    });
    this.#writing = writing;
    this.#tasks.run('write events', () => writing);
  }

  /** Resolves when everything told so far is written or given up. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Drops what waits; later events are not taken. */
  async stop(): Promise<void> {
    this.#queue = [];
    await this.#tasks.stop();
  }

  async #drain(signal: AbortSignal): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined && !signal.aborted; next = this.#queue.shift()) {
      if (this.#queue.length >= flood) await this.#clock.sleep(0, signal).catch(() => {});
      const about = { reason: next.reason, about: next.subject.name };
      for (let tries = 1; ; tries++) {
        try {
          await this.#write(next, signal);
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

  async #write({ tally, ordinal, ...event }: Waiting, signal: AbortSignal): Promise<void> {
    const { subject, type, reason, message, annotations } = event;
    const namespace = subject.namespace || 'default';
    const at = formatTime(event.atMs);
    if (tally.made) {
      try {
        const body = { count: ordinal - tally.forgotten, lastTimestamp: at, message };
        await this.#client.patch(resources.events, { namespace, name: tally.name }, { type: 'strategic', body }, { signal });
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
        // It expired: counting begins anew.
        Object.assign(tally, { made: false, forgotten: ordinal - 1, firstMs: event.atMs });
      }
    }
    const { component, host } = this.#source;
    const whole: Omit<Event, 'metadata' | 'involvedObject'> = {
      type,
      reason,
      message,
      source: this.#source,
      firstTimestamp: formatTime(tally.firstMs),
      lastTimestamp: at,
      count: ordinal - tally.forgotten,
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
    const metadata = { name: tally.name, namespace, ...(annotations === undefined ? {} : { annotations }) };
    await this.#client.create(resources.events, { metadata, involvedObject: subject, ...whole }, { signal });
    tally.made = true;
  }
}

/** The subject that an object read from the API is. */
export function subjectOf(object: KubeObject, apiVersion: string, kind: string): EventSubject {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return { apiVersion, kind, name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}
