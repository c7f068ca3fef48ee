// Owns one watch: what was there, what changed since, and bookmarks, in batches, with a bound on what a slow reader may leave unread.
import type { Entry, Store, StoreEvent } from '../../store/store.ts';
import type { Change, ObjectChange } from './change.ts';
import { changeOf } from './change.ts';
import { transitionOf } from './transition.ts';
import type { FieldShare, WatchCrowds } from './watch-crowds.ts';

/** Where a watch begins and what it selects. */
export interface WatchStart {
  readonly range: { readonly start: string; readonly end: string };
  /** Changes after this revision. */
  readonly afterRevision: number;
  /** What is told as ADDED first. */
  readonly initial: readonly Entry[];
  /** Whether a bookmark ends the initial events. */
  readonly initialEnd: boolean;
  /** Absent where everything in the range is meant. */
  readonly matches: ((entry: Entry) => boolean) | undefined;
  /** A field of which it selects one value: what has another one is not even looked at. */
  readonly share?: FieldShare | undefined;
}

const unreadBound = 16_384;
const initialBatch = 512;

/** A watch under way. One reader at a time. */
export class WatchFeed implements Disposable {
  readonly #store: Store;
  readonly #start: WatchStart;
  readonly #watch: Disposable;
  #initialAt = 0;
  #initialEndDue: boolean;
  #unread: Change[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  /** Throws CompactedError where the store's history does not reach back to the start. */
  constructor(store: Store, start: WatchStart, crowds?: WatchCrowds) {
    this.#store = store;
    this.#start = start;
    this.#initialEndDue = start.initialEnd;
    const { range, share, afterRevision } = start;
    const take = (events: readonly StoreEvent[]): void => this.#take(events);
    this.#watch =
      share === undefined || crowds === undefined
        ? store.watch(range, afterRevision, take)
        : crowds.watch(store, range, share, afterRevision, take);
  }

  /** True when the reader was too slow, or the watch was closed: `next` answers undefined once everything before was read. */
  get closed(): boolean {
    return this.#closed;
  }

  #take(events: readonly StoreEvent[]): void {
    if (this.#closed) return;
    const { matches } = this.#start;
    for (const event of events) {
      if (event.revision <= this.#start.afterRevision) continue;
      const before = event.previous !== undefined && (matches === undefined || matches(event.previous));
      const now = event.type === 'put' && (matches === undefined || matches(event.entry));
      const type = transitionOf(before, now);
      const change = type === undefined ? undefined : changeOf(event, type);
      if (change !== undefined) this.#unread.push(change);
    }
    if (this.#unread.length > unreadBound) this.close();
    else if (this.#unread.length > 0) this.#wakeUp();
  }

  /** Queues a bookmark at the store's present revision. */
  bookmark(): void {
    if (this.#closed || this.#initialAt < this.#start.initial.length || this.#initialEndDue) return;
    this.#unread.push({ type: 'BOOKMARK', revision: this.#store.revision, initialEnd: false });
    this.#wakeUp();
  }

  /** What has come since the last call, waiting until there is something; undefined at the end. */
  async next(): Promise<readonly Change[] | undefined> {
    for (;;) {
      const batch = this.take();
      if (batch.length > 0) return batch;
      if (this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** What has come since the last call, without waiting. Empty where nothing has. */
  take(): readonly Change[] {
    const { initial, afterRevision } = this.#start;
    if (this.#initialAt < initial.length) {
      const batch = initial.slice(this.#initialAt, this.#initialAt + initialBatch);
      this.#initialAt += batch.length;
      return batch.map((entry): ObjectChange => ({ type: 'ADDED', entry, revision: entry.modRevision }));
    }
    if (this.#initialEndDue) {
      this.#initialEndDue = false;
      return [{ type: 'BOOKMARK', revision: afterRevision, initialEnd: true }];
    }
    const batch = this.#unread;
    this.#unread = [];
    return batch;
  }

  /** Ends the watch. What was queued before is dropped where the reader was too slow, else still read. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#unread.length > unreadBound) this.#unread = [];
    this.#watch[Symbol.dispose]();
    this.#wakeUp();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
