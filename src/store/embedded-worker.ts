// Owns the writing thread of the embedded store: batches in, one durable commit each, an answer out. It refuses to decide anything.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { prepare } from './embedded-schema.ts';

/** One change to write down. `value` is absent for a deletion. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly created: number;
}

/** What the writing thread is asked to do, one after the other. */
export type Job =
  | { readonly job: 'commit'; readonly revision: number; readonly changes: readonly Change[] }
  | { readonly job: 'compact'; readonly revision: number }
  | { readonly job: 'close' };

/** The answer to a job: nothing, or why it failed. Answers come in the order of the jobs. */
export interface Answer {
  readonly failure?: string;
}

const port = parentPort;
if (port !== null) {
  const db = new DatabaseSync(String(workerData));
  prepare(db);
  const put = db.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)');
  const drop = db.prepare('DELETE FROM entries WHERE key = ?');
  const keep = db.prepare(
    "INSERT OR IGNORE INTO before SELECT key, value, created, modified FROM entries WHERE key = ? AND modified <= (SELECT max(number, 1) FROM meta WHERE name = 'compacted')",
  );
  const log = db.prepare('INSERT INTO changes VALUES (?, ?, ?, ?)');
  const mark = db.prepare("UPDATE meta SET number = ? WHERE name = 'revision'");

  const commit = (revision: number, changes: readonly Change[]): void => {
    for (const { revision: at, key, value, created } of changes) {
      keep.run(key);
      log.run(at, key, value ?? null, created);
      if (value === undefined) drop.run(key);
      else put.run(key, value, created, at);
    }
    mark.run(revision);
  };
  /** Versions that were current at the compacted revision and have been superseded since stay in `before`: the log needs them as previous ones. */
  const compact = (revision: number): void => {
    db.prepare(
      'DELETE FROM before WHERE key NOT IN (SELECT key FROM changes WHERE revision > :at) OR key IN (SELECT key FROM changes WHERE revision <= :at)',
    ).run({ at: revision });
    db.prepare(`INSERT INTO before
      SELECT c.key, c.value, c.created, c.revision FROM changes c
      JOIN (SELECT key, max(revision) AS newest FROM changes WHERE revision <= :at GROUP BY key) n ON n.key = c.key AND n.newest = c.revision
      WHERE c.value IS NOT NULL AND EXISTS (SELECT 1 FROM changes l WHERE l.key = c.key AND l.revision > :at)`).run({ at: revision });
    db.prepare('DELETE FROM changes WHERE revision <= ?').run(revision);
    db.prepare("UPDATE meta SET number = ? WHERE name = 'compacted'").run(revision);
  };

  port.on('message', (job: Job) => {
    if (job.job === 'close') {
      db.close();
      port.postMessage({} satisfies Answer);
      port.close();
      return;
    }
    try {
      db.exec('BEGIN IMMEDIATE');
      if (job.job === 'commit') commit(job.revision, job.changes);
      else compact(job.revision);
      db.exec('COMMIT');
      port.postMessage({} satisfies Answer);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      port.postMessage({ failure: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  });
}
