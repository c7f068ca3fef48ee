// Owns what this process knows of an etcd: its keys under one prefix in memory, fed by one watch that goes on after every loss. It refuses to write.
import { backoffMs } from '../../base/backoff.ts';
import type { Log } from '../../base/log.ts';
import { Ledger } from '../ledger.ts';
import { type Entry, prefixEnd, type StoreEvent, StoreUnavailableError } from '../store.ts';
import { EtcdCompactedError, type EtcdConnection } from './etcd-connection.ts';
import type { KeyValue, WatchAnswer, WatchedChange } from './messages.ts';
import { changesBetween } from './missed-changes.ts';

const pageSize = 500;
const pageDeadlineMs = 30_000;
const listTries = 5;
const reconnect = { baseMs: 50, factor: 2, maxMs: 2000 };

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

interface Snapshot {
  readonly entries: readonly Entry[];
  readonly revision: number;
}

/** The bytes that a writer of this process gave for a key, where it gave these: who reads them knows their parsed form. */
export type OwnBytes = (key: string, value: Buffer) => Uint8Array;

/** The keys under a prefix as of the newest revision that etcd's watch told. Keys are seen without the prefix. */
export class EtcdMirror {
  readonly ledger: Ledger;
  readonly #connection: EtcdConnection;
  readonly #prefix: string;
  readonly #ownBytes: OwnBytes;
  readonly #log: Log;
  readonly #abort = new AbortController();
  readonly #waiters = new Set<Waiter>();
  readonly #liveWaiters = new Set<() => void>();
  #trouble: string | undefined = 'the watch of etcd has not begun';
  #following: Promise<void> = Promise.resolve();

  private constructor(connection: EtcdConnection, prefix: string, ledger: Ledger, ownBytes: OwnBytes, log: Log) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.ledger = ledger;
    this.#ownBytes = ownBytes;
    this.#log = log;
  }

  /**
   * Reads everything and begins to follow. `since`: the revision to read as of, where etcd still has it, so that what happened after it is known as
   * the past; 0: read what is now.
   */
  static async open(connection: EtcdConnection, prefix: string, since: number, ownBytes: OwnBytes, log: Log): Promise<EtcdMirror> {
    const { entries, revision } = await snapshotOf(connection, prefix, since);
    const ledger = new Ledger(revision, since === 0 ? 0 : revision);
    ledger.restore(entries, []);
    const mirror = new EtcdMirror(connection, prefix, ledger, ownBytes, log);
    mirror.#following = mirror.#follow();
    return mirror;
  }

  /** Why nothing new is heard at present; undefined where the watch is open. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves when this revision, which there must be under the prefix, is known; false after `deadlineMs`, or when the mirror is closed. */
  async reached(revision: number, deadlineMs: number): Promise<boolean> {
    if (this.ledger.revision >= revision) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { revision, resolve };
    this.#waiters.add(waiter);
    await before(promise, deadlineMs);
    this.#waiters.delete(waiter);
    return this.ledger.revision >= revision;
  }

  /** Resolves when the watch is open; false after `deadlineMs`. */
  async live(deadlineMs: number): Promise<boolean> {
    if (this.#trouble === undefined) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#liveWaiters.add(resolve);
    await before(promise, deadlineMs);
    this.#liveWaiters.delete(resolve);
    return this.#trouble === undefined;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#trouble = 'the store is closed';
    for (const { resolve } of this.#waiters) resolve();
    for (const resolve of this.#liveWaiters) resolve();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#watch(() => {
          if (failures > 0) this.#log.info('etcd is heard again', { endpoint: this.#connection.endpoint });
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        failures++;
        this.#trouble = error instanceof Error ? error.message : String(error);
        if (failures === 1) this.#log.warn('etcd is not heard at present', { endpoint: this.#connection.endpoint, error });
        await this.#recover(error).catch((again: unknown) => this.#log.debug('etcd could not be read', { error: again }));
        const { promise, resolve } = Promise.withResolvers<void>();
        const onAbort = (): void => resolve();
        signal.addEventListener('abort', onAbort, { once: true });
        await before(promise, backoffMs(reconnect, failures));
        signal.removeEventListener('abort', onAbort);
      }
    }
  }

  async #watch(opened: () => void): Promise<void> {
    let gathered: WatchedChange[] = [];
    const tell = ({ created, fragment, changes }: WatchAnswer): void => {
      if (created) {
        opened();
        this.#trouble = undefined;
        for (const resolve of this.#liveWaiters) resolve();
        this.#liveWaiters.clear();
      }
      if (changes.length > 0) gathered = gathered.length === 0 ? [...changes] : [...gathered, ...changes];
      if (fragment || gathered.length === 0) return;
      const whole = gathered;
      gathered = [];
      this.#take(whole);
    };
    await this.#connection.watch(rangeOf(this.#prefix), this.ledger.revision + 1, tell, this.#abort.signal);
  }

  /** Shows changes revision by revision. */
  #take(changes: readonly WatchedChange[]): void {
    for (let at = 0; at < changes.length; ) {
      const revision = changes[at]?.entry.modRevision ?? 0;
      const events: StoreEvent[] = [];
      for (; changes[at]?.entry.modRevision === revision; at++) {
        const event = this.#eventOf(changes[at] as WatchedChange);
        if (event !== undefined) events.push(event);
      }
      if (revision > this.ledger.revision) this.ledger.publish(revision, events);
    }
    this.#wake();
  }

  #eventOf({ type, entry: seen }: WatchedChange): StoreEvent | undefined {
    const key = seen.key.slice(this.#prefix.length);
    const { modRevision: revision, createRevision } = seen;
    const previous = this.ledger.get(key);
    if (type === 'delete') return previous === undefined ? undefined : { type, revision, key, previous };
    const entry: Entry = { key, value: this.#ownBytes(key, seen.value), createRevision, modRevision: revision };
    return { type, revision, entry, previous };
  }

  #wake(): void {
    const { revision } = this.ledger;
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** After a loss: what was compacted away meanwhile is read anew, and told as the changes that it comes to; else another endpoint is tried. */
  async #recover(error: unknown): Promise<void> {
    if (!(error instanceof EtcdCompactedError)) return this.#connection.rotate();
    this.#log.warn('etcd was compacted beyond what was heard: reading everything anew', { revision: this.ledger.revision });
    const { entries, revision } = await snapshotOf(this.#connection, this.#prefix, 0);
    const known = this.ledger.range({ start: '', end: '\uffff' }).entries;
    for (const events of changesBetween(known, entries, this.ledger.revision, revision))
      this.ledger.publish(events[0]?.revision ?? revision, events);
    this.ledger.advance(revision);
    // What lay between is not known step by step: nobody may ask for it.
    if (revision > this.ledger.compactedRevision) this.ledger.compact(revision);
    this.#wake();
  }
}

/** The range of the keys under a prefix. */
export function rangeOf(prefix: string): { readonly start: string; readonly end: string } {
  return { start: `${prefix}/`, end: prefixEnd(`${prefix}/`) };
}

/** Everything under a prefix at one revision: `since` where etcd still has it, else now. */
async function snapshotOf(connection: EtcdConnection, prefix: string, since: number): Promise<Snapshot> {
  let asOf = since;
  for (let tries = 0; ; tries++) {
    try {
      return await listAt(connection, prefix, asOf);
    } catch (error) {
      if (!(error instanceof EtcdCompactedError) || tries === listTries) throw error;
      asOf = 0;
    }
  }
}

async function listAt(connection: EtcdConnection, prefix: string, asOf: number): Promise<Snapshot> {
  const { start, end } = rangeOf(prefix);
  const entries: Entry[] = [];
  let revision = asOf;
  for (let key = start; ; ) {
    const page = await connection.range({ key, end, limit: pageSize, revision }, pageDeadlineMs);
    if (revision === 0) revision = page.revision;
    for (const one of page.entries) entries.push(entryOf(one, prefix));
    const last = page.entries.at(-1);
    if (!page.more || last === undefined) return { entries, revision };
    key = `${last.key}\0`;
  }
}

function entryOf({ key, ...rest }: KeyValue, prefix: string): Entry {
  return { key: key.slice(prefix.length), ...rest };
}

/** Waits for a promise, but not for longer than this. */
async function before(promise: Promise<void>, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** What is thrown where etcd does not answer. */
export function unreachable(why: string): StoreUnavailableError {
  return new StoreUnavailableError('unreachable', `etcd cannot be reached: ${why}`);
}
