// Owns seeing one object in the versions that its managers spoke: the schema of each, and the object converted to it.
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { fromStorage, toStorage } from '../../api/kinds/conversion.ts';
import { type AnyObject, apiVersionOf, parseApiVersion } from '../../api/object.ts';
import { type Shape, shapeOfType } from './field-shape.ts';

/** A kind as one of its versions has it. */
export interface Versioned {
  readonly shape: Shape;
  /** An object that is in the version of the request, in this one. */
  convert(object: AnyObject): AnyObject;
  /** The other way round. */
  restore(object: AnyObject): AnyObject;
}

/** Looks a version up by its apiVersion; undefined where it is not served, or not any more. */
export type Versions = (apiVersion: string) => Versioned | undefined;

const same = (object: AnyObject): AnyObject => object;

/** The versions of a kind. Without a catalog only the kind's own. */
export function versionsOf(kind: KindDescription, catalog?: KindCatalog): Versions {
  const own = apiVersionOf(kind.group, kind.version);
  const known = new Map<string, Versioned | undefined>([
    [own, { shape: shapeOfType(kind.type, kind.types), convert: same, restore: same }],
  ]);
  return (apiVersion) => {
    if (!known.has(apiVersion)) known.set(apiVersion, otherVersion(kind, catalog, apiVersion));
    return known.get(apiVersion);
  };
}

function otherVersion(kind: KindDescription, catalog: KindCatalog | undefined, apiVersion: string): Versioned | undefined {
  const parsed = parseApiVersion(apiVersion);
  const other = parsed === undefined ? undefined : catalog?.byKind(parsed.group, parsed.version, kind.kind);
  if (other === undefined || storageOf(other) !== storageOf(kind)) return undefined;
  return {
    shape: shapeOfType(other.type, other.types),
    convert: (object) => fromStorage(other, toStorage(kind, object)),
    restore: (object) => fromStorage(kind, toStorage(other, object)),
  };
}

function storageOf({ group, storageGroup, storageVersion }: KindDescription): string {
  return `${storageGroup ?? group}/${storageVersion}`;
}
