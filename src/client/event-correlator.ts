// Owns which events are one: repeats are counted, many different texts of a reason are combined, floods of an object are cut. No I/O, no clock.
import type { ObjectReference } from '../api/core/v1.ts';

/** Something that happened. */
export interface Occurrence {
  readonly subject: ObjectReference;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
}

/** One Event of the API, as far as its source remembers it. Its count is the ordinal of the last occurrence less those `forgotten`. */
export interface Tally {
  readonly name: string;
  firstMs: number;
  /** How often it happened, whether written or not. */
  told: number;
  /** How many of them were on an Event that has expired. */
  forgotten: number;
  /** Whether the Event is there. */
  made: boolean;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const burst = 25;
const refillMs = 300_000;
const similarLimit = 10;
const similarWindowMs = 600_000;
const mostKept = 4096;

/**
 * What client-go's EventCorrelator does for one source. Repeats (object, field path, type, reason, message) count on one event. From the 10th
 * different message of an object, type and reason on, each within 10 min of the one before, others are one event "(combined from similar
 * events): …". An object has 25 events of a type and then one in 5 min; what is cut has been counted. Each memory holds 4,096, the latest used.
 */
export class EventCorrelator {
  readonly #tallies = new Map<string, Tally>();
  readonly #similar = new Map<string, Similar>();
  readonly #buckets = new Map<string, Bucket>();
  #serial = 0;

  /** What to write for an occurrence: the `ordinal`th of its tally, and its text. Undefined: nothing. */
  tell(happened: Occurrence): { readonly tally: Tally; readonly ordinal: number; readonly message: string } | undefined {
    const { subject, type, reason, message, atMs } = happened;
    const { kind, namespace, name, uid, apiVersion, fieldPath } = subject;
    // Only what comes last may hold any character.
    const object = `${kind}\n${namespace}\n${name}\n${uid}\n${apiVersion}\n${type}`;
    const group = `${object}\n${reason}`;
    const combined = this.#isOneOfMany(group, message, atMs);
    const key = combined ? group : `${group}\n${fieldPath ?? ''}\n${message}`;
    const tally = this.#tallies.get(key) ?? { name: this.#nameFor(subject, atMs), firstMs: atMs, told: 0, forgotten: 0, made: false };
    tally.told++;
    keep(this.#tallies, key, tally);
    if (!this.#mayTell(object, atMs)) return undefined;
    return { tally, ordinal: tally.told, message: combined ? `(combined from similar events): ${message}` : message };
  }

  /** The object's name, and the nanoseconds since 1970 in hex; those below the millisecond tell events of one apart. */
  #nameFor({ name }: ObjectReference, atMs: number): string {
    return `${name}.${(BigInt(atMs) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16)}`;
  }

  #isOneOfMany(group: string, message: string, atMs: number): boolean {
    let similar = this.#similar.get(group);
    if (similar === undefined || atMs - similar.lastMs > similarWindowMs) similar = { messages: new Set(), lastMs: atMs };
    similar.lastMs = atMs;
    keep(this.#similar, group, similar);
    if (similar.messages.has(message)) return false;
    if (similar.messages.size >= similarLimit - 1) return true;
    similar.messages.add(message);
    return false;
  }

  #mayTell(object: string, atMs: number): boolean {
    const bucket = this.#buckets.get(object) ?? { tokens: burst, atMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (atMs - bucket.atMs) / refillMs);
    bucket.atMs = atMs;
    keep(this.#buckets, object, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

/** Sets an entry of a bounded map: the one unused the longest goes. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > mostKept ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}
