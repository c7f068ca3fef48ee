// Owns the decision of a server-side apply: from what is there and what is applied to the object and its managers, or the conflicts. Pure.
import type { KindDescription } from '../../api/kind.ts';
import type { KindCatalog } from '../../api/kinds/catalog.ts';
import { type AnyObject, apiVersionOf } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { hollowOf } from '../hollow.ts';
import { conflictError, conflictsBeyond } from './conflicts.ts';
import { difference, emptySet } from './field-set.ts';
import { fieldsOfLastApplied, withLastApplied } from './last-applied.ts';
import { entriesOf, type FieldManager, identityOf, ownersOf } from './owner-entries.ts';
import { unowned, withOwners } from './record-ownership.ts';
import { countedFields } from './reset-fields.ts';
import { applied, type Change, ownersAfterUpdate } from './structured-merge.ts';
import { versionsOf } from './versions.ts';

/** An apply. `live` is absent where the object is to be created; `applied` is as the client wrote it, without defaults. */
export interface Application {
  readonly kind: KindDescription;
  /** Where other versions of the kind are found; without it managers of other versions are forgotten. */
  readonly catalog?: KindCatalog;
  readonly live: AnyObject | undefined;
  readonly applied: AnyObject;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  readonly nowMs: number;
  /** Reads a merged object back: types, quantities, defaults. */
  read(merged: AnyObject): AnyObject;
}

const kubectl = 'kubectl';

/** The object to be written, with its managers. Throws Conflict where others own what would change, unless forced. */
export function applyConfiguration(application: Application): AnyObject {
  const { kind, catalog, live, applied: configuration, manager, force, subresource, nowMs, read } = application;
  const now = formatTime(nowMs);
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const self: FieldManager = { manager, operation: 'Apply', apiVersion, subresource, time: now, fields: emptySet };
  const change: Change = {
    versions: versionsOf(kind, catalog),
    apiVersion,
    live: withOwners(live ?? hollowOf(kind), []),
    managers: [],
    counted: countedFields(kind, subresource),
  };
  const known = live === undefined ? [] : (ownersOf(live.metadata.managedFields) ?? []);
  const managers = known.length > 0 || live === undefined ? known : firstOwners(change, hollowOf(kind), { ...self, operation: 'Update' });
  const outcome = applied({ ...change, managers }, configuration, self);
  const allowed = manager === kubectl && !force ? fieldsOfLastApplied(change, live) : emptySet;
  const conflicts = force ? [] : conflictsBeyond(outcome.conflicts, allowed);
  if (conflicts.length > 0) throw conflictError(conflicts);
  const own = identityOf(self);
  const previous = managers.find((one) => identityOf(one) === own);
  const owners = outcome.managers.map((one) => {
    if (identityOf(one) !== own) return one;
    // Upstream stamps an applier's entry only where the object itself changed.
    return { ...one, time: outcome.object === undefined ? previous?.time : now, fields: difference(one.fields, unowned) };
  });
  const object = outcome.object === undefined ? change.live : read(outcome.object);
  return withOwners(manager === kubectl ? withLastApplied(object, configuration) : object, entriesOf(owners));
}

/** An object that nobody managed is managed by `before-first-apply` in everything that it has. */
function firstOwners(change: Change, hollow: AnyObject, self: FieldManager): readonly FieldManager[] {
  const owners = ownersAfterUpdate({ ...change, live: hollow, managers: [] }, change.live, { ...self, manager: 'before-first-apply' });
  return owners.map((one) => ({ ...one, fields: difference(one.fields, unowned) }));
}
