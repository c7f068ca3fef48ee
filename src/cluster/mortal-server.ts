// Owns an API server that dies at once, for tests, as after kill -9, and comes back over what its store has made durable. Its clients see a broken
// connection; whether what they asked for was done, nobody tells them.
import type { KubeObject } from '../api/object.ts';
import type { ApiServer } from '../apiserver/api-server.ts';
import type { User } from '../apiserver/auth/user.ts';
import type { VirtualClock } from '../base/clock-virtual.ts';
import type { Client, WatchOptions } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';

/** Thrown where there is nobody to answer, or nobody any more. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

interface Running {
  readonly server: ApiServer;
  /** What waits for an answer of this server: told when it dies. */
  readonly waiting: Set<(error: Error) => void>;
}

/** An API server through all its lives. */
export class MortalServer {
  readonly #clock: VirtualClock;
  readonly #open: (store: Store) => Promise<ApiServer>;
  #running: Running | undefined;
  #durable: Store;
  #transactionsLeft = Number.POSITIVE_INFINITY;
  #heard = false;
  #ended: () => void = () => {};
  /** Requests of those who must not be cut. */
  #exempt = 0;

  private constructor(clock: VirtualClock, open: (store: Store) => Promise<ApiServer>) {
    this.#clock = clock;
    this.#open = open;
    this.#durable = memoryStore();
  }

  /** Opens the first one over an empty store. `open` puts a server over a store; it must not need time to pass. */
  static async start(clock: VirtualClock, open: (store: Store) => Promise<ApiServer>): Promise<MortalServer> {
    const mortal = new MortalServer(clock, open);
    await mortal.#start();
    return mortal;
  }

  /** Dies with the `transactions`th transaction of its store from now on: before it is durable, or (`heard`) as soon as it is. */
  endWith(transactions: number, heard: boolean, ended: () => void): void {
    this.#transactionsLeft = transactions;
    this.#heard = heard;
    this.#ended = ended;
  }

  /** Dies now, be it in the middle of its start, and is back after so many milliseconds, its store opened anew. */
  crash(downMs: number): void {
    const dead = this.#running;
    this.#running = undefined;
    this.#transactionsLeft = Number.POSITIVE_INFINITY;
    const durable = memoryStore(this.#durable);
    this.#durable = durable;
    void dead?.server.close();
    for (const cut of [...(dead?.waiting ?? [])]) cut(new ConnectionLost('the connection was reset'));
    this.#clock.after(downMs, () => {
      if (this.#durable === durable) void this.#start();
    });
  }

  /** A component's client: refused while there is no server, cut when it dies. */
  client(user: User): Client {
    return this.#clientOf(user, (work) => this.#cut(work));
  }

  /** A test's client: it waits for a server, which does not die while it works for it. */
  patientClient(user: User): Client {
    return this.#clientOf(user, async (work) => {
      if (this.#running === undefined) await this.#clock.until(() => this.#running !== undefined);
      this.#exempt++;
      return work().finally(() => this.#exempt--);
    });
  }

  async close(): Promise<void> {
    await this.#running?.server.close();
    await this.#durable.close();
  }

  async #start(): Promise<void> {
    const store = this.#durable;
    const server = await this.#open(this.#mortal(store));
    this.#running = { server, waiting: new Set() };
  }

  #cut<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#running;
    if (running === undefined) return Promise.reject(new ConnectionLost('the connection was refused'));
    return new Promise((resolve, reject) => {
      running.waiting.add(reject);
      const done = (): void => void running.waiting.delete(reject);
      work().then(resolve, reject).finally(done);
    });
  }

  #clientOf(user: User, pass: <T>(work: () => Promise<T>) => Promise<T>): Client {
    const cut = <T>(work: () => Promise<T>): Promise<T> => this.#cut(work);
    let made: { readonly server: ApiServer; readonly client: Client } | undefined;
    const current = (): Client => {
      if (this.#running === undefined) throw new ConnectionLost('the connection was refused');
      const { server } = this.#running;
      if (made?.server !== server) made = { server, client: server.client(user) };
      return made.client;
    };
    return {
      get: (...args) => pass(async () => current().get(...args)),
      list: (...args) => pass(async () => current().list(...args)),
      async *watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions) {
        const events = await pass(async () => current().watch(resource, options)[Symbol.asyncIterator]());
        for (;;) {
          const next = await cut(() => events.next());
          if (next.done) return;
          yield next.value;
        }
      },
      create: (...args) => pass(async () => current().create(...args)),
      update: (...args) => pass(async () => current().update(...args)),
      updateStatus: (...args) => pass(async () => current().updateStatus(...args)),
      patch: (...args) => pass(async () => current().patch(...args)),
      delete: (...args) => pass(async () => current().delete(...args)),
      deleteCollection: (...args) => pass(async () => current().deleteCollection(...args)),
      createSubresource: (...args) => pass(async () => current().createSubresource(...args)),
    };
  }

  /** The store of one life: from its death on it answers nobody. */
  #mortal(of: Store): Store {
    return {
      get revision() {
        return of.revision;
      },
      get compactedRevision() {
        return of.compactedRevision;
      },
      trouble: undefined,
      get: (key) => of.get(key),
      range: (query) => of.range(query),
      transact: async (transaction) => {
        if (this.#durable !== of) return new Promise(() => {});
        if (this.#exempt > 0 || --this.#transactionsLeft > 0) return of.transact(transaction);
        this.#transactionsLeft = Number.POSITIVE_INFINITY;
        const ended = this.#ended;
        if (this.#heard) await of.transact(transaction);
        ended();
        return new Promise(() => {});
      },
      watch: (range, afterRevision, listener) => of.watch(range, afterRevision, listener),
      compact: (revision) => of.compact(revision),
      close: () => of.close(),
    };
  }
}
