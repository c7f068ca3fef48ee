// Owns how the ledger's thread and the writing thread speak: memory that both see and a number each way, one job at a time. Messages between threads cost
// three times as much on both sides (measured 18 µs a round trip, this 6), which a single client waits for and a hundred pay for.
import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { Change } from './embedded-schema.ts';

/** What both threads share. */
export interface ChannelMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
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

/** What the writing thread is asked for beside commits. These come as messages: they are few. */
export type RareJob = CompactJob | { readonly job: 'drop'; readonly places: readonly number[] } | { readonly job: 'close' };

/** A job as the writing thread sees it. The values are views of shared memory, good until the job is answered. */
export type Job = RareJob | { readonly job: 'commit'; readonly changes: Iterable<Change> };

// Places in `control`: jobs given, jobs answered, what the job is (the number of its changes; −1 for a message), and the length of a failure's text.
const [given, answered, what, failureLength] = [0, 1, 2, 3];
const isMessage = -1;
/** Numbers before a change's key and value: its place, createRevision, the key's length, the value's (−1 for a deletion). */
const numbers = 4;
const firstBytes = 256 * 1024;
/** A transaction's 128 writes of 3 MiB fit. The memory is only taken once it is needed. */
const mostBytes = 512 * 1024 * 1024;

/** Memory for one channel. */
export function channelMemory(): ChannelMemory {
  return { control: new SharedArrayBuffer(16), data: new SharedArrayBuffer(firstBytes, { maxByteLength: mostBytes }) };
}

/** The bytes that a change takes in the channel, at most. */
function roomOf({ key, value }: Change): number {
  return numbers * 8 + key.length * 3 + (value?.length ?? 0);
}

/** The ledger's end. One job at a time: the next may be given once the one before is answered. */
export class CommitChannel {
  readonly #worker: Worker;
  readonly #data: SharedArrayBuffer;
  readonly #control: Int32Array;
  #settle: ((failure: string | undefined) => void) | undefined;
  #broken: string | undefined;

  constructor(worker: Worker, { control, data }: ChannelMemory) {
    this.#worker = worker;
    this.#data = data;
    this.#control = new Int32Array(control);
    const end = (why: string): void => {
      this.#broken ??= why;
      this.#settle?.(why);
    };
    worker.on('error', (error) => end(error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => end('the store is closed'));
  }

  /** Why nothing can be written any more; undefined while it can. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /** Resolves when the changes are on disk, all or none. Rejects where the disk fails, and for more than the memory holds. */
  async commit(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const room = changes.reduce((sum, change) => sum + roomOf(change), 0);
    if (room > this.#data.byteLength) this.#data.grow(Math.min(mostBytes, Math.max(room, 2 * this.#data.byteLength)));
    const head = new Float64Array(this.#data, 0, changes.length * numbers);
    const bytes = Buffer.from(this.#data, 0, this.#data.byteLength);
    let at = head.byteLength;
    changes.forEach(({ place, created, key, value }, index) => {
      const keyLength = bytes.write(key, at);
      at += keyLength;
      head.set([place, created, keyLength, value === undefined ? -1 : value.length], index * numbers);
      if (value === undefined) return;
      bytes.set(value, at);
      at += value.length;
    });
    await this.#give(changes.length);
  }

  /** Resolves when a rare job is done. */
  async ask(job: RareJob): Promise<void> {
    if (this.#broken === undefined) this.#worker.postMessage(job);
    await this.#give(isMessage);
  }

  async #give(kind: number): Promise<void> {
    const failure = this.#broken ?? (await this.#answer(kind));
    if (failure !== undefined) throw new Error(`the store cannot write: ${failure}`);
  }

  #answer(kind: number): Promise<string | undefined> {
    const control = this.#control;
    const number = Atomics.load(control, given) + 1;
    Atomics.store(control, what, kind);
    Atomics.store(control, given, number);
    Atomics.notify(control, given);
    return new Promise((resolve) => {
      this.#settle = resolve;
      const read = (): void => {
        const length = Atomics.load(control, failureLength);
        resolve(length === 0 ? undefined : Buffer.from(this.#data, 0, length).toString());
      };
      const wait = Atomics.waitAsync(control, answered, number - 1);
      if (wait.async) void wait.value.then(read);
      else read();
    });
  }
}

/** The writing thread's end: does each job with `work` and answers, until `work` says by false that it was the last. Blocks its thread. */
export function serveChannel({ control: shared, data }: ChannelMemory, port: MessagePort, work: (job: Job) => boolean): void {
  const control = new Int32Array(shared);
  for (let number = 1, goesOn = true; goesOn; number++) {
    Atomics.wait(control, given, number - 1);
    const kind = Atomics.load(control, what);
    let failure = '';
    try {
      goesOn = work(
        kind === isMessage ? (receiveMessageOnPort(port)?.message as RareJob) : { job: 'commit', changes: changesIn(data, kind) },
      );
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    Atomics.store(control, failureLength, Buffer.from(data, 0, data.byteLength).write(failure));
    Atomics.store(control, answered, number);
    Atomics.notify(control, answered);
  }
}

function* changesIn(data: SharedArrayBuffer, count: number): Generator<Change, void, undefined> {
  const head = new Float64Array(data, 0, count * numbers);
  const bytes = Buffer.from(data, 0, data.byteLength);
  let at = head.byteLength;
  for (let index = 0; index < count; index++) {
    const [place = 0, created = 0, keyLength = 0, size = 0] = head.subarray(index * numbers, (index + 1) * numbers);
    const key = bytes.toString('utf8', at, at + keyLength);
    at += keyLength;
    yield { place, created, key, value: size < 0 ? undefined : bytes.subarray(at, at + size) };
    at += Math.max(0, size);
  }
}
