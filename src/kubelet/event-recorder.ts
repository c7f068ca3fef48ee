// Owns the events that a node's kubelet tells: written in order, repeated ones counted on one object, floods bounded as upstream bounds them.
import type { Event, ObjectReference } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Service, TaskGroup } from '../base/service.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
}

interface Seen {
  readonly name: string;
  readonly firstMs: number;
  count: number;
  lastMs: number;
}

interface Similar {
  readonly messages: Set<string>;
  sinceMs: number;
}

const burst = 25;
const refillMs = 300_000;
const similarLimit = 10;
const windowMs = 600_000;
const longestQueue = 1000;
const mostKept = 4096;

/** Tells events. Bounds: 1,000 waiting (the newest is dropped), 4,096 remembered, 25 an object and then one in 5 minutes. */
export class EventRecorder implements Service {
  readonly #options: EventRecorderOptions;
  readonly #tasks: TaskGroup;
  readonly #seen = new Map<string, Seen>();
  readonly #similar = new Map<string, Similar>();
  readonly #tokens = new Map<string, { tokens: number; atMs: number }>();
  #queue: { readonly key: string; readonly write: (seen: Seen | undefined) => Promise<void> }[] = [];
  #writing = false;
  #serial = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
  }

  /** Tells one event about an object. Returns at once; failures to write are logged. */
  tell(
    about: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    annotations?: Readonly<Record<string, string>>,
  ): void {
    const nowMs = this.#options.clock.now();
    const object = `${about.kind}/${about.namespace}/${about.name}/${about.uid}`;
    if (!this.#mayTell(object, nowMs) || this.#queue.length >= longestQueue) return;
    const group = `${object}/${about.fieldPath ?? ''}/${type}/${reason}`;
    const combined = this.#isOneOfMany(group, message, nowMs);
    const text = combined ? `(combined from similar events): ${message}` : message;
    // What is combined is one event, which shows the last of its texts.
    const key = combined ? `${group}/combined` : `${group}/text/${message}`;
    this.#queue.push({ key, write: (seen) => this.#write(key, seen, about, type, reason, text, nowMs, annotations) });
    this.#drain();
  }

  /** Resolves once what was told so far is written. */
  async stop(): Promise<void> {
    this.#queue = [];
    await this.#tasks.stop();
  }

  #mayTell(object: string, nowMs: number): boolean {
    const bucket = this.#tokens.get(object) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    keep(this.#tokens, object, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    return tokens >= 1;
  }

  #isOneOfMany(key: string, message: string, nowMs: number): boolean {
    const similar = this.#similar.get(key) ?? { messages: new Set<string>(), sinceMs: nowMs };
    if (nowMs - similar.sinceMs > windowMs) {
      similar.messages.clear();
      similar.sinceMs = nowMs;
    }
    similar.messages.add(message);
    keep(this.#similar, key, similar);
    return similar.messages.size > similarLimit;
  }

  #drain(): void {
    if (this.#writing) return;
    this.#writing = true;
    this.#tasks.run('tell events', async () => {
      try {
        for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
          try {
            await next.write(this.#seen.get(next.key));
          } catch (error) {
            if (!hasReason(error, 'NotFound', 'Forbidden')) this.#options.log.warn('an event could not be written', { error });
          }
        }
      } finally {
        this.#writing = false;
      }
    });
  }

  async #write(
    key: string,
    seen: Seen | undefined,
    about: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    nowMs: number,
    annotations: Readonly<Record<string, string>> | undefined,
  ): Promise<void> {
    const { client, nodeName } = this.#options;
    const namespace = about.namespace ?? 'default';
    if (seen !== undefined) {
      const count = seen.count + 1;
      try {
        const body = { count, lastTimestamp: formatTime(nowMs), message };
        await client.patch(resources.events, { namespace, name: seen.name }, { type: 'merge', body });
        seen.count = count;
        return;
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
    const name = `${about.name}.${(BigInt(nowMs) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16)}`;
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace, ...(annotations === undefined ? {} : { annotations }) },
      involvedObject: about,
      reason,
      message,
      type,
      source: { component: 'kubelet', host: nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
      firstTimestamp: formatTime(nowMs),
      lastTimestamp: formatTime(nowMs),
      count: 1,
    };
    await client.create(resources.events, event as Event);
    keep(this.#seen, key, { name, firstMs: nowMs, count: 1, lastMs: nowMs });
  }
}

/** Sets an entry of a bounded map: the oldest goes. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > mostKept ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}
