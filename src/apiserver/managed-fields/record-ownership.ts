// Owns recording who changed which fields by a create, update or patch. Upstream's order: before admission, on the version that was sent. Pure.
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { apiVersionOf } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { hollowOf } from '../hollow.ts';
import { compareFields } from './compare-fields.ts';
import { difference, differenceBelow, type FieldSet, isEmptySet, setOfFields, union } from './field-set.ts';
import { shapeOfType } from './field-shape.ts';
import { entriesOf, type FieldManager, identityOf, ownersOf } from './owner-entries.ts';

/** A change to be recorded. Both objects are in the version of `kind`, with defaults; `old` is absent for a create. */
export interface RecordedChange {
  readonly kind: KindDescription;
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
export function recordOwnership({ kind, old, next, manager, subresource, nowMs }: RecordedChange): AnyObject {
  const known = ownersOf(givenOwners(old, next, subresource));
  // Upstream cannot compare a custom resource in a version that lacks some of its fields, and then forgets who managed it.
  if (kind.custom !== undefined && known.some((one) => !kind.custom?.fits(one.apiVersion, next))) return withOwners(next, []);
  // An object that nobody has managed so far stays so until it is applied.
  if (old !== undefined && known.length === 0) return withOwners(next, []);
  const before = old ?? hollowOf(kind);
  const compared = compareFields(shapeOfType(kind.type, kind.types), withoutOwners(before), withoutOwners(next));
  const reset = resetFieldsOf(kind, subresource);
  const touched = differenceBelow(difference(compared.touched, unowned), reset);
  const self: FieldManager = {
    manager,
    operation: 'Update',
    apiVersion: apiVersionOf(kind.group, kind.version),
    subresource,
    // Upstream records the scale path's writers without a time.
    time: subresource === 'scale' ? undefined : formatTime(nowMs),
    fields: touched,
  };
  return withOwners(next, entriesOf(shared(known, self, differenceBelow(compared.removed, reset))));
}

/** What the others keep once `self` has touched its fields, and `self` together with what it had before. */
function shared(known: readonly FieldManager[], self: FieldManager, removed: FieldSet): readonly FieldManager[] {
  const lost = union(self.fields, removed);
  const rest = isEmptySet(lost) ? known : known.map((one) => ({ ...one, fields: difference(one.fields, lost) }));
  if (isEmptySet(self.fields)) return rest;
  const own = identityOf(self);
  const previous = rest.find((one) => identityOf(one) === own);
  const merged = previous === undefined ? self : { ...self, fields: union(self.fields, previous.fields) };
  return [...rest.filter((one) => one !== previous), merged];
}

/** A client may set the managers itself, on the main resource; an empty list of one empty entry resets them. */
function givenOwners(old: AnyObject | undefined, next: AnyObject, subresource: string): AnyObject['metadata']['managedFields'] {
  const given = next.metadata.managedFields;
  if (subresource !== '' || given === undefined || given.length === 0) return old?.metadata.managedFields;
  return given.length === 1 && Object.keys(given[0] ?? {}).length === 0 ? [] : given;
}

/** The fields that a path does not let its writers set, and so nobody comes to own through it. */
export function resetFieldsOf(kind: KindDescription, subresource: string): FieldSet {
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  if (subresource === '') return hasStatus ? statusFields : noFields;
  if (subresource !== 'status') return noFields;
  if (kind.kind === 'Deployment') return deploymentStatusFields;
  return kind.kind === 'Pod' ? podStatusFields : specFields;
}

const noFields = setOfFields();
const statusFields = setOfFields('status');
const specFields = setOfFields('spec');
const deploymentStatusFields = setOfFields('spec', 'metadata.labels');
const podStatusFields = setOfFields('spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences');

function withoutOwners(object: AnyObject): AnyObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The object with these entries, or without any. */
export function withOwners(object: AnyObject, entries: ReturnType<typeof entriesOf>): AnyObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}
