// Owns telling the cluster what happened in the newer way, events.k8s.io: what happens again is the series of one event. It never fails its caller.
import type { ObjectReference } from '../api/core/v1.ts';
import type { Event } from '../api/events/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { formatMicroTime } from '../base/time.ts';
import type { Client } from './client.ts';
import { EventOutbox } from './event-outbox.ts';
import { resources } from './resources.ts';

/** Who tells it: a controller, and which of its instances. */
export interface Reporter {
  readonly controller: string;
  readonly instance: string;
}

/** What happened: `action` is what was being done, `note` says it to people (1,024 characters at most). */
export interface Happening {
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

interface Known {
  readonly event: Omit<Event, 'metadata'>;
  readonly name: string;
  readonly namespace: string;
  readonly firstMs: number;
  count: number;
  lastMs: number;
}

const finishMs = 6 * 60_000;
/** A series that goes on is written again at every so manieth look. */
const refreshAt = 5;
const mostKnown = 4096;

/**
 * What client-go's tools/events does for one controller. The same happening (all but its note; an object of another resourceVersion is another)
 * within 6 minutes is counted on one event: the second time it becomes a series, whose count is written again at its end and every 30 minutes.
 * Bounds: 4,096 events are remembered, the latest; and those of EventOutbox.
 */
export class SeriesRecorder implements Service {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #reporter: Reporter;
  readonly #outbox: EventOutbox;
  readonly #known = new Map<string, Known>();
  #timer: Timer | undefined;
  #looks = 0;
  #serial = 0;

  constructor(client: Client, clock: Clock, log: Log, reporter: Reporter) {
    this.#client = client;
    this.#clock = clock;
    this.#reporter = reporter;
    this.#outbox = new EventOutbox(clock, log);
  }

  /** Tells that something happened now. Returns at once; what cannot be written is logged. */
  record({ regarding, related, type, reason, action, note }: Happening): void {
    const about = { reason, about: regarding.name ?? '' };
    if (!this.#outbox.takes(about)) return;
    const nowMs = this.#clock.now();
    const { controller, instance } = this.#reporter;
    const key = keyOf(type, reason, action, regarding, related);
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastMs = nowMs;
      if (known.count === 2) this.#outbox.add({ ...about, write: (signal) => this.#writeSeries(known, signal) });
      return;
    }
    const made: Known = {
      event: {
        eventTime: formatMicroTime(nowMs),
        reportingController: controller,
        reportingInstance: instance,
        action,
        reason,
        regarding,
        ...(related !== undefined && { related }),
        note,
        type,
      },
      name: this.#nameFor(regarding, nowMs),
      namespace: regarding.namespace || 'default',
      firstMs: nowMs,
      count: 1,
      lastMs: nowMs,
    };
    this.#known.set(key, made);
    const oldest = this.#known.size > mostKnown ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#timer ??= this.#clock.after(finishMs, () => this.#finish());
    this.#outbox.add({ ...about, write: (signal) => this.#create(made, signal) });
  }

  /** Resolves when everything told so far is written or given up. */
  settled(): Promise<void> {
    return this.#outbox.settled();
  }

  /** Drops what waits; later events are not taken. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#outbox.stop();
  }

  /** Ends what did not happen again, and writes how often what is still happening did. */
  #finish(): void {
    this.#timer = undefined;
    const beforeMs = this.#clock.now() - finishMs;
    const refreshes = ++this.#looks % refreshAt === 0;
    for (const [key, known] of this.#known) {
      const over = known.lastMs <= beforeMs;
      if (over) this.#known.delete(key);
      if (known.count > 2 && (over || refreshes))
        this.#outbox.add({
          reason: known.event.reason ?? '',
          about: known.event.regarding?.name ?? '',
          write: (signal) => this.#writeSeries(known, signal),
        });
    }
    if (this.#known.size > 0) this.#timer = this.#clock.after(finishMs, () => this.#finish());
  }

  async #writeSeries(known: Known, signal: AbortSignal): Promise<void> {
    const { name, namespace } = known;
    try {
      const patch = { type: 'strategic', body: { series: seriesOf(known) } } as const;
      await this.#client.patch(resources.eventsV1, { namespace, name }, patch, { signal });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      await this.#create(known, signal);
    }
  }

  async #create(known: Known, signal: AbortSignal): Promise<void> {
    const { event, name, namespace } = known;
    const series = known.count > 1 ? { series: seriesOf(known) } : {};
    await this.#client.create(resources.eventsV1, { metadata: { name, namespace }, ...event, ...series }, { signal });
  }

  /** The object's name, and the nanoseconds since 1970 in hex; those below the millisecond tell events of one apart. */
  #nameFor({ name }: ObjectReference, atMs: number): string {
    return `${name}.${(BigInt(Math.trunc(atMs)) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16)}`;
  }
}

function seriesOf({ count, lastMs }: Known): { readonly count: number; readonly lastObservedTime: string } {
  return { count, lastObservedTime: formatMicroTime(lastMs) };
}

function keyOf(type: string, reason: string, action: string, regarding: ObjectReference, related: ObjectReference | undefined): string {
  const of = ({ kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath }: ObjectReference): string =>
    `${apiVersion} ${kind} ${namespace} ${name} ${uid} ${resourceVersion} ${fieldPath}`;
  return `${type} ${reason} ${action}\n${of(regarding)}\n${related === undefined ? '' : of(related)}`;
}
