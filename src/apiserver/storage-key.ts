// Owns where an object lies in the store. It refuses to know what is in the object.
import type { KindDescription } from '../api/kind.ts';
import { prefixEnd } from '../store/store.ts';

/** The group and plural under which a kind is kept: two APIs of one thing (events) share a place. */
export function placeOf(kind: KindDescription): { readonly group: string; readonly resource: string } {
  return { group: kind.storageGroup ?? kind.group, resource: kind.resource };
}

/** The prefix of all keys of a kind, ending in a slash: `/registry/core/pods/`, with a namespace `/registry/core/pods/default/`. */
export function prefixOf(kind: KindDescription, namespace = ''): string {
  const { group, resource } = placeOf(kind);
  const all = `/registry/${group === '' ? 'core' : group}/${resource}/`;
  return namespace === '' ? all : `${all}${namespace}/`;
}

/** The key of one object. `namespace` is empty for cluster-scoped kinds. */
export function keyOf(kind: KindDescription, namespace: string, name: string): string {
  return `${prefixOf(kind, namespace)}${name}`;
}

/** The range of a collection: all namespaces where `namespace` is empty. */
export function rangeOf(kind: KindDescription, namespace: string): { readonly start: string; readonly end: string } {
  const start = prefixOf(kind, namespace);
  return { start, end: prefixEnd(start) };
}

/** The range that holds exactly one key. */
export function rangeOfOne(key: string): { readonly start: string; readonly end: string } {
  return { start: key, end: `${key}\0` };
}
