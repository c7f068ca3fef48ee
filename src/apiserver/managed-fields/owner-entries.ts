// Owns the list of managers in an object's metadata: reading it, writing it, its order and its bound.
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { emptySet, type FieldSet, formatFieldsV1, isEmptySet, parseFieldsV1, union } from './field-set.ts';

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

/** What makes two entries the same manager. */
export function identityOf({ manager, operation, apiVersion, subresource }: FieldManager): string {
  return JSON.stringify([operation, manager, operation === 'Apply' ? '' : apiVersion, subresource]);
}

const decodedEntries = new WeakMap<ManagedFieldsEntry, FieldManager>();

/** Reads the entries of an object. */
export function ownersOf(entries: readonly ManagedFieldsEntry[] | undefined): readonly FieldManager[] {
  return (entries ?? []).map((entry) => {
    const known = decodedEntries.get(entry);
    if (known !== undefined) return known;
    const manager: FieldManager = {
      manager: entry.manager ?? '',
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: entry.fieldsV1 === undefined ? emptySet : parseFieldsV1(entry.fieldsV1),
    };
    decodedEntries.set(entry, manager);
    return manager;
  });
}

/** Writes the entries: those without fields are left out, too many updaters are folded into one, appliers come first, then by time and name. */
export function entriesOf(managers: readonly FieldManager[]): readonly ManagedFieldsEntry[] {
  const kept = bounded(managers.filter(({ fields }) => !isEmptySet(fields)));
  return [...kept].sort(byOrder).map(({ manager, operation, apiVersion, subresource, time, fields }) => ({
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: formatFieldsV1(fields),
    ...(subresource === '' ? {} : { subresource }),
  }));
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

function bounded(managers: readonly FieldManager[]): readonly FieldManager[] {
  const updaters = managers.filter(({ operation, subresource }) => operation === 'Update' && subresource === '').sort(byOrder);
  if (updaters.length <= updatersBound) return managers;
  const folded = updaters.slice(0, updaters.length - updatersBound + 1);
  const byVersion = new Map<string, FieldManager>();
  for (const one of folded) {
    const before = byVersion.get(one.apiVersion);
    byVersion.set(one.apiVersion, {
      ...one,
      manager: ancient,
      fields: before === undefined ? one.fields : union(before.fields, one.fields),
    });
  }
  const gone = new Set(folded);
  return [...managers.filter((one) => !gone.has(one)), ...byVersion.values()];
}
