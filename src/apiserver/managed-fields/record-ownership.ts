// Owns recording who changed which fields by a create, update or patch. Upstream's order: before admission, on the version that was sent. Pure.
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { type AnyObject, apiVersionOf } from '../../api/object.ts';
import { Recent } from '../../base/recent.ts';
import { formatTime } from '../../base/time.ts';
import { hollowOf } from '../hollow.ts';
import { difference, emptySet, type FieldSet, setOfFields } from './field-set.ts';
import { formOf } from './object-form.ts';
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
export function recordOwnership(change: RecordedChange): AnyObject {
  const { kind, old, next, manager, subresource, nowMs } = change;
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const self: FieldManager = { manager, operation: 'Update', apiVersion, subresource, time: formatTime(nowMs), fields: emptySet };
  const given = next.metadata.managedFields?.length ?? 0;
  if (old === undefined && subresource === '' && given === 0 && kind.custom === undefined) {
    const fields = fieldsOfCreate(`${apiVersion} ${kind.kind} `, next, () => ownersOfChange(change, self)[0]?.fields ?? emptySet);
    return withOwners(next, entriesOf([{ ...self, fields }]));
  }
  return withOwners(next, entriesOf(ownersOfChange(change, self)));
}

const rememberedForms = 128 * 1024;
/** By kind and form. Most creates are like others before: comparing them with nothing, field by field, would cost a tenth of all. */
const created = new Recent<string, FieldSet>(rememberedForms);

function fieldsOfCreate(kind: string, next: AnyObject, compare: () => FieldSet): FieldSet {
  const form = formOf(next);
  if (form === undefined) return compare();
  const key = kind + form;
  const known = created.get(key);
  if (known !== undefined) return known;
  const fields = compare();
  created.set(key, fields, key.length);
  return fields;
}

function ownersOfChange({ kind, catalog, old, next, subresource }: RecordedChange, self: FieldManager): readonly FieldManager[] {
  const managers = givenOwners(old, next, subresource);
  // Upstream cannot compare a custom resource in a version that lacks some of its fields, and then forgets who managed it.
  if (kind.custom !== undefined && managers.some((one) => !kind.custom?.fits(one.apiVersion, next))) return [];
  // An object that nobody has managed so far stays so until it is applied.
  if (old?.metadata.uid && managers.length === 0) return [];
  const own = identityOf(self);
  const change = {
    versions: versionsOf(kind, catalog),
    apiVersion: self.apiVersion,
    live: withOwners(old ?? hollowOf(kind), []),
    managers,
    counted: countedFields(kind, subresource),
  };
  const owners = ownersAfterUpdate(change, withOwners(next, []), self);
  return bounded(owners.map((one) => (identityOf(one) === own ? { ...one, fields: difference(one.fields, unowned) } : one)));
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
