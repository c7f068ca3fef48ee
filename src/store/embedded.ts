// Owns the store on disk: SQLite in one worker thread, group commit, nothing shown before it is durable.
import { chmodSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { type Loaded, load, placeOf, prepare, StoreDamagedError, StoreInUseError } from './embedded-schema.ts';
import type { Answer, CommitJob, CompactJob, Job } from './embedded-worker.ts';
import { keyOf, Ledger } from './ledger.ts';
import type { Store, StoreEvent, Transaction, TransactionResult } from './store.ts';

/** At most this many transactions wait for the disk; more are refused, so that memory stays bounded when the disk hangs. */
const maxWaiting = 50_000;
/** At most this many transactions share one commit, so that the first of them does not wait for ever. */
const maxBatch = 1_000;
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
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './embedded-worker.ts' : './embedded-worker.js', import.meta.url), {
    workerData: path,
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('online', resolve);
    worker.once('error', reject);
  });
  const store = new EmbeddedStore(worker, loaded);
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
  readonly #ledger: Ledger;
  readonly #answers: ((failure: string | undefined) => void)[] = [];
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #broken: string | undefined;

  constructor(worker: Worker, loaded: Loaded) {
    this.#worker = worker;
    this.#ledger = new Ledger(loaded.revision, loaded.compacted);
    this.#ledger.restore(loaded.entries, loaded.log);
    worker.on('message', ({ failure }: Answer) => this.#answers.shift()?.(failure));
    const end = (why: string): void => {
      this.#broken ??= why;
      for (const answer of this.#answers.splice(0)) answer(why);
    };
    worker.on('error', (error) => end(error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => end('the store is closed'));
  }

  get revision(): number {
    return this.#ledger.revision;
  }

  get compactedRevision(): number {
    return this.#ledger.compactedRevision;
  }

  get trouble(): string | undefined {
    return this.#broken;
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

  async transact(transaction: Transaction): Promise<TransactionResult> {
    if (this.#closed !== undefined) throw new Error('the store is closed');
    if (this.#waiting.length >= maxWaiting) throw new Error(`the store has ${maxWaiting} writes waiting for the disk`);
    const proposal = this.#ledger.propose(transaction);
    if (proposal.outcome === 'empty') return { ok: true, revision: this.#ledger.revision };
    if (proposal.outcome === 'refused') {
      // The refusal may rest on a write that is not on disk yet: it must not be told before that one.
      await this.#committing;
      return { ok: false, revision: this.#ledger.revision, current: proposal.current };
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ revision: proposal.revision, events: proposal.events, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
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
      if (this.#broken === undefined) await this.#ask({ job: 'close' });
      await this.#worker.terminate();
    })();
    return this.#closed;
  }

  async #commitAll(): Promise<void> {
    // One turn of the event loop gathers what arrives together into one commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        await this.#ask(commitJob(batch));
      } catch (error) {
        this.#fail([...batch, ...this.#waiting.splice(0)], error instanceof Error ? error : new Error(String(error)));
        break;
      }
      for (const { revision, events, resolve } of batch) {
        this.#ledger.publish(revision, events);
        resolve({ ok: true, revision });
      }
    }
    this.#committing = undefined;
  }

  #fail(writes: readonly Waiting[], error: Error): void {
    this.#ledger.abandon();
    for (const { reject } of writes) reject(error);
  }

  #ask(job: Job): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(new Error(`the store cannot write: ${this.#broken}`));
    return new Promise((resolve, reject) => {
      this.#answers.push((failure) => (failure === undefined ? resolve() : reject(new Error(`the store cannot write: ${failure}`))));
      this.#worker.postMessage(job, job.job === 'commit' ? [job.bytes] : []);
    });
  }
}

/** The changes of a batch with their values in one piece of memory, which is handed over: cloning values would clone the pools they lie in. */
function commitJob(batch: readonly Waiting[]): CommitJob {
  const events = batch.flatMap(({ events }) => events);
  const places = batch.flatMap(({ revision, events }) => events.map((_, index) => placeOf(revision, index)));
  const sizes = events.map((event) => (event.type === 'put' ? event.entry.value.length : -1));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + Math.max(0, size), 0));
  let at = 0;
  for (const event of events) {
    if (event.type !== 'put') continue;
    bytes.set(event.entry.value, at);
    at += event.entry.value.length;
  }
  const created = events.map((event) => (event.type === 'put' ? event.entry.createRevision : event.previous.createRevision));
  return { job: 'commit', keys: events.map(keyOf), places, created, sizes, bytes: bytes.buffer };
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
