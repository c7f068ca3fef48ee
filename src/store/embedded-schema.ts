// Owns the embedded store's table on disk: every change that is still needed, one row each, appended in order; and how far it was compacted.
import type { DatabaseSync } from 'node:sqlite';
import { type Entry, maxWrites, type StoreEvent } from './store.ts';

/** Raised when a file cannot be read as a store, with what a person can do about it. */
export class StoreDamagedError extends Error {
  override readonly name = 'StoreDamagedError';
  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(
      `the store ${path} cannot be read (${why}). Nothing was changed. Put a copy from a backup there, or move it away to start empty.`,
      { cause },
    );
  }
}

/** Raised when another process has the store open. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError';
  constructor(path: string) {
    super(`the store ${path} is in use by another process. Stop that one first (./peapod down), or choose another --data-dir.`);
  }
}

const formatVersion = 2;

/** A row's place: its revision and, within the transaction, its index. Rows are appended in this order. */
export const placeOf = (revision: number, index: number): number => revision * maxWrites + index;

/** One row to append; without a value it is a deletion. */
export interface Change {
  readonly place: number;
  readonly created: number;
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** A few objects fit one page: half the processor time of SQLite's own 4 KiB, which hold one. What is there already keeps its size. */
const pageBytes = 8192;
/** What SQLite's log takes before it is carried over into the table and begins anew. */
const logBytes = 16 * 1024 * 1024;

/**
 * Writes SQLite's log to its full length once. A commit that overwrites takes half the time of one that makes the file longer, for which the file system
 * writes a journal of its own (measured: 250 and 500 µs), and the first thousands of commits after each start would. What is undone was never written.
 */
export function stretchLog(db: DatabaseSync): void {
  db.exec(`PRAGMA cache_size = -256; BEGIN IMMEDIATE; INSERT INTO rows VALUES (-1, '', zeroblob(${logBytes}), 0); ROLLBACK;
    PRAGMA cache_size = -4096; UPDATE meta SET number = number WHERE name = 'revision'`);
}

/** Sets the connection up so that a commit returns only when it is on disk, and makes the tables where they are missing. */
export function prepare(db: DatabaseSync): void {
  db.exec(
    `PRAGMA page_size = ${pageBytes}; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -4096`,
  );
  const page = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
  db.exec(`PRAGMA wal_autocheckpoint = ${logBytes / page}`);
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > formatVersion) throw new Error(`it was written by a newer Peapod (format ${version}, this one knows ${formatVersion})`);
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS rows (place INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, created INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    INSERT OR IGNORE INTO meta VALUES ('revision', 1), ('compacted', 0);
    ${version === 1 ? fromFirstFormat : ''}
    PRAGMA user_version = ${formatVersion};
    COMMIT`);
}

/** The first format kept present values, changes and superseded values in a table each. */
const fromFirstFormat = `
    INSERT INTO rows SELECT modified * ${maxWrites} + row_number() OVER (PARTITION BY modified ORDER BY key) - 1, key, value, created FROM (
      SELECT key, value, created, modified FROM before UNION SELECT key, value, created, modified FROM entries
      UNION SELECT key, value, created, revision FROM changes);
    DROP TABLE before; DROP TABLE entries; DROP TABLE changes;`;

/** Everything on disk, as a ledger takes it. */
export interface Loaded {
  readonly revision: number;
  readonly compacted: number;
  readonly entries: readonly Entry[];
  /** The changes of each revision after the compacted one. */
  readonly log: readonly (readonly StoreEvent[])[];
  /** Places of rows that a compaction did not get to before the process ended. */
  readonly leftovers: readonly number[];
}

/** Reads the whole store. Throws what SQLite throws where the file is damaged. */
export function load(db: DatabaseSync): Loaded {
  const numbers = new Map(
    db
      .prepare('SELECT name, number FROM meta')
      .all()
      .map((row) => [String(row['name']), Number(row['number'])]),
  );
  const compacted = numbers.get('compacted') ?? 0;
  const last = Number(db.prepare('SELECT max(place) AS place FROM rows').get()?.['place'] ?? 0);
  // The newest row can be a deletion that compaction took away: the mark remembers it.
  const revision = Math.max(numbers.get('revision') ?? 1, compacted, Math.floor(last / maxWrites));
  const base = compacted === 0 ? 1 : compacted;
  const latest = new Map<string, { readonly entry: Entry; readonly place: number }>();
  const log: StoreEvent[][] = Array.from({ length: revision - base }, () => []);
  const leftovers: number[] = [];
  for (const row of db.prepare('SELECT place, key, value, created FROM rows ORDER BY place').iterate()) {
    const [place, key, value] = [Number(row['place']), String(row['key']), row['value']];
    const at = Math.floor(place / maxWrites);
    const previous = latest.get(key);
    if (previous !== undefined && at <= compacted) leftovers.push(previous.place);
    if (value instanceof Uint8Array) {
      const entry: Entry = { key, value, createRevision: Number(row['created']), modRevision: at };
      latest.set(key, { entry, place });
      if (at > base) log[at - base - 1]?.push({ type: 'put', revision: at, entry, previous: previous?.entry });
    } else {
      latest.delete(key);
      if (at <= compacted) leftovers.push(place);
      if (at > base && previous !== undefined) log[at - base - 1]?.push({ type: 'delete', revision: at, key, previous: previous.entry });
    }
  }
  return { revision, compacted, entries: Array.from(latest.values(), ({ entry }) => entry), log, leftovers };
}
