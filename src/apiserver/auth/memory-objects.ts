// Owns an ObjectSource over objects in memory, for tests of what reads stored objects.
import type { AnyObject } from '../../api/object.ts';
import type { ObjectChange, ObjectSource, StoredResource } from './object-source.ts';
import { resourcePrefix } from './object-source.ts';

/** Objects that a test puts and removes; listeners hear of it at once. */
export interface MemoryObjects extends ObjectSource {
  put(resource: StoredResource, object: AnyObject): void;
  remove(resource: StoredResource, namespace: string, name: string): void;
}

export function memoryObjects(): MemoryObjects {
  const objects = new Map<string, AnyObject>();
  const listeners = new Map<string, Set<(change: ObjectChange) => void>>();
  const keyOf = (resource: StoredResource, namespace: string, name: string): string =>
    `${resourcePrefix(resource)}${namespace === '' ? '' : `${namespace}/`}${name}`;
  const tell = (resource: StoredResource, change: ObjectChange): void => {
    for (const listener of listeners.get(resourcePrefix(resource)) ?? []) listener(change);
  };
  return {
    get: (resource, namespace, name) => objects.get(keyOf(resource, namespace, name)),
    labels: (resource, namespace, name) => objects.get(keyOf(resource, namespace, name))?.metadata.labels ?? {},
    list(resource, namespace) {
      const start = `${resourcePrefix(resource)}${namespace === undefined || namespace === '' ? '' : `${namespace}/`}`;
      return [...objects.keys()]
        .filter((key) => key.startsWith(start))
        .toSorted()
        .map((key) => objects.get(key) as AnyObject);
    },
    onChange(resource, listener) {
      const prefix = resourcePrefix(resource);
      const known = listeners.get(prefix) ?? new Set();
      listeners.set(prefix, known.add(listener));
      return { [Symbol.dispose]: () => void known.delete(listener) };
    },
    put(resource, object) {
      const key = keyOf(resource, object.metadata.namespace ?? '', object.metadata.name);
      const previous = objects.get(key);
      objects.set(key, object);
      tell(resource, { current: object, previous });
    },
    remove(resource, namespace, name) {
      const key = keyOf(resource, namespace, name);
      const previous = objects.get(key);
      objects.delete(key);
      if (previous !== undefined) tell(resource, { current: undefined, previous });
    },
  };
}
