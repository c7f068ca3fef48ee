// Owns the store's contract, which is etcd's: one revision counter, ordered keys, compare-and-swap transactions, watch from a revision,
// compaction. It refuses to know what the values mean.

/** One key at one revision. Entries are immutable and shared: the same object serves every reader and watcher. */
export interface Entry {
  readonly key: string;
  /** Must not be changed by anyone. */
  readonly value: Uint8Array;
  /** The revision of the write that created the key, last time it did not exist. */
  readonly createRevision: number;
  /** The revision of the write that made this value. */
  readonly modRevision: number;
}

/** A change of one key. `previous` is the entry before (absent for a creation). Events are shared by all watchers. */
export type StoreEvent =
  | { readonly type: 'put'; readonly revision: number; readonly entry: Entry; readonly previous: Entry | undefined }
  | { readonly type: 'delete'; readonly revision: number; readonly key: string; readonly previous: Entry };

/** A guard: the key's modRevision must be this; 0 means that the key must not exist. */
export interface Compare {
  readonly key: string;
  readonly modRevision: number;
}

/** One write of a transaction. Deleting what is not there is no error and no event. */
export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/** At most this many writes in one transaction, as in etcd. */
export const maxWrites = 128;

/** All writes happen at one revision, or none where a guard fails. At most one write a key; at most 128 writes. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
}

/** `current` holds, for a failed guard, what the compared keys are now (in the order of `compare`). */
export type TransactionResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly revision: number; readonly current: readonly (Entry | undefined)[] };

/** Keys from `start` (inclusive) to `end` (exclusive), in byte order; at most `limit`. `revision`: as of then (absent: now). */
export interface RangeQuery {
  readonly start: string;
  readonly end: string;
  readonly limit?: number;
  readonly revision?: number;
}

/** `revision` is the one read at; `more` tells that the limit cut it; `count` is how many keys the whole range has. */
export interface RangeResult {
  readonly entries: readonly Entry[];
  readonly revision: number;
  readonly more: boolean;
  readonly count: number;
}

/** Thrown by `range` and `watch` for a revision that was compacted away. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError';
  readonly compactedRevision: number;
  constructor(compactedRevision: number) {
    super(`required revision has been compacted (up to ${compactedRevision})`);
    this.compactedRevision = compactedRevision;
  }
}

/** Thrown by `range` for a revision that has not been reached. */
export class FutureRevisionError extends Error {
  override readonly name = 'FutureRevisionError';
  readonly currentRevision: number;
  constructor(currentRevision: number) {
    super(`required revision is a future revision (current is ${currentRevision})`);
    this.currentRevision = currentRevision;
  }
}

/** Why a store cannot serve: it cannot be reached, it did not say what became of a write, it is full, has too much to do, or a write is too large. */
export type StoreTrouble = 'unreachable' | 'unknown' | 'full' | 'busy' | 'tooLarge';

/** Thrown where the engine cannot serve. But for `unknown`, nothing was written. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly trouble: StoreTrouble;
  constructor(trouble: StoreTrouble, message: string) {
    super(message);
    this.trouble = trouble;
  }
}

/** Called with the changes of one revision at a time, in revision order, never concurrently. Must not throw and must return at once. */
export type StoreListener = (events: readonly StoreEvent[]) => void;

/**
 * Reads are synchronous and served from memory; they show only what is durable. Writes resolve when they are durable, in revision order,
 * after every watcher was told. The first revision of an empty store of one's own is 1, its first write makes 2; where others write beside it (etcd),
 * revisions may be left out.
 */
export interface Store {
  /** The newest durable revision. */
  readonly revision: number;
  /** The highest revision that was compacted away; 0 where none was. */
  readonly compactedRevision: number;
  /** What keeps the store from serving; undefined where it serves. */
  readonly trouble: string | undefined;
  /**
   * Resolves when reads show every write that was acknowledged anywhere before the call. Rejects with StoreUnavailableError where that cannot be
   * known. Absent where nobody else writes: reads always do.
   */
  readonly settled?: () => Promise<void>;
  get(key: string): Entry | undefined;
  /** Throws CompactedError or FutureRevisionError for a `revision` out of reach. */
  range(query: RangeQuery): RangeResult;
  /** Rejects only where the engine itself fails (disk full, closed, StoreUnavailableError); a failed guard is a value. */
  transact(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Tells `listener` every change of keys in [start, end) with a revision above `afterRevision`: first the past ones, synchronously, before this
   * returns, then each as it becomes durable. Throws CompactedError where history does not reach back that far.
   */
  watch(range: { readonly start: string; readonly end: string }, afterRevision: number, listener: StoreListener): Disposable;
  /** Forgets values superseded at or before `revision`. A revision at or below the compacted one, or above the newest, is refused. */
  compact(revision: number): Promise<void>;
  /** Waits for writes under way, then lets go of everything. Further calls reject. */
  close(): Promise<void>;
}

/** The end of the range of all keys that start with `prefix`. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}
