// Owns the store's rules in memory: guards, revisions, visible state, past changes, watchers. It refuses to know when a write is durable: an
// engine proposes, makes durable, then publishes.
import { BriefMap } from '../base/brief-map.ts';
import { OrderedKeys } from './ordered-keys.ts';
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  maxWrites,
  type RangeQuery,
  type RangeResult,
  type StoreEvent,
  type StoreListener,
  type Transaction,
} from './store.ts';

/** What a transaction would do: nothing because of a guard, nothing at all, or these events at this revision. */
export type Proposal =
  | { readonly outcome: 'refused'; readonly current: readonly (Entry | undefined)[] }
  | { readonly outcome: 'empty' }
  | { readonly outcome: 'accepted'; readonly revision: number; readonly events: readonly StoreEvent[] };

/** All who watch one range: most watchers share theirs with others, and a change looks for its range once. */
interface WatchedRange {
  readonly start: string;
  readonly end: string;
  readonly listeners: Set<StoreListener>;
}

/** The store in memory. An engine calls `propose`, makes it durable, then `publish`, in the order of revisions. */
export class Ledger {
  #revision: number;
  #compacted: number;
  #proposed: number;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new OrderedKeys();
  /** The newest value of keys with writes under way; undefined is a deletion. */
  readonly #pending = new BriefMap<string, { readonly entry: Entry | undefined; readonly revision: number }>();
  /** The events of each revision above #logBase that changed anything, in order. */
  #log: (readonly StoreEvent[])[] = [];
  #logBase: number;
  readonly #watched = new Map<string, WatchedRange>();
  /** Those of one key, by it: there may be thousands, of which a change concerns one. */
  readonly #watchedKeys = new Map<string, WatchedRange>();
  /** Published, not yet told: only while a listener that is being told writes. */
  readonly #untold: (readonly StoreEvent[])[] = [];
  #telling = false;

  constructor(revision = 1, compacted = 0) {
    this.#revision = revision;
    this.#proposed = revision;
    this.#compacted = compacted;
    this.#logBase = compacted === 0 ? 1 : compacted;
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  /** Fills in what an engine read: the entries as of `revision`, and the events of the last revisions up to it, one list each. */
  restore(entries: Iterable<Entry>, log: readonly (readonly StoreEvent[])[]): void {
    for (const entry of entries) {
      this.#entries.set(entry.key, entry);
      this.#keys.add(entry.key);
    }
    this.#log = log.filter((events) => events.length > 0);
    this.#logBase = this.#revision - log.length;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  range({ start, end, limit = Number.POSITIVE_INFINITY, revision = this.#revision }: RangeQuery): RangeResult {
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    if (revision < Math.max(this.#compacted, this.#logBase)) throw new CompactedError(Math.max(this.#compacted, this.#logBase));
    if (revision !== this.#revision) return this.#rangeAt(start, end, limit, revision);
    const entries: Entry[] = [];
    let more = false;
    for (const key of this.#keys.range(start, end)) {
      if (entries.length >= limit) {
        more = true;
        break;
      }
      const entry = this.#entries.get(key);
      if (entry !== undefined) entries.push(entry);
    }
    return { entries, revision, more, count: more ? this.#keys.count(start, end) : entries.length };
  }

  /** The range as it was: the present one with every later change undone, newest first. */
  #rangeAt(start: string, end: string, limit: number, revision: number): RangeResult {
    const undone = new Map<string, Entry | undefined>();
    const first = this.#firstAfter(revision);
    for (let at = this.#log.length - 1; at >= first; at--) {
      for (const event of this.#log[at] ?? []) {
        const key = keyOf(event);
        if (key >= start && key < end) undone.set(key, event.previous);
      }
    }
    const all: Entry[] = [];
    for (const key of this.#keys.range(start, end)) {
      const entry = undone.has(key) ? undone.get(key) : this.#entries.get(key);
      undone.delete(key);
      if (entry !== undefined) all.push(entry);
    }
    for (const entry of undone.values()) if (entry !== undefined) all.push(entry);
    all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return { entries: all.slice(0, limit), revision, more: all.length > limit, count: all.length };
  }

  /** Weighs a transaction against everything visible and under way. An accepted one must be published, or abandoned, later. */
  propose({ compare, writes }: Transaction): Proposal {
    if (writes.length > maxWrites) throw new RangeError(`a transaction has at most ${maxWrites} writes, this one has ${writes.length}`);
    const current = compare.map(({ key }) => this.#newest(key));
    if (compare.some(({ modRevision }, index) => (current[index]?.modRevision ?? 0) !== modRevision))
      return { outcome: 'refused', current };
    const revision = this.#proposed + 1;
    const events = writes.flatMap((write): StoreEvent[] => {
      const previous = this.#newest(write.key);
      if (write.type === 'delete') return previous === undefined ? [] : [{ type: 'delete', revision, key: write.key, previous }];
      const entry: Entry = {
        key: write.key,
        value: write.value,
        createRevision: previous?.createRevision ?? revision,
        modRevision: revision,
      };
      return [{ type: 'put', revision, entry, previous }];
    });
    if (events.length === 0) return { outcome: 'empty' };
    this.#proposed = revision;
    for (const event of events) this.#pending.set(keyOf(event), { entry: event.type === 'put' ? event.entry : undefined, revision });
    return { outcome: 'accepted', revision, events };
  }

  /** Moves on to a revision up to which nothing changed. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Makes the next revision that changes anything visible and tells the watchers. Revisions must be published in order. */
  publish(revision: number, events: readonly StoreEvent[]): void {
    if (revision <= this.#revision) throw new Error(`revision ${revision} published after ${this.#revision}`);
    this.#revision = revision;
    this.#log.push(events);
    for (const event of events) {
      const key = keyOf(event);
      if (this.#pending.get(key)?.revision === revision) this.#pending.delete(key);
      if (event.type === 'put') {
        this.#entries.set(key, event.entry);
        if (event.previous === undefined) this.#keys.add(key);
      } else {
        this.#entries.delete(key);
        this.#keys.remove(key);
      }
    }
    this.#untold.push(events);
    this.#tell();
  }

  /** Tells what has not been told, revision by revision. A write by a listener is told after the one that it heard of, to all in the same order. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let events = this.#untold.shift(); events !== undefined; events = this.#untold.shift()) {
        for (const range of this.#watched.values()) {
          const mine = eventsIn(range, events);
          if (mine.length > 0) for (const listener of range.listeners) listener(mine);
        }
        if (this.#watchedKeys.size === 0) continue;
        for (const event of events) for (const listener of this.#watchedKeys.get(keyOf(event))?.listeners ?? []) listener([event]);
      }
    } finally {
      this.#telling = false;
    }
  }

  /** Forgets every write under way, because the engine could not make them durable. */
  abandon(): void {
    this.#pending.clear();
    this.#proposed = this.#revision;
  }

  watch(range: { readonly start: string; readonly end: string }, afterRevision: number, listener: StoreListener): Disposable {
    if (afterRevision < this.#logBase && afterRevision < this.#revision) throw new CompactedError(Math.max(this.#compacted, this.#logBase));
    const { start, end } = range;
    for (let at = this.#firstAfter(afterRevision); at < this.#log.length; at++) {
      const mine = eventsIn(range, this.#log[at] ?? []);
      if (mine.length > 0) listener(mine);
    }
    const isKey = end === `${start}\0`;
    const name = isKey ? start : `${start}\0${end}`;
    const all = isKey ? this.#watchedKeys : this.#watched;
    const watched = all.get(name) ?? { start, end, listeners: new Set() };
    all.set(name, watched);
    // One listener may watch a range twice: each watch is one of its own.
    const told = this.#revision;
    const own: StoreListener = (events) => {
      if ((events[0]?.revision ?? 0) > told) listener(events);
    };
    watched.listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        watched.listeners.delete(own);
        if (watched.listeners.size === 0 && all.get(name) === watched) all.delete(name);
      },
    };
  }

  /** Forgets the past up to `revision`. Answers the events that are no longer to be told: what they superseded is needed by nobody. */
  compact(revision: number): readonly StoreEvent[] {
    if (revision <= this.#compacted) throw new CompactedError(this.#compacted);
    if (revision > this.#revision) throw new FutureRevisionError(this.#revision);
    const kept = this.#firstAfter(revision);
    const forgotten = this.#log.slice(0, kept).flat();
    this.#log = this.#log.slice(kept);
    this.#logBase = Math.max(this.#logBase, revision);
    this.#compacted = revision;
    return forgotten;
  }

  /** Where in the log the first revision above this one is. */
  #firstAfter(revision: number): number {
    let [low, high] = [0, this.#log.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#log[middle]?.[0]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #newest(key: string): Entry | undefined {
    const pending = this.#pending.get(key);
    return pending === undefined ? this.#entries.get(key) : pending.entry;
  }
}

/** The key that an event is about. */
export function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}

const none: readonly StoreEvent[] = [];

/** The events of one revision that lie in a range: the same list where all do. */
function eventsIn({ start, end }: { readonly start: string; readonly end: string }, events: readonly StoreEvent[]): readonly StoreEvent[] {
  const inside = (event: StoreEvent): boolean => {
    const key = keyOf(event);
    return key >= start && key < end;
  };
  const [first] = events;
  // Nearly always a transaction is one write, and most ranges are about another kind.
  if (events.length === 1 && first !== undefined) return inside(first) ? events : none;
  return events.every(inside) ? events : events.filter(inside);
}
