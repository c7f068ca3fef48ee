// Owns the writing thread of the embedded store: batches in, one durable commit each, an answer out. It refuses to decide anything.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { placeOf, prepare, stretchLog } from './embedded-schema.ts';

/** Changes to append, in order. The values lie in `bytes` one after the other; a size of −1 is a deletion. */
export interface CommitJob {
  readonly job: 'commit';
  readonly keys: readonly string[];
  readonly places: readonly number[];
  readonly created: readonly number[];
  readonly sizes: readonly number[];
  readonly bytes: ArrayBuffer;
}

/** Rows that nobody needs any more: what was superseded, by its revision and key. */
export interface CompactJob {
  readonly job: 'compact';
  readonly compacted: number;
  /** The newest revision, which the rows alone may no longer show. */
  readonly revision: number;
  readonly keys: readonly string[];
  readonly revisions: readonly number[];
}

/** What the writing thread is asked to do, one after the other. */
export type Job = CommitJob | CompactJob | { readonly job: 'drop'; readonly places: readonly number[] } | { readonly job: 'close' };

/** The answer to a job: nothing, or why it failed. Answers come in the order of the jobs. */
export interface Answer {
  readonly failure?: string;
}

const port = parentPort;
if (port !== null) {
  const db = new DatabaseSync(String(workerData));
  prepare(db);
  stretchLog(db);
  const append = db.prepare('INSERT INTO rows VALUES (?, ?, ?, ?)');
  const dropRow = db.prepare('DELETE FROM rows WHERE place = ?');
  const dropSuperseded = db.prepare('DELETE FROM rows WHERE place >= ? AND place < ? AND key = ?');
  const mark = db.prepare('UPDATE meta SET number = max(number, ?) WHERE name = ?');

  const work = (job: Exclude<Job, { readonly job: 'close' }>): void => {
    switch (job.job) {
      case 'commit': {
        let at = 0;
        for (const [index, key] of job.keys.entries()) {
          const size = job.sizes[index] ?? -1;
          append.run(job.places[index] ?? 0, key, size < 0 ? null : new Uint8Array(job.bytes, at, size), job.created[index] ?? 0);
          if (size > 0) at += size;
        }
        return;
      }
      case 'compact':
        mark.run(job.revision, 'revision');
        mark.run(job.compacted, 'compacted');
        for (const [index, key] of job.keys.entries()) {
          const revision = job.revisions[index] ?? 0;
          dropSuperseded.run(placeOf(revision, 0), placeOf(revision + 1, 0), key);
        }
        return;
      case 'drop':
        for (const place of job.places) dropRow.run(place);
    }
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
      work(job);
      db.exec('COMMIT');
      port.postMessage({} satisfies Answer);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      port.postMessage({ failure: error instanceof Error ? error.message : String(error) } satisfies Answer);
    }
  });
}
