// Owns one local copy of a resource for all controllers of a process. It refuses copies that are filtered: who wants less filters what it is told.
import type { AnyObject, KubeObject } from '../api/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { Informer, type InformerHandler } from '../client/informer.ts';
import type { Resource } from '../client/resource.ts';
import { controllerOf } from './ownership.ts';

type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

/** One controller's view of a shared copy: its own handlers, its own names of indexes. Stopping it leaves the copy to the others. */
export class SharedInformer<T extends KubeObject> implements Service {
  readonly #shared: Informer<T>;
  readonly #indexName: (name: string) => string;
  readonly #stopped = Promise.withResolvers<never>();
  readonly #handlers: Disposable[] = [];

  constructor(shared: Informer<T>, indexName: (name: string) => string) {
    this.#shared = shared;
    this.#indexName = indexName;
    this.#stopped.promise.catch(() => {});
  }

  /** Resolves when the first list is in; rejects when this view, or all, is stopped before. */
  get synced(): Promise<void> {
    return Promise.race([this.#shared.synced, this.#stopped.promise]);
  }

  /** Adds a handler; it is told of the objects that are there already, as added. */
  on(handler: InformerHandler<T>): void {
    this.#handlers.push(this.#shared.on(handler));
  }

  start(): this {
    this.#shared.start();
    return this;
  }

  async stop(): Promise<void> {
    this.#stopped.reject(new DOMException('stopped', 'AbortError'));
    for (const handler of this.#handlers.splice(0)) handler[Symbol.dispose]();
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#shared.get(namespace, name);
  }

  /** All objects, or those of a namespace. No order is promised. */
  list(namespace?: string): readonly T[] {
    return namespace === undefined ? this.#shared.list() : this.#shared.byIndex(namespaceIndex, namespace);
  }

  /** The objects that an index has under a key. */
  byIndex(index: string, key: string): readonly T[] {
    return this.#shared.byIndex(this.#indexName(index), key);
  }
}

const namespaceIndex = 'namespace of shared';
const namespaceOf = ({ metadata }: KubeObject): readonly string[] => [metadata.namespace ?? ''];

interface Entry {
  readonly informer: Informer<KubeObject>;
  /** One index a function, whatever the controllers call it. */
  readonly indexes: Map<(object: KubeObject) => readonly string[], string>;
}

/** Every resource that some controller watches, once. Bound: one informer a resource. */
export class SharedInformers implements Service {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();

  constructor({ client, clock, log }: { readonly client: Client; readonly clock: Clock; readonly log: Log }) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
  }

  /** A view of the resource, with the indexes that this controller wants. The same function is the same index for all. */
  of<T extends KubeObject>(resource: Resource<T>, indexes: Indexes<T> = {}): SharedInformer<T> {
    const key = keyOf(resource);
    const entry = this.#entries.get(key) ?? this.#open(resource as Resource<KubeObject>);
    this.#entries.set(key, entry);
    const names = new Map<string, string>();
    for (const [name, keysOf] of Object.entries(indexes)) {
      const shared = keysOf as (object: KubeObject) => readonly string[];
      const known = entry.indexes.get(shared) ?? `index ${entry.indexes.size}`;
      entry.indexes.set(shared, known);
      entry.informer.addIndex(known, shared);
      names.set(name, known);
    }
    return new SharedInformer(entry.informer as unknown as Informer<T>, (name) => names.get(name) ?? name);
  }

  /** A view of the resource's metadata: nothing else stays in memory, unless some controller has asked for the objects whole before. */
  metadataOf(resource: Resource<AnyObject>): SharedInformer<AnyObject> {
    if (this.#entries.has(keyOf(resource))) return this.of(resource);
    const key = `metadata of ${keyOf(resource)}`;
    const entry = this.#entries.get(key) ?? this.#open(resource, metadataOnly);
    this.#entries.set(key, entry);
    return new SharedInformer(entry.informer as unknown as Informer<AnyObject>, (name) => name);
  }

  /** Ends the copies of a resource that is not served any more. Views of it show nothing new. */
  async drop(resource: Resource<AnyObject>): Promise<void> {
    for (const key of [keyOf(resource), `metadata of ${keyOf(resource)}`]) {
      const entry = this.#entries.get(key);
      this.#entries.delete(key);
      await entry?.informer.stop();
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ informer }) => informer.stop()));
  }

  #open<T extends KubeObject>(resource: Resource<T>, keep?: (object: KubeObject) => KubeObject): Entry {
    const indexes: Indexes<KubeObject> = resource.namespaced ? { [namespaceIndex]: namespaceOf } : {};
    const options = { client: this.#client, clock: this.#clock, log: this.#log, indexes, ...(keep === undefined ? {} : { keep }) };
    return { informer: new Informer<KubeObject>({ ...options, resource: resource as Resource<KubeObject> }), indexes: new Map() };
  }
}

function keyOf({ group, version, resource }: Resource<KubeObject>): string {
  return `${group}/${version}/${resource}`;
}

/** Index: by the uid of what controls an object; those of nobody under `/NAMESPACE`. */
export function byController(object: KubeObject): readonly string[] {
  return [controllerOf(object)?.uid ?? `/${object.metadata.namespace ?? ''}`];
}

/** Index: pods by the node that they are bound to. */
export function byNode({ spec }: { readonly spec: { readonly nodeName?: string } }): readonly string[] {
  return spec.nodeName ? [spec.nodeName] : [];
}

/** What is needed to know who owns whom and how many there are. */
function metadataOnly({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      ...(namespace === undefined ? {} : { namespace }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}
