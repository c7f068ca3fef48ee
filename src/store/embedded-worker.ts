// Owns the writing thread of the embedded store: batches in, one durable commit each, an answer out. It refuses to decide anything.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type ChannelMemory, type Job, serveChannel } from './commit-channel.ts';
import { placeOf, prepare, stretchLog } from './embedded-schema.ts';

/** What the thread is started with. */
export interface WorkerInput {
  readonly path: string;
  readonly memory: ChannelMemory;
}

if (parentPort !== null) {
  const { path, memory } = workerData as WorkerInput;
  const db = new DatabaseSync(path);
  prepare(db);
  stretchLog(db);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const append = db.prepare('INSERT INTO rows VALUES (?, ?, ?, ?)');
  const dropRow = db.prepare('DELETE FROM rows WHERE place = ?');
  const dropSuperseded = db.prepare('DELETE FROM rows WHERE place >= ? AND place < ? AND key = ?');
  const mark = db.prepare('UPDATE meta SET number = max(number, ?) WHERE name = ?');

  const work = (job: Exclude<Job, { readonly job: 'close' }>): void => {
    switch (job.job) {
      case 'commit':
        for (const { place, key, value, created } of job.changes) append.run(place, key, value ?? null, created);
        return;
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

  serveChannel(memory, parentPort, (job) => {
    if (job.job === 'close') {
      db.close();
      return false;
    }
    try {
      begin.run();
      work(job);
      commit.run();
      return true;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  });
  parentPort.close();
}
