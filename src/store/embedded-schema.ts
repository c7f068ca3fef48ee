// Owns the embedded store's tables on disk: the present entries, the changes since compaction, and the two revisions.
import type { DatabaseSync } from 'node:sqlite';
import type { Entry, StoreEvent } from './store.ts';

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

const formatVersion = 1;

/** Sets the connection up so that a commit returns only when it is on disk, and makes the tables where they are missing. */
export function prepare(db: DatabaseSync): void {
  db.exec(
    'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -4096',
  );
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > formatVersion) throw new Error(`it was written by a newer Peapod (format ${version}, this one knows ${formatVersion})`);
  db.exec(`BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS changes (revision INTEGER NOT NULL, key TEXT NOT NULL, value BLOB, created INTEGER NOT NULL, PRIMARY KEY (revision, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS before (key TEXT NOT NULL, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (key, modified)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    INSERT OR IGNORE INTO meta VALUES ('revision', 1), ('compacted', 0);
    PRAGMA user_version = ${formatVersion};
    COMMIT`);
}

/** Everything on disk, as a ledger takes it. */
export interface Loaded {
  readonly revision: number;
  readonly compacted: number;
  readonly entries: readonly Entry[];
  /** The changes of each revision after the compacted one. */
  readonly log: readonly (readonly StoreEvent[])[];
}

/** Reads the whole store. Throws what SQLite throws where the file is damaged. */
export function load(db: DatabaseSync): Loaded {
  const numbers = new Map(
    db
      .prepare('SELECT name, number FROM meta')
      .all()
      .map((row) => [String(row['name']), Number(row['number'])]),
  );
  const revision = numbers.get('revision') ?? 1;
  const compacted = numbers.get('compacted') ?? 0;
  const entries = db.prepare('SELECT key, value, created, modified FROM entries').all().map(entryOf);
  // Rebuilding the log needs each change's previous entry: the version before it, which is either an earlier change or kept in `before`.
  const latest = new Map<string, Entry>();
  for (const entry of db.prepare('SELECT key, value, created, modified FROM before').all().map(entryOf)) latest.set(entry.key, entry);
  const base = compacted === 0 ? 1 : compacted;
  const log: StoreEvent[][] = Array.from({ length: revision - base }, () => []);
  for (const row of db.prepare('SELECT revision, key, value, created FROM changes WHERE revision > ? ORDER BY revision, key').all(base)) {
    const at = Number(row['revision']);
    const key = String(row['key']);
    const previous = latest.get(key);
    const value = row['value'];
    if (value instanceof Uint8Array) {
      const entry: Entry = { key, value, createRevision: Number(row['created']), modRevision: at };
      latest.set(key, entry);
      log[at - base - 1]?.push({ type: 'put', revision: at, entry, previous });
    } else if (previous !== undefined) {
      latest.delete(key);
      log[at - base - 1]?.push({ type: 'delete', revision: at, key, previous });
    }
  }
  // The newest version of a key is one object, whether it is reached through the log or through the entries.
  return { revision, compacted, entries: entries.map((entry) => same(latest.get(entry.key), entry)), log };
}

function same(fromLog: Entry | undefined, entry: Entry): Entry {
  return fromLog?.modRevision === entry.modRevision ? fromLog : entry;
}

function entryOf(row: Record<string, unknown>): Entry {
  const value = row['value'];
  if (!(value instanceof Uint8Array)) throw new Error(`the value of ${String(row['key'])} is no blob`);
  return { key: String(row['key']), value, createRevision: Number(row['created']), modRevision: Number(row['modified']) };
}
