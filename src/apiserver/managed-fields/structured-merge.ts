// Owns the two decisions about owners: what an update makes of them, and what an apply makes of them and the object. Structured merge's rules; pure.
import type { AnyObject } from '../../api/object.ts';
import { type Comparison, compareFields, equalValues } from './compare-fields.ts';
import type { Conflict } from './conflicts.ts';
import { difference, emptySet, type FieldSet, intersection, isEmptySet, union } from './field-set.ts';
import { mergeApplied } from './merge-applied.ts';
import { withNamedMembers } from './named-members.ts';
import { ownedFields } from './owned-fields.ts';
import { type FieldManager, identityOf } from './owner-entries.ts';
import { reconciledFields } from './reconcile-fields.ts';
import { removeFields } from './remove-fields.ts';
import type { Versions } from './versions.ts';

/** Objects of one request's version, without managers, and which of the fields count for it. */
export interface Change {
  readonly versions: Versions;
  readonly apiVersion: string;
  readonly live: AnyObject;
  readonly managers: readonly FieldManager[];
  /** Leaves out the fields that the path of the request cannot set. */
  counted(fields: FieldSet): FieldSet;
}

/** What an update by `self` makes of the owners: it owns what it touches, together with what it had. */
export function ownersAfterUpdate(change: Change, next: AnyObject, self: FieldManager): readonly FieldManager[] {
  const comparison = comparedIn(change, next, change.apiVersion);
  const { touched, removed } = comparison ?? nothing;
  const known = reconciled(change);
  const compared = new Map([[change.apiVersion, comparison]]);
  if (isEmptySet(touched)) return settled(change, next, known, undefined, compared).rest;
  const own = identityOf(self);
  const previous = known.find((one) => identityOf(one) === own);
  const others = known.filter((one) => one !== previous);
  const fields = union(touched, difference(previous?.fields ?? emptySet, removed));
  return [...settled(change, next, others, undefined, compared).rest, { ...self, fields }];
}

/** What an apply makes of it all. `object` is undefined where it changes nothing. */
export interface Applied {
  readonly object: AnyObject | undefined;
  readonly managers: readonly FieldManager[];
  readonly conflicts: readonly Conflict[];
}

/** Applies a configuration as `self`, whose fields it fills in. The others lose what conflicts; whether they may is the caller's matter. */
export function applied(change: Change, configuration: AnyObject, self: FieldManager): Applied {
  const { live, versions, apiVersion } = change;
  const shape = versions(apiVersion)?.shape ?? { is: 'deduced' };
  const known = reconciled(change);
  const own = identityOf(self);
  const previous = known.find((one) => identityOf(one) === own);
  const mine: FieldManager = { ...self, fields: change.counted(ownedFields(shape, configuration)) };
  const merged = mergeApplied(shape, live, configuration) as AnyObject;
  const managers = [...known.filter((one) => one !== previous), mine];
  const object = previous === undefined ? merged : pruned(change, merged, managers, previous);
  const { rest, conflicts } = settled(change, object, managers, own);
  return { object: equalValues(live, unguarded(object)) ? undefined : object, managers: rest, conflicts };
}

/** A version that is named is a guard and no change. */
function unguarded({ metadata: { resourceVersion: _, ...metadata }, ...rest }: AnyObject): unknown {
  return { ...rest, metadata };
}

const nothing: Comparison = { touched: emptySet, removed: emptySet };

function ofWhole({ touched, removed }: Comparison): FieldSet {
  return union(touched, removed);
}

function reconciled({ versions, managers }: Change): readonly FieldManager[] {
  return managers.flatMap((one) => {
    const version = versions(one.apiVersion);
    if (version === undefined) return [];
    const fields = reconciledFields(one.fields, version.shape);
    return [fields === one.fields ? one : { ...one, fields }];
  });
}

function comparedIn(change: Change, next: AnyObject, apiVersion: string): Comparison | undefined {
  const version = change.versions(apiVersion);
  if (version === undefined) return undefined;
  const { touched, removed } = compareFields(version.shape, version.convert(change.live), version.convert(next));
  return { touched: change.counted(touched), removed: change.counted(removed) };
}

/** The managers without what the change takes from all but `except`, and what of it they owned and still see. */
function settled(
  change: Change,
  next: AnyObject,
  managers: readonly FieldManager[],
  except: string | undefined,
  compared = new Map<string, Comparison | undefined>(),
): { readonly rest: readonly FieldManager[]; readonly conflicts: readonly Conflict[] } {
  const conflicts: Conflict[] = [];
  const rest = managers.flatMap((manager) => {
    if (except !== undefined && identityOf(manager) === except) return [manager];
    if (!compared.has(manager.apiVersion)) compared.set(manager.apiVersion, comparedIn(change, next, manager.apiVersion));
    const comparison = compared.get(manager.apiVersion);
    if (comparison === undefined) return [];
    const fields = intersection(manager.fields, comparison.touched);
    if (!isEmptySet(fields)) conflicts.push({ manager, fields });
    const left = difference(manager.fields, ofWhole(comparison));
    return [left === manager.fields ? manager : { ...manager, fields: left }];
  });
  return { rest: rest.filter(({ fields }) => !isEmptySet(fields)), conflicts };
}

/** The merged object without what its applier said before and says no more, except what somebody owns still. */
function pruned({ versions }: Change, merged: AnyObject, managers: readonly FieldManager[], previous: FieldManager): AnyObject {
  const version = versions(previous.apiVersion);
  if (version === undefined || isEmptySet(previous.fields)) return merged;
  const { shape } = version;
  const whole = version.convert(merged);
  const last = withNamedMembers(previous.fields, shape);
  let rest = removeFields(shape, whole, last) as AnyObject;
  const owned = new Map<string, FieldSet>();
  for (const { apiVersion, fields } of managers) owned.set(apiVersion, union(owned.get(apiVersion) ?? emptySet, fields));
  // The version of the last apply first: what is gone there may be needed to convert to the others.
  const order = [previous.apiVersion, ...[...owned.keys()].filter((one) => one !== previous.apiVersion)];
  for (const apiVersion of order) {
    const fields = owned.get(apiVersion);
    const other = versions(apiVersion);
    if (fields === undefined || other === undefined) continue;
    const all = other.convert(merged);
    const left = other.convert(version.restore(rest));
    const kept = union(named(other.shape, left), withNamedMembers(fields, other.shape));
    const after = removeFields(other.shape, all, difference(named(other.shape, all), kept)) as AnyObject;
    rest = version.convert(other.restore(after));
  }
  const gone = intersection(difference(named(shape, whole), named(shape, rest)), last);
  return version.restore(removeFields(shape, whole, gone) as AnyObject);
}

function named(shape: Parameters<typeof ownedFields>[0], object: AnyObject): FieldSet {
  return withNamedMembers(ownedFields(shape, object), shape);
}
