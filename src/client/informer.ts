// Owns a local, always current copy of a resource: list, then watch, resumed from the last revision, listed anew when that is too old.

import type { KubeObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import { type Backoff, backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import { TaskGroup } from '../base/service.ts';
import type { Client } from './client.ts';
import type { Resource } from './resource.ts';

/** So many objects a page: a list of any length fits a client's bound on bodies. */
const pageSize = 1000;

const retryBackoff: Backoff = { baseMs: 100, factor: 2, maxMs: 10_000 };

/**
 * What a handler is told. Objects are frozen. `deleted` gets the last state seen. They run in the order of the changes, for each
 * in the order they were added. What a handler throws is logged; the others are told all the same.
 */
export interface InformerHandler<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

/** What to watch, and by what to look things up. An index gives the keys under which an object is found. */
export interface InformerOptions<T extends KubeObject> {
  readonly client: Client;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** What is kept of each object, where that is less than all of it. The metadata's name, namespace, uid and resourceVersion must stay. */
  readonly keep?: (object: T) => T;
}

/** One resource, watched, without who manages which fields of it. Bound: one parsed object a stored object; nothing is queued. */
export class Informer<T extends KubeObject> implements Service {
  readonly #options: InformerOptions<T>;
  readonly #tasks: TaskGroup;
  readonly #objects = new Map<string, T>();
  readonly #keysOf = new Map<string, (object: T) => readonly string[]>();
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #started = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#tasks = new TaskGroup(options.log);
    for (const [name, keysOf] of Object.entries(options.indexes ?? {})) this.addIndex(name, keysOf);
    this.#synced.promise.catch(() => {});
  }

  /** Resolves when the first list is in; rejects when the informer is stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Adds a handler; it is told of the objects that are there already, as added. */
  on(handler: InformerHandler<T>): Disposable {
    this.#handlers.add(handler);
    for (const object of [...this.#objects.values()]) this.#protect(() => handler.added?.(object));
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  start(): this {
    if (this.#started) return this;
    this.#started = true;
    this.#tasks.run(`watch ${this.#options.resource.resource}`, (signal) => this.#run(signal));
    return this;
  }

  async stop(): Promise<void> {
    this.#synced.reject(new DOMException('stopped', 'AbortError'));
    await this.#tasks.stop();
  }

  /** Adds an index; the objects that are there already are found by it too. One of that name that is there already stays. */
  addIndex(name: string, keysOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    this.#indexes.set(name, new Map());
    this.#keysOf.set(name, keysOf);
    for (const [key, object] of this.#objects) this.#indexIn(name, keysOf, key, undefined, object);
  }

  /** `namespace` is the empty string (or absent) for resources without one. */
  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(`${namespace ?? ''}/${name}`);
  }

  /** All objects, or those of a namespace. No order is promised. */
  list(namespace?: string): readonly T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  /** The objects that an index has under a key. */
  byIndex(index: string, key: string): readonly T[] {
    const keys = this.#indexes.get(index)?.get(key);
    return keys === undefined ? [] : [...keys].flatMap((at) => this.#objects.get(at) ?? []);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, resource } = this.#options;
    let failures = 0;
    let relists = 0;
    let revision: string | undefined;
    while (!signal.aborted) {
      try {
        if (revision === undefined) revision = await this.#list(signal);
        const from: string = revision;
        revision = await this.#watch(from, signal, (seen) => {
          failures = 0;
          relists = 0;
          revision = seen;
        });
        // A server that closes each watch at once must not be asked in a tight loop.
        if (revision === from) await clock.sleep(retryBackoff.baseMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (hasReason(error, 'Expired', 'Gone')) {
          revision = undefined;
          // A server whose lists expire at once must not be asked in a tight loop.
          await clock.sleep(backoffMs(retryBackoff, relists++), signal);
        } else {
          failures++;
          log.warn('watch broke, trying again', { resource: resource.resource, failures, error });
          await clock.sleep(backoffMs(retryBackoff, failures), signal);
        }
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    const present = new Set<string>();
    let next: string | undefined;
    let revision: string | undefined;
    do {
      const options = { signal, limit: pageSize, ...defined({ namespace, labelSelector, fieldSelector, continue: next }) };
      const page = await client.list(resource, options);
      revision ??= page.metadata.resourceVersion;
      for (const object of page.items) {
        present.add(keyOf(object));
        this.#put(this.#kept(object));
      }
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
    for (const key of [...this.#objects.keys()]) if (!present.has(key)) this.#remove(key);
    this.#hasSynced = true;
    this.#synced.resolve();
    return revision ?? '0';
  }

  async #watch(from: string, signal: AbortSignal, seen: (revision: string) => void): Promise<string> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    let revision = from;
    const options = { resourceVersion: from, allowWatchBookmarks: true, signal, ...defined({ namespace, labelSelector, fieldSelector }) };
    for await (const { type, object } of client.watch(resource, options)) {
      if (type === 'DELETED') this.#remove(keyOf(object), this.#kept(object));
      else if (type !== 'BOOKMARK') this.#put(this.#kept(object));
      revision = object.metadata.resourceVersion || revision;
      seen(revision);
    }
    return revision;
  }

  #kept(object: T): T {
    return withoutManagers(this.#options.keep?.(object) ?? object);
  }

  #put(object: T): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    if (old !== undefined && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) this.#remove(key);
    const before = this.#objects.get(key);
    this.#index(key, before, object);
    this.#objects.set(key, object);
    this.#tell((handler) => (before === undefined ? handler.added?.(object) : handler.updated?.(object, before)));
  }

  #remove(key: string, last?: T): void {
    const old = this.#objects.get(key);
    if (old === undefined) return;
    this.#index(key, old, undefined);
    this.#objects.delete(key);
    this.#tell((handler) => handler.deleted?.(last ?? old));
  }

  /** Tells the handlers that are there now: one that is added by another learns of the change as of all that is there already. */
  #tell(change: (handler: InformerHandler<T>) => void): void {
    for (const handler of [...this.#handlers]) if (this.#handlers.has(handler)) this.#protect(() => change(handler));
  }

  #protect(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.log.error(`a handler of ${this.#options.resource.resource} failed`, { error });
    }
  }

  #index(key: string, before: T | undefined, after: T | undefined): void {
    for (const [name, keysOf] of this.#keysOf) this.#indexIn(name, keysOf, key, before, after);
  }

  #indexIn(name: string, keysOf: (object: T) => readonly string[], key: string, before: T | undefined, after: T | undefined): void {
    const index = this.#indexes.get(name);
    if (index === undefined) return;
    for (const value of before === undefined ? [] : keysOf(before)) {
      const set = index.get(value);
      set?.delete(key);
      if (set?.size === 0) index.delete(value);
    }
    for (const value of after === undefined ? [] : keysOf(after)) {
      const set = index.get(value) ?? new Set();
      index.set(value, set.add(key));
    }
  }
}

/** Who manages which fields takes more memory than all else of most objects, and no reader of copies asks for it. */
function withoutManagers<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return Object.freeze({ ...object, metadata: Object.freeze(metadata) });
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function defined(options: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
