// Owns how the gates look at stored objects: a small, synchronous read interface, and its adaptor to the store.
import type { AnyObject } from '../../api/object.ts';
import { type Entry, prefixEnd, type Store } from '../../store/store.ts';

/** Names a stored resource; the core group is the empty string. */
export interface StoredResource {
  readonly group: string;
  readonly resource: string;
}

/** A change of one object: what it is now (undefined: gone), and what it was (undefined: new). Each is read when it is first asked for. */
export interface ObjectChange {
  readonly current: AnyObject | undefined;
  readonly previous: AnyObject | undefined;
}

/** Reads stored objects from memory. Objects are frozen and shared. */
export interface ObjectSource {
  get(resource: StoredResource, namespace: string, name: string): AnyObject | undefined;
  /** The labels of an object, none where there is no such object: read without the rest of it. */
  labels(resource: StoredResource, namespace: string, name: string): Readonly<Record<string, string>>;
  /** In key order; all namespaces where `namespace` is absent. */
  list(resource: StoredResource, namespace?: string): readonly AnyObject[];
  /** Tells each change from now on, in order, synchronously. */
  onChange(resource: StoredResource, listener: (change: ObjectChange) => void): Disposable;
}

/** The prefix of a resource's keys: `/registry/core/pods/`. */
export function resourcePrefix({ group, resource }: StoredResource): string {
  return `/registry/${group === '' ? 'core' : group}/${resource}/`;
}

/** The store seen through `parse`, which should give the same frozen object each time for one entry, and `labelsOf`. */
export function storeObjectSource(
  store: Store,
  parse: (entry: Entry) => AnyObject,
  labelsOf: (entry: Entry) => Readonly<Record<string, string>>,
): ObjectSource {
  const find = (resource: StoredResource, namespace: string, name: string): Entry | undefined =>
    store.get(`${resourcePrefix(resource)}${namespace === '' ? '' : `${namespace}/`}${name}`);
  return {
    get(resource, namespace, name) {
      const entry = find(resource, namespace, name);
      return entry === undefined ? undefined : parse(entry);
    },
    labels(resource, namespace, name) {
      const entry = find(resource, namespace, name);
      return entry === undefined ? {} : labelsOf(entry);
    },
    list(resource, namespace) {
      const start = `${resourcePrefix(resource)}${namespace === undefined || namespace === '' ? '' : `${namespace}/`}`;
      return store.range({ start, end: prefixEnd(start) }).entries.map(parse);
    },
    onChange(resource, listener) {
      const start = resourcePrefix(resource);
      return store.watch({ start, end: prefixEnd(start) }, store.revision, (events) => {
        for (const event of events) {
          listener({
            get current() {
              return event.type === 'put' ? parse(event.entry) : undefined;
            },
            get previous() {
              return event.previous === undefined ? undefined : parse(event.previous);
            },
          });
        }
      });
    },
  };
}
