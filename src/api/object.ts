// Owns what every API object has in common, and the types for objects that are about to be written.
import type { ListMeta, ObjectMeta } from './meta/v1.ts';

/** Any object of the API, read from it: name, uid, resourceVersion and creationTimestamp are there. Read objects are frozen. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** An object whose kind is not known at compile time. */
export interface AnyObject extends KubeObject {
  readonly [field: string]: unknown;
}

/** A list answer: items in key order, and the revision at which they were read (`metadata.resourceVersion`). */
export interface KubeList<T> {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ListMeta;
  readonly items: readonly T[];
}

/** An object as a writer makes it: the server fills in the rest of the metadata. */
export type Draft<T extends KubeObject> = Omit<T, 'metadata'> & { readonly metadata: Partial<ObjectMeta> };

/** Group, version and kind. The core group is the empty string. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `apiVersion` of a group and version: `v1`, `apps/v1`. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The group and version of an `apiVersion`; undefined where it is not one. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } | undefined {
  const parts = apiVersion.split('/');
  if (parts.length === 1 && parts[0] !== '' && parts[0] !== undefined) return { group: '', version: parts[0] };
  const [group, version] = parts;
  return parts.length === 2 && group && version ? { group, version } : undefined;
}
