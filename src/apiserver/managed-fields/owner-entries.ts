// Owns the list of managers in an object's metadata: reading it, writing it, its order and its bound.
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { Recent } from '../../base/recent.ts';
import { emptySet, type FieldSet, isEmptySet, setOfWireForm, union, wireFormOf } from './field-set.ts';

/** Who manages fields, how it came to, and which. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

const updatersBound = 10;
const ancient = 'ancient-changes';

/** What makes two entries the same manager; upstream sorts by it too. An applier is one whatever version it speaks. */
export function identityOf({ manager, operation, apiVersion, subresource }: FieldManager): string {
  const key = `${operation} ${apiVersion.length} ${subresource.length} ${apiVersion}${subresource}${manager}`;
  const known = identities.get(key);
  if (known !== undefined) return known;
  const identity = JSON.stringify({
    ...(manager === '' ? {} : { manager }),
    operation,
    ...(operation === 'Apply' || apiVersion === '' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  });
  identities.set(key, identity, 1);
  return identity;
}

// A cluster has few managers, and each of a pod's writes asks for all of the pod's.
const identities = new Recent<string, string>(1000);
// Stored entries are frozen, and most writes leave most managers alone: what was read is what is written.
const decodedEntries = new WeakMap<ManagedFieldsEntry, FieldManager>();
const storedEntries = new WeakMap<FieldManager, ManagedFieldsEntry>();

/** Reads the entries of an object; undefined where one of them is malformed. Of two of the same manager the last counts. */
export function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined): readonly FieldManager[] | undefined {
  if (entries === undefined || entries.length === 0) return [];
  const owners = new Map<string, FieldManager>();
  for (const entry of entries) {
    const known = decodedEntries.get(entry);
    const owner = known ?? decoded(entry);
    if (owner === undefined) return undefined;
    if (known === undefined && Object.isFrozen(entry)) {
      decodedEntries.set(entry, owner);
      storedEntries.set(owner, entry);
    }
    owners.set(identityOf(owner), owner);
  }
  return [...owners.values()];
}

function decoded(entry: ManagedFieldsEntry): FieldManager | undefined {
  const { manager = '', operation, apiVersion = '', subresource = '', time, fieldsType, fieldsV1 } = entry;
  if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined;
  try {
    const fields = fieldsV1 === undefined ? emptySet : setOfWireForm(fieldsV1);
    return { manager, operation, apiVersion, subresource, time: time ?? undefined, fields };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes the entries: those without fields are left out; appliers come first, then by time and name. */
export function entriesOf(managers: readonly FieldManager[]): readonly ManagedFieldsEntry[] {
  const kept = managers.filter(({ fields }) => !isEmptySet(fields));
  return kept.sort(byOrder).map((owner) => storedEntries.get(owner) ?? entryOf(owner));
}

function entryOf({ manager, operation, apiVersion, subresource, time, fields }: FieldManager): ManagedFieldsEntry {
  return {
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: wireFormOf(fields),
    ...(subresource === '' ? {} : { subresource }),
  };
}

function byOrder(one: FieldManager, other: FieldManager): number {
  return (
    compare(one.operation, other.operation) ||
    compare(one.time ?? '', other.time ?? '') ||
    compare(one.manager, other.manager) ||
    compare(one.apiVersion, other.apiVersion) ||
    compare(one.subresource, other.subresource)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The managers with the oldest updaters folded into one a version, until there are no more than the bound. */
export function bounded(managers: readonly FieldManager[]): readonly FieldManager[] {
  const updaters = managers.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= updatersBound) return managers;
  const oldest = updaters.sort((a, b) => compare(a.time ?? '', b.time ?? '') || compare(identityOf(a), identityOf(b)));
  const kept = new Map(managers.map((one) => [identityOf(one), one]));
  const firsts = new Map<string, FieldManager>();
  let count = updaters.length;
  for (const one of oldest) {
    if (count <= updatersBound) break;
    const first = firsts.get(one.apiVersion);
    if (first === undefined) {
      firsts.set(one.apiVersion, one);
      continue;
    }
    const bucket: FieldManager = { ...one, manager: ancient, subresource: '' };
    const key = identityOf(bucket);
    const before = kept.get(key) ?? first;
    if (!kept.has(key)) kept.delete(identityOf(first));
    kept.delete(identityOf(one));
    kept.set(key, { ...bucket, fields: union(one.fields, before.fields) });
    count--;
  }
  return [...kept.values()];
}
