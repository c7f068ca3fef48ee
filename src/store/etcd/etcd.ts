// Owns the store in an etcd that others write to as well: reads from a mirror, writes by etcd's transactions, and no write told that is not to be read.
import type { Log } from '../../base/log.ts';
import type { Entry, RangeQuery, RangeResult, Store, StoreListener, Transaction, TransactionResult, Write } from '../store.ts';
import { maxWrites, StoreUnavailableError } from '../store.ts';
import { type EtcdAddress, EtcdCompactedError, EtcdConnection } from './etcd-connection.ts';
import { EtcdMirror, unreachable } from './etcd-mirror.ts';
import { KeyTurns } from './key-turns.ts';
import type { RangeAnswer, TxnAnswer, TxnRequest } from './messages.ts';
import { OwnWrites } from './own-writes.ts';

/** How long etcd may take to answer before whoever asked is told so. */
const patienceMs = 10_000;
/** At most this many writes are under way; more are refused, so that memory stays bounded while etcd hangs. */
const maxUnderWay = 5_000;
/** A transaction that rests on what the mirror says starts over this often where that was old. */
const triesBound = 8;
/** etcd itself is asked to forget no more often than this, unless much has come together. */
const compactEveryMs = 60_000;
const compactEvery = 5_000;
/** When opening, an endpoint that says nothing is given so long, and the next one is tried so much later. */
const askAgainMs = 3_000;
const retryMs = 100;
const nothing = Buffer.from('-');

/** Where the store is: an etcd and the prefix of all its keys there, for example `/peapod`. */
export interface EtcdStoreOptions extends EtcdAddress {
  readonly prefix: string;
  readonly log: Log;
  /** Overrides of the bounds, for tests. */
  readonly patienceMs?: number;
}

/**
 * Opens the store in an etcd (3.4 or later). Rejects with StoreUnavailableError where etcd does not answer. Objects are at `PREFIX/…`; at
 * `PREFIX.store/written` lies a mark that each write moves (what it says is known when reads show that revision), at `PREFIX.store/compacted`
 * the revision to which the history is forgotten.
 */
export async function openEtcd(options: EtcdStoreOptions): Promise<Store> {
  const connection = new EtcdConnection(options);
  const own = new OwnWrites();
  try {
    const compacted = await firstAnswer(connection, `${options.prefix}.store/compacted`, options.patienceMs ?? patienceMs);
    const since = Number(compacted.entries[0]?.value.toString() ?? 0);
    const mirror = await EtcdMirror.open(connection, options.prefix, since, (key, value) => own.bytesOf(key, value), options.log);
    const store = new EtcdStore(connection, mirror, own, options);
    await store.settled();
    return store;
  } catch (error) {
    connection.close();
    throw error instanceof StoreUnavailableError ? unreachable(error.message) : error;
  }
}

/** What is at a key; every endpoint is tried in turn, again and again, until time is up. */
async function firstAnswer(connection: EtcdConnection, key: string, withinMs: number): Promise<RangeAnswer> {
  for (const ends = Date.now() + withinMs; ; ) {
    try {
      return await connection.range({ key }, Math.max(1, Math.min(askAgainMs, ends - Date.now())));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || Date.now() + retryMs > ends) throw error;
      connection.rotate();
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

class EtcdStore implements Store {
  readonly #connection: EtcdConnection;
  readonly #mirror: EtcdMirror;
  readonly #own: OwnWrites;
  readonly #prefix: string;
  readonly #written: string;
  readonly #compactedKey: string;
  readonly #patienceMs: number;
  readonly #turns = new KeyTurns();
  #underWay = 0;
  #settling: Promise<void> | undefined;
  #settleNext: Promise<void> | undefined;
  #etcdCompactedMs = 0;
  #etcdCompacted = 0;
  #closed = false;

  constructor(connection: EtcdConnection, mirror: EtcdMirror, own: OwnWrites, options: EtcdStoreOptions) {
    this.#connection = connection;
    this.#mirror = mirror;
    this.#own = own;
    this.#prefix = options.prefix;
    this.#written = `${options.prefix}.store/written`;
    this.#compactedKey = `${options.prefix}.store/compacted`;
    this.#patienceMs = options.patienceMs ?? patienceMs;
  }

  get revision(): number {
    return this.#mirror.ledger.revision;
  }

  get compactedRevision(): number {
    return this.#mirror.ledger.compactedRevision;
  }

  get trouble(): string | undefined {
    return this.#mirror.trouble;
  }

  get(key: string): Entry | undefined {
    return this.#mirror.ledger.get(key);
  }

  range(query: RangeQuery): RangeResult {
    return this.#mirror.ledger.range(query);
  }

  watch(range: { readonly start: string; readonly end: string }, afterRevision: number, listener: StoreListener): Disposable {
    return this.#mirror.ledger.watch(range, afterRevision, listener);
  }

  /** One question to etcd for all who ask while another one is under way: that one's answer may be older than their call. */
  readonly settled = (): Promise<void> => {
    if (this.#settling === undefined) {
      this.#settling = this.#settle().finally(() => {
        this.#settling = undefined;
      });
      return this.#settling;
    }
    this.#settleNext ??= this.#settling
      .catch(() => {})
      .then(() => {
        this.#settleNext = undefined;
        return this.settled();
      });
    return this.#settleNext;
  };

  async #settle(): Promise<void> {
    const ends = Date.now() + this.#patienceMs;
    for (;;) {
      await this.#live(ends);
      try {
        const { entries } = await this.#connection.range({ key: this.#written }, Math.max(1, ends - Date.now()));
        return await this.#know(entries[0]?.modRevision ?? 0, ends);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || this.#closed || Date.now() + retryMs > ends) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Waits until the mirror is fed, as nothing can be told without it. */
  async #live(ends: number): Promise<void> {
    if (this.#closed) throw new Error('the store is closed');
    if (!(await this.#mirror.live(ends - Date.now()))) throw unreachable(this.#mirror.trouble ?? 'no answer');
  }

  async #know(revision: number, ends: number): Promise<void> {
    if (await this.#mirror.reached(revision, ends - Date.now())) return;
    throw unreachable(this.#mirror.trouble ?? `revision ${revision} was not heard of in time`);
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    const { writes } = transaction;
    if (this.#closed) throw new Error('the store is closed');
    // One more goes to the mark.
    if (writes.length >= maxWrites)
      throw new RangeError(`a transaction has at most ${maxWrites - 1} writes, this one has ${writes.length}`);
    if (this.#underWay >= maxUnderWay) throw new StoreUnavailableError('busy', `${maxUnderWay} writes wait for etcd already`);
    this.#underWay++;
    using _own = this.#own.expect(writes);
    using turn = this.#turns.take(transaction);
    try {
      await turn.before;
      return await this.#write(transaction);
    } finally {
      this.#underWay--;
    }
  }

  async #write({ compare, writes }: Transaction): Promise<TransactionResult> {
    const ends = Date.now() + this.#patienceMs;
    const puts = writes.filter((write): write is Extract<Write, { type: 'put' }> => write.type === 'put');
    for (let tries = 0; tries < triesBound; tries++) {
      await this.#live(ends);
      // A deletion alone must be known to change something, or the mark would say what no watch tells: it rests on what is known of its key.
      const unsure = puts.length > 0 ? [] : writes.filter(({ key }) => compare.every((one) => one.key !== key));
      const guards = [...compare, ...unsure.map(({ key }) => ({ key, modRevision: this.get(key)?.modRevision ?? 0 }))];
      const deletes = writes.filter(
        ({ type, key }) => type === 'delete' && (puts.length > 0 || guards.find((one) => one.key === key)?.modRevision !== 0),
      );
      const effective = puts.length + deletes.length > 0;
      const request = {
        compare: guards.map((guard) => ({ ...guard, key: this.#prefix + guard.key })),
        puts: puts.map(({ key, value }) => ({ key: this.#prefix + key, value })),
        deletes: deletes.map(({ key }) => this.#prefix + key),
        otherwiseRead: [this.#written, ...guards.map(({ key }) => this.#prefix + key)],
      };
      const answer = await this.#send(request, effective, ends);
      if ('done' in answer) return { ok: true, revision: answer.done };
      if (answer.succeeded) {
        if (!effective) return { ok: true, revision: this.revision };
        // It is written, whatever becomes of the watch: who is answered late is answered all the same.
        await this.#mirror.reached(answer.revision, Math.max(1, ends - Date.now()));
        return { ok: true, revision: answer.revision };
      }
      const [mark, ...found] = answer.read;
      await this.#know(mark?.modRevision ?? 0, ends);
      const current = compare.map((_, index) => this.#seen(found[index]?.key, found[index]?.modRevision));
      if (compare.some(({ modRevision }, index) => (found[index]?.modRevision ?? 0) !== modRevision))
        return { ok: false, revision: this.revision, current };
    }
    throw new StoreUnavailableError('busy', 'others changed the same keys each time');
  }

  /** The entry that the mirror has for what etcd showed: the same one that all readers share. */
  #seen(key: string | undefined, modRevision: number | undefined): Entry | undefined {
    if (key === undefined) return undefined;
    const known = this.get(key.slice(this.#prefix.length));
    return known?.modRevision === modRevision ? known : undefined;
  }

  /** Sends a transaction. `done`: its answer was lost or a refusal, but what was to be written is there, as of that revision. */
  async #send(request: TxnRequest, effective: boolean, ends: number): Promise<TxnAnswer | { readonly done: number }> {
    const marked = effective ? { ...request, puts: [...request.puts, { key: this.#written, value: nothing }] } : request;
    try {
      return await this.#connection.txn(marked, Math.max(1, ends - Date.now()));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (error.trouble !== 'full' && error.trouble !== 'unreachable') throw error;
      // The write with which etcd finds itself full is refused, and done all the same.
      const done = await this.#lookFor(request).catch(() => undefined);
      if (done !== undefined) return { done };
      // A full etcd still takes deletions, as long as nothing is put beside them.
      if (error.trouble === 'full' && request.puts.length === 0) return this.#connection.txn(request, Math.max(1, ends - Date.now()));
      if (error.trouble === 'full') throw error;
      throw new StoreUnavailableError('unknown', `etcd did not say whether it wrote: ${error.message}`);
    }
  }

  /** The revision at which a transaction whose answer was lost did all that it was to do, as far as can be seen once etcd is heard again. */
  async #lookFor({ compare, puts, deletes }: TxnRequest): Promise<number | undefined> {
    await this.settled();
    const at = (key: string): Entry | undefined => this.get(key.slice(this.#prefix.length));
    const isDone = ({ key, value }: TxnRequest['puts'][number]): boolean => {
      const now = at(key);
      const before = compare.find((one) => one.key === key)?.modRevision;
      return now !== undefined && now.modRevision !== before && Buffer.compare(now.value, value) === 0;
    };
    if (!puts.every(isDone) || deletes.some(at)) return undefined;
    return at(puts[0]?.key ?? '')?.modRevision ?? this.revision;
  }

  /**
   * The history of this process is forgotten at once, etcd's own from time to time. Of several control planes the first to move the mark asks for it;
   * who is behind by then reads everything anew.
   */
  async compact(revision: number): Promise<void> {
    this.#mirror.ledger.compact(revision);
    if (Date.now() - this.#etcdCompactedMs < compactEveryMs && revision - this.#etcdCompacted < compactEvery) return;
    const { entries } = await this.#connection.range({ key: this.#compactedKey }, this.#patienceMs);
    this.#etcdCompactedMs = Date.now();
    const [mark] = entries;
    this.#etcdCompacted = Math.max(revision, Number(mark?.value.toString() ?? 0));
    if (this.#etcdCompacted > revision) return;
    try {
      const { succeeded } = await this.#connection.txn(
        {
          compare: [{ key: this.#compactedKey, modRevision: mark?.modRevision ?? 0 }],
          puts: [{ key: this.#compactedKey, value: Buffer.from(String(revision)) }],
          deletes: [],
          otherwiseRead: [],
        },
        this.#patienceMs,
      );
      if (!succeeded) return;
    } catch (error) {
      // A full etcd cannot take the mark, but it is what most needs to forget.
      if (!(error instanceof StoreUnavailableError && error.trouble === 'full')) throw error;
    }
    await this.#connection.compact(revision, this.#patienceMs).catch((error: unknown) => {
      if (!(error instanceof EtcdCompactedError)) throw error;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#settling?.catch(() => {});
    const ends = Date.now() + this.#patienceMs;
    while (this.#underWay > 0 && Date.now() < ends) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.#mirror.close();
    this.#connection.close();
  }
}
