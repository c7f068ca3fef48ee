// Owns the decision of a server-side apply: from what is there and what is applied to the object and its managers, or the conflicts. Pure.
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { apiVersionOf } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { compareFields, equalValues } from './compare-fields.ts';
import { conflictError, conflictsOf } from './conflicts.ts';
import { difference, differenceBelow, emptySet, type FieldSet, intersection, isEmptySet, union } from './field-set.ts';
import { shapeOfType } from './field-shape.ts';
import { mergeApplied, pruned } from './merge-applied.ts';
import { ownedFields } from './owned-fields.ts';
import { entriesOf, type FieldManager, identityOf, ownersOf } from './owner-entries.ts';
import { resetFieldsOf, unowned, withOwners } from './record-ownership.ts';

/** An apply. `live` is absent where the object is to be created; `applied` is as the client wrote it, without defaults. */
export interface Application {
  readonly kind: KindDescription;
  readonly live: AnyObject | undefined;
  readonly applied: AnyObject;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly nowMs: number;
  /** Reads a merged object back: types, quantities, defaults. */
  read(merged: AnyObject): AnyObject;
}

const clientSide = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object to be written, with its managers. Throws Conflict where others own what would change, unless forced. */
export function applyConfiguration(application: Application): AnyObject {
  const { kind, live, applied, manager, subresource, nowMs, read } = application;
  const shape = shapeOfType(kind.type, kind.types);
  const reset = resetFieldsOf(kind, subresource);
  const configured = differenceBelow(difference(ownedFields(shape, applied), unowned), reset);
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const now = formatTime(nowMs);
  const self: FieldManager = { manager, operation: 'Apply', apiVersion, subresource, time: now, fields: configured };
  if (live === undefined) return withOwners(read(applied), entriesOf([self]));
  const own = identityOf(self);
  const known = firstOwners(live, shape, reset, now);
  const previous = known.find((one) => identityOf(one) === own);
  const others = known.filter((one) => one !== previous);
  const before = withOwners(live, []);
  const raw = withOwners(mergeApplied(shape, live, applied) as AnyObject, []);
  const changed = compareFields(shape, before, raw);
  const touched = intersection(differenceBelow(difference(changed.touched, unowned), reset), configured);
  const conflicts = conflictsOf(others, touched);
  const forced = application.force || (manager === kubectl && coveredByClientSide(live, shape, conflicts));
  if (conflicts.length > 0 && !forced) throw conflictError(conflicts);
  const rest = conflicts.length === 0 ? others : others.map((one) => ({ ...one, fields: difference(one.fields, touched) }));
  const kept = rest.reduce<FieldSet>((all, one) => union(all, one.fields), configured);
  const gone = difference(previous?.fields ?? emptySet, configured);
  const merged = read(isEmptySet(gone) ? raw : (pruned(shape, raw, gone, kept) as AnyObject));
  const next = manager === kubectl ? withClientSide(live, merged, applied) : merged;
  // Upstream stamps an applier's entry only where the object itself changed.
  const { time: _, ...timeless } = self;
  const mine = equalValues(before, merged) ? { ...timeless, time: previous?.time } : self;
  return withOwners(next, entriesOf([...rest, mine]));
}

const kubectl = 'kubectl';

/** Where kubectl's client-side apply left its note, kubectl's server-side apply keeps it true. */
function withClientSide(live: AnyObject, merged: AnyObject, applied: AnyObject): AnyObject {
  if (live.metadata.annotations?.[clientSide] === undefined) return merged;
  const { annotations: { [clientSide]: _, ...annotations } = {}, ...metadata } = applied.metadata;
  const noted = { ...applied, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
  const note = `${JSON.stringify(sorted(noted))}\n`;
  return { ...merged, metadata: { ...merged.metadata, annotations: { ...merged.metadata.annotations, [clientSide]: note } } };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}

/** The managers so far. An object that nobody managed is managed by `before-first-apply` in everything that it has. */
function firstOwners(live: AnyObject, shape: ReturnType<typeof shapeOfType>, reset: FieldSet, time: string): readonly FieldManager[] {
  const known = ownersOf(live.metadata.managedFields);
  if (known.length > 0) return known;
  const fields = differenceBelow(difference(ownedFields(shape, live), unowned), reset);
  return [{ manager: 'before-first-apply', operation: 'Update', apiVersion: live.apiVersion ?? '', subresource: '', time, fields }];
}

/** kubectl's own server-side apply takes over, without force, what its client-side apply wrote down before. */
function coveredByClientSide(live: AnyObject, shape: ReturnType<typeof shapeOfType>, conflicts: ReturnType<typeof conflictsOf>): boolean {
  const text = live.metadata.annotations?.[clientSide];
  if (text === undefined || conflicts.length === 0) return false;
  try {
    const allowed = ownedFields(shape, JSON.parse(text));
    return conflicts.every(({ fields }) => isEmptySet(difference(fields, allowed)));
  } catch {
    return false;
  }
}
