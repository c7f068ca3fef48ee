// Owns telling the cluster what happened: v1 Events, repeats counted, similar ones combined, floods bounded as client-go bounds them. It never fails its caller.
import type { Event, ObjectReference } from '../api/core/v1.ts';
import type { KubeObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from './client.ts';
import { EventCorrelator, type Tally } from './event-correlator.ts';
import { EventOutbox } from './event-outbox.ts';
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

const maxMessage = 16_384;

/** One source of events, written in the order they were told. Bounds: messages of 16,384 characters, and those of EventOutbox and EventCorrelator. */
export class EventRecorder implements Service {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #source: EventSource;
  readonly #outbox: EventOutbox;
  readonly #correlator = new EventCorrelator();

  constructor(client: Client, clock: Clock, log: Log, source: EventSource) {
    this.#client = client;
    this.#clock = clock;
    this.#source = source;
    this.#outbox = new EventOutbox(clock, log);
  }

  /** Tells that something happened now. Returns at once; what cannot be written is logged. */
  record(
    subject: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    const about = { reason, about: subject.name ?? '' };
    if (!this.#outbox.takes(about)) return;
    const atMs = Math.trunc(this.#clock.now());
    const told = this.#correlator.tell({ subject, type, reason, message: message.slice(0, maxMessage), atMs });
    if (told === undefined) return;
    this.#outbox.add({ ...about, write: (signal) => this.#write({ ...told, atMs, subject, type, reason, annotations }, signal) });
  }

  /** Resolves when everything told so far is written or given up. */
  settled(): Promise<void> {
    return this.#outbox.settled();
  }

  /** Drops what waits; later events are not taken. */
  stop(): Promise<void> {
    return this.#outbox.stop();
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
