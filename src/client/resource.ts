// Owns how code names a resource: group, version, plural and kind, with the type of its objects.
import type { KubeObject } from '../api/object.ts';

declare const phantom: unique symbol;

/** A resource whose objects have type T. */
export interface Resource<T extends KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly [phantom]?: T;
}

/** Names a resource. */
export function resource<T extends KubeObject>(apiVersion: string, plural: string, kind: string, namespaced: boolean): Resource<T> {
  const [first = '', second] = apiVersion.split('/');
  return { group: second === undefined ? '' : first, version: second ?? first, resource: plural, kind, namespaced };
}
