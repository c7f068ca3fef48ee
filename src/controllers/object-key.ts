// Owns the key by which a controller's queue knows a namespaced object: namespace/name. Pure.
import type { ObjectKey } from '../client/client.ts';

interface Named {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

/** `namespace/name`. */
export function keyOf({ metadata }: Named): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The namespace and the name of a key. */
export function splitKey(key: string): [string, string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** Where the client finds a namespaced object. */
export function placeOf({ metadata }: Named): ObjectKey {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}
