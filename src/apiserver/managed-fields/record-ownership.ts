// Owns recording who changed which fields by a create, update or patch. Upstream's order: before admission, on the version that was sent. Pure.
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { type AnyObject, apiVersionOf } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { hollowOf } from '../hollow.ts';
import { difference, emptySet, setOfFields } from './field-set.ts';
import { bounded, entriesOf, type FieldManager, identityOf, ownersOf } from './owner-entries.ts';
import { countedFields } from './reset-fields.ts';
import { ownersAfterUpdate } from './structured-merge.ts';
import { versionsOf } from './versions.ts';

/** A change to be recorded. Both objects are in the version of `kind`, with defaults; `old` is absent for a create. */
export interface RecordedChange {
  readonly kind: KindDescription;
  /** Where other versions of the kind are found; without it managers of other versions are forgotten. */
  readonly catalog?: KindCatalog;
  readonly old: AnyObject | undefined;
  readonly next: AnyObject;
  readonly manager: string;
  /** Empty for the main resource. */
  readonly subresource: string;
  readonly nowMs: number;
}

/** Paths that nobody owns. */
export const unowned = setOfFields(
  'apiVersion',
  'kind',
  'metadata',
  'metadata.name',
  'metadata.namespace',
  'metadata.creationTimestamp',
  'metadata.selfLink',
  'metadata.uid',
  'metadata.clusterName',
  'metadata.generation',
  'metadata.managedFields',
  'metadata.resourceVersion',
);

/** `next` with its metadata.managedFields brought up to date. */
export function recordOwnership({ kind, catalog, old, next, manager, subresource, nowMs }: RecordedChange): AnyObject {
  const managers = givenOwners(old, next, subresource);
  // Upstream cannot compare a custom resource in a version that lacks some of its fields, and then forgets who managed it.
  if (kind.custom !== undefined && managers.some((one) => !kind.custom?.fits(one.apiVersion, next))) return withOwners(next, []);
  // An object that nobody has managed so far stays so until it is applied.
  if (old?.metadata.uid && managers.length === 0) return withOwners(next, []);
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const self: FieldManager = { manager, operation: 'Update', apiVersion, subresource, time: formatTime(nowMs), fields: emptySet };
  const own = identityOf(self);
  const change = {
    versions: versionsOf(kind, catalog),
    apiVersion,
    live: withOwners(old ?? hollowOf(kind), []),
    managers,
    counted: countedFields(kind, subresource),
  };
  const owners = ownersAfterUpdate(change, withOwners(next, []), self);
  const stripped = owners.map((one) => (identityOf(one) === own ? { ...one, fields: difference(one.fields, unowned) } : one));
  return withOwners(next, entriesOf(bounded(stripped)));
}

/** A client may set the managers itself, on the main resource; an empty list of one empty entry resets them. What it cannot spell is ignored. */
function givenOwners(old: AnyObject | undefined, next: AnyObject, subresource: string): readonly FieldManager[] {
  const given = next.metadata.managedFields;
  const known = (): readonly FieldManager[] => ownersOf(old?.metadata.managedFields) ?? [];
  if (subresource !== '' || given === undefined || given.length === 0) return known();
  if (given.length === 1 && Object.keys(given[0] ?? {}).length === 0) return [];
  const owners = ownersOf(given);
  return owners === undefined || owners.length === 0 ? known() : owners;
}

/** The object with these entries, or without any. */
export function withOwners(object: AnyObject, entries: ReturnType<typeof entriesOf>): AnyObject {
  const { managedFields: known, ...metadata } = object.metadata;
  if (known === undefined && entries.length === 0) return object;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}
