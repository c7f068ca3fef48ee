// Owns telling the cluster what happened: v1 Events about objects, made once and then counted. It never fails its caller.
import type { Event } from '../api/core/v1.ts';
import type { KubeObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from './client.ts';
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

/** Bound: this many events are remembered for counting; this many wait to be written, later ones are dropped and logged. */
const maxRemembered = 4096;
const maxWaiting = 1000;

/** One source of events. Equal events (subject, type, reason, message) become one Event whose count rises. Written in the order they were told. */
export class EventRecorder {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #source: EventSource;
  readonly #known = new Map<string, { readonly name: string; readonly namespace: string; count: number }>();
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(client: Client, clock: Clock, log: Log, source: EventSource) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#source = source;
  }

  /** Tells that something happened now. */
  record(
    subject: EventSubject,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    if (this.#waiting >= maxWaiting) {
      this.#log.warn('event dropped: too many wait', { reason, about: subject.name });
      return;
    }
    const atMs = this.#clock.now();
    this.#waiting++;
    this.#writing = this.#writing
      .then(() => this.#write(subject, type, reason, message.slice(0, 1024), annotations, atMs))
      .catch((error: unknown) => this.#log.debug('event not written', { reason, about: subject.name, error }))
      .finally(() => this.#waiting--);
  }

  /** Resolves when everything told so far is written or given up. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #write(
    subject: EventSubject,
    type: string,
    reason: string,
    message: string,
    annotations: Readonly<Record<string, string>> | undefined,
    atMs: number,
  ): Promise<void> {
    const key = JSON.stringify([subject.kind, subject.namespace, subject.name, subject.uid, subject.fieldPath, type, reason, message]);
    const known = this.#known.get(key);
    if (known !== undefined && (await this.#count(known, atMs))) return;
    const namespace = subject.namespace ?? 'default';
    const at = formatTime(atMs);
    const name = `${subject.name}.${BigInt(atMs * 1_000_000 + (this.#known.size % 1_000_000)).toString(16)}`;
    const { component, host } = this.#source;
    await this.#client.create(resources.events, {
      metadata: { name, namespace, ...(annotations === undefined ? {} : { annotations }) },
      involvedObject: subject,
      type,
      reason,
      message,
      source: this.#source,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      reportingComponent: component,
      reportingInstance: host ?? '',
    } satisfies Omit<Event, 'metadata'> & { readonly metadata: unknown });
    this.#known.set(key, { name, namespace, count: 1 });
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > maxRemembered && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Raises the count of an Event that is there; false where it is gone. */
  async #count(known: { readonly name: string; readonly namespace: string; count: number }, atMs: number): Promise<boolean> {
    try {
      await this.#client.patch(resources.events, known, {
        type: 'strategic',
        body: { count: known.count + 1, lastTimestamp: formatTime(atMs) },
      });
      known.count++;
      return true;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  }
}

/** The subject that an object read from the API is. */
export function subjectOf(object: KubeObject, apiVersion: string, kind: string): EventSubject {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return { apiVersion, kind, name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}
