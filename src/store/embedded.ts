// Owns the store on disk: SQLite in one worker thread, group commit, nothing shown before it is durable.
import { chmodSync, existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { type Loaded, load, prepare, StoreDamagedError, StoreInUseError } from './embedded-schema.ts';
import type { Answer, Change, Job } from './embedded-worker.ts';
import { Ledger } from './ledger.ts';
import type { Store, StoreEvent, Transaction, TransactionResult } from './store.ts';

/** At most this many transactions wait for the disk; more are refused, so that memory stays bounded when the disk hangs. */
const maxWaiting = 50_000;
/** At most this many transactions share one commit, so that the first of them does not wait for ever. */
const maxBatch = 1_000;

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

  settled(): Promise<void> {
    return Promise.resolve();
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
    this.#ledger.compact(revision);
    await this.#ask({ job: 'compact', revision });
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
      const last = batch.at(-1);
      if (last === undefined) break;
      try {
        await this.#ask({ job: 'commit', revision: last.revision, changes: batch.flatMap(changesOf) });
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
      this.#worker.postMessage(job);
    });
  }
}

function changesOf({ revision, events }: Waiting): readonly Change[] {
  return events.map((event) =>
    event.type === 'put'
      ? { revision, key: event.entry.key, value: event.entry.value, created: event.entry.createRevision }
      : { revision, key: event.key, value: undefined, created: event.previous.createRevision },
  );
}
