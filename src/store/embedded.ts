// Owns the store on disk: SQLite in one worker thread, group commit, nothing shown before it is durable.
import { chmodSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { CommitChannel, type CompactJob, channelMemory, type RareJob } from './commit-channel.ts';
import { type Change, type Loaded, load, placeOf, prepare, StoreDamagedError, StoreInUseError } from './embedded-schema.ts';
import type { WorkerInput } from './embedded-worker.ts';
import { keyOf, Ledger } from './ledger.ts';
import type { Entry, Store, StoreEvent, Transaction, TransactionResult } from './store.ts';

/** At most this many transactions wait for the disk; more are refused, so that memory stays bounded when the disk hangs. */
const maxWaiting = 50_000;
/** At most this many transactions share one commit, so that the first of them does not wait for ever. */
const maxBatch = 1_000;
/** Nor more than this, beyond its first transaction. */
const maxBatchBytes = 8 * 1024 * 1024;
/** At most this many rows are dropped in one commit, so that writes never wait long for a compaction. */
const maxDrops = 2_000;

interface Waiting {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
  readonly resolve: (result: TransactionResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens (or makes) the store in one file. A write resolves when its commit is on disk; all writes that arrive while a commit is under way share the
 * next one. Throws StoreInUseError or StoreDamagedError. When the disk fails, the writes under way reject and the store goes on from what is durable.
 */
export async function openEmbedded(path: string): Promise<Store> {
  const loaded = read(path);
  const memory = channelMemory();
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './embedded-worker.ts' : './embedded-worker.js', import.meta.url), {
    workerData: { path, memory } satisfies WorkerInput,
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve);
    worker.once('error', reject);
  });
  const store = new EmbeddedStore(worker, new CommitChannel(worker, memory), loaded);
  await store.drop(loaded.leftovers);
  return store;
}

/** Reads all there is on the main thread, and lets go of the file before the worker takes it. */
function read(path: string): Loaded {
  const existed = existsSync(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    if (!existed) chmodSync(path, 0o600);
    prepare(db);
    return load(db);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
    throw code === 5 || code === 6 ? new StoreInUseError(path) : new StoreDamagedError(path, error);
  } finally {
    db?.close();
  }
}

class EmbeddedStore implements Store {
  readonly #worker: Worker;
  readonly #channel: CommitChannel;
  readonly #ledger: Ledger;
  #waiting: Waiting[] = [];
  /** Jobs beside commits, each to be given when its turn comes. */
  #rare: (() => Promise<void>)[] = [];
  #committing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(worker: Worker, channel: CommitChannel, loaded: Loaded) {
    this.#worker = worker;
    this.#channel = channel;
    this.#ledger = new Ledger(loaded.revision, loaded.compacted);
    this.#ledger.restore(loaded.entries, loaded.log);
  }

  get revision(): number {
    return this.#ledger.revision;
  }

  get compactedRevision(): number {
    return this.#ledger.compactedRevision;
  }

  get trouble(): string | undefined {
    return this.#channel.broken;
  }

  get(key: string): ReturnType<Store['get']> {
    return this.#ledger.get(key);
  }

  range(query: Parameters<Store['range']>[0]): ReturnType<Store['range']> {
    return this.#ledger.range(query);
  }

  watch(...args: Parameters<Store['watch']>): Disposable {
    return this.#ledger.watch(...args);
  }

  /** A promise of its own for each that is accepted, and no other: an async function would add one, and two turns of the queue. */
  transact(transaction: Transaction): Promise<TransactionResult> {
    try {
      if (this.#closed !== undefined) throw new Error('the store is closed');
      if (this.#waiting.length >= maxWaiting) throw new Error(`the store has ${maxWaiting} writes waiting for the disk`);
      const proposal = this.#ledger.propose(transaction);
      if (proposal.outcome === 'empty') return Promise.resolve({ ok: true, revision: this.#ledger.revision });
      if (proposal.outcome === 'refused') return this.#refuse(proposal.current);
      return new Promise((resolve, reject) => {
        this.#waiting.push({ revision: proposal.revision, events: proposal.events, resolve, reject });
        this.#committing ??= this.#commitAll();
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The refusal may rest on a write that is not on disk yet: it must not be told before that one. */
  async #refuse(current: readonly (Entry | undefined)[]): Promise<TransactionResult> {
    await this.#committing;
    return { ok: false, revision: this.#ledger.revision, current };
  }

  async compact(revision: number): Promise<void> {
    const forgotten = this.#ledger.compact(revision);
    // A process that ends in between leaves rows that the next one drops when it has read them.
    for (let at = 0; at === 0 || at < forgotten.length; at += maxDrops)
      await this.#ask(compactJob(forgotten.slice(at, at + maxDrops), revision, this.#ledger.revision));
  }

  /** Drops rows that an interrupted compaction left. */
  async drop(places: readonly number[]): Promise<void> {
    for (let at = 0; at < places.length; at += maxDrops) await this.#ask({ job: 'drop', places: places.slice(at, at + maxDrops) });
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#committing;
      if (this.#channel.broken === undefined) await this.#channel.ask({ job: 'close' });
      await this.#worker.terminate();
    })();
    return this.#closed;
  }

  /** Gives the writing thread one job after the other, until nobody waits. */
  async #commitAll(): Promise<void> {
    // One turn of the event loop gathers what arrives together into one commit.
    await Promise.resolve();
    let batch: readonly Waiting[] = [];
    let onDisk = Promise.resolve();
    do {
      try {
        await onDisk;
      } catch (error) {
        this.#fail([...batch, ...this.#waiting.splice(0)], error instanceof Error ? error : new Error(String(error)));
        batch = [];
      }
      for (const give of this.#rare.splice(0)) await give();
      // The disk is at work on the next batch while this one is told.
      const done = batch;
      batch = this.#nextBatch();
      onDisk = this.#channel.commit(changesOf(batch));
      for (const { revision, events, resolve } of done) {
        this.#ledger.publish(revision, events);
        resolve({ ok: true, revision });
      }
    } while (batch.length + this.#waiting.length + this.#rare.length > 0);
    this.#committing = undefined;
  }

  #nextBatch(): readonly Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { events } of this.#waiting) {
      for (const event of events) bytes += event.type === 'put' ? event.entry.value.length : 0;
      if (count === maxBatch || (count > 0 && bytes > maxBatchBytes)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #fail(writes: readonly Waiting[], error: Error): void {
    this.#ledger.abandon();
    for (const { reject } of writes) reject(error);
  }

  #ask(job: RareJob): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#rare.push(() => this.#channel.ask(job).then(resolve, reject));
      this.#committing ??= this.#commitAll();
    });
  }
}

/** The changes of a batch as rows. */
function changesOf(batch: readonly Waiting[]): readonly Change[] {
  return batch.flatMap(({ revision, events }) =>
    events.map((event, index): Change => {
      const place = placeOf(revision, index);
      if (event.type === 'delete') return { place, created: event.previous.createRevision, key: event.key, value: undefined };
      const { key, value, createRevision } = event.entry;
      return { place, created: createRevision, key, value };
    }),
  );
}

/** What the forgotten events superseded, and the deletions among them. */
function compactJob(forgotten: readonly StoreEvent[], compacted: number, revision: number): CompactJob {
  const keys: string[] = [];
  const revisions: number[] = [];
  for (const event of forgotten) {
    if (event.previous !== undefined) {
      keys.push(keyOf(event));
      revisions.push(event.previous.modRevision);
    }
    if (event.type === 'delete') {
      keys.push(event.key);
      revisions.push(event.revision);
    }
  }
  return { job: 'compact', compacted, revision, keys, revisions };
}
