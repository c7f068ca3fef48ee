// Owns dying at once, for tests: a client whose owner is gone from one moment on, as after kill -9. What was asked before is done or not, and never answered.
import type { KubeObject } from '../api/object.ts';
import type { Client } from '../client/client.ts';

/** One life of a process. Its clients work until it ends; then nothing of it is heard or done any more. */
export class Life {
  #over = false;
  #writesLeft = Number.POSITIVE_INFINITY;
  #heard = false;
  #ended: () => void = () => {};

  /** Ends with the `writes`th write from now on: before it is done, or (`heard`) when the other side has done it and before the answer. */
  endWith(writes: number, heard: boolean, ended: () => void): void {
    this.#writesLeft = writes;
    this.#heard = heard;
    this.#ended = ended;
  }

  /** Ends now. */
  end(): void {
    this.#over = true;
  }

  /** The client as long as this life lasts. */
  client(of: Client): Client {
    const isOver = (): boolean => this.#over;
    return {
      get: (resource, key, options) => this.#read(options?.signal, () => of.get(resource, key, options)),
      list: (resource, options) => this.#read(options?.signal, () => of.list(resource, options)),
      async *watch<T extends KubeObject>(...[resource, options]: Parameters<typeof of.watch<T>>) {
        if (isOver()) await never(options?.signal);
        for await (const event of of.watch(resource, options)) {
          if (isOver()) await never(options?.signal);
          yield event;
        }
        if (isOver()) await never(options?.signal);
      },
      create: (resource, object, options) => this.#write(options?.signal, () => of.create(resource, object, options)),
      update: (resource, object, options) => this.#write(options?.signal, () => of.update(resource, object, options)),
      updateStatus: (resource, object, options) => this.#write(options?.signal, () => of.updateStatus(resource, object, options)),
      patch: (resource, key, patch, options) => this.#write(options?.signal, () => of.patch(resource, key, patch, options)),
      delete: (resource, key, options) => this.#write(options?.signal, () => of.delete(resource, key, options)),
      deleteCollection: (resource, select, options) => this.#write(options?.signal, () => of.deleteCollection(resource, select, options)),
      createSubresource: (resource, key, name, body, options) =>
        this.#write(options?.signal, () => of.createSubresource(resource, key, name, body, options)),
    };
  }

  /**
   * Something else that it works with (a runtime, files) as long as this life lasts. `changes`: the methods that count as writes. What a
   * method gives that is no promise (events) is handed on: hearing of something does nothing by itself.
   */
  use<T extends object>(of: T, changes: ReadonlySet<string>): T {
    return new Proxy(of, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: readonly unknown[]): unknown => {
          if (changes.has(String(name))) return this.#write(undefined, async () => Reflect.apply(member, target, args));
          if (this.#over && name !== 'events' && name !== 'onChange') return never(undefined);
          const result: unknown = Reflect.apply(member, target, args);
          return result instanceof Promise ? this.#read(undefined, () => result) : result;
        };
      },
    });
  }

  async #read<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#over) return never(signal);
    const answer = await work();
    return this.#over ? never(signal) : answer;
  }

  async #write<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#over) return never(signal);
    this.#writesLeft--;
    if (this.#writesLeft !== 0) return this.#read(signal, work);
    const ended = this.#ended;
    if (this.#heard) await work().catch(() => {});
    this.end();
    ended();
    return never(signal);
  }
}

/** Never resolves; rejects when the signal aborts, so that what is left of the dead can be cleared away. */
function never<T>(signal: AbortSignal | undefined): Promise<T> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    else signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
