// Owns changing an object that exists, for update, patch and the subresources that write: read, make the next one, check, swap, start over.

import type { KindDescription } from '../../api/kind.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { badRequest, conflict, invalid, notFound } from '../../api/status-error.ts';
import type { Entry } from '../../store/store.ts';
import { modifiedText, remove, replace, triesBound } from '../commit.ts';
import { endsByUpdate } from '../delete-decision.ts';
import { withOldTimes } from '../managed-fields/old-times.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { carriedOver } from '../object-metadata.ts';
import { withOwnersOnce } from '../owner-references.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { departing, hold, letGo } from '../reservation.ts';
import { admissionContextOf, objectAs, type Serving, storageForm, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { managerOf, type WriteQuery } from '../write-options.ts';
import { served } from './served.ts';

/** How a change is made and judged. All objects are in the stored version but what `next` answers, which is in the request's. */
export interface ChangeRules {
  /** The object as the client wants it. Called again where somebody else was faster. */
  next(current: Entry): AnyObject | Promise<AnyObject>;
  /** What of it is taken over. */
  prepare(next: AnyObject, old: AnyObject): AnyObject;
  /** `group` is the one that the request names, where a kind lives in two. */
  validate(next: AnyObject, old: AnyObject, group: string): readonly StatusCause[];
  /** What the client is told of a change that is accepted. */
  readonly warnings?: (next: AnyObject, old: AnyObject) => readonly string[];
  /** Whether a missing resourceVersion is refused. */
  readonly versionNeeded?: boolean;
  /** True where `next` is made out of the current object, whose version it then carries: that is no wish of the client's, and it may be made anew. */
  readonly fromCurrent?: boolean;
  /** Whether a differing uid is a Conflict (updates) rather than a change to be refused (patches). */
  readonly uidGuards?: boolean;
  /** Records who manages which fields, in the request's version and before admission; absent where the change leaves that alone. */
  readonly manage?: (next: AnyObject, old: AnyObject) => AnyObject;
  readonly conflictAs?: { readonly group: string; readonly resource: string };
}

/** What became of it. `object` stands for one that is not stored: a dry run's, or one that ended. */
export type Changed =
  | { readonly is: 'entry'; readonly entry: Entry }
  | { readonly is: 'object'; readonly object: AnyObject; readonly revision: number };

/** Changes the object that the request names. Throws NotFound, Conflict, Invalid, Forbidden. */
export async function change(serving: Serving, request: ApiRequest, options: WriteQuery, rules: ChangeRules): Promise<Changed> {
  const { kind, namespace, name, user, warnings, subresource } = request;
  const { store, admission, catalog } = serving;
  const { dryRun } = options;
  const storedKind = storedKindOf(catalog, kind);
  const key = keyOf(kind, namespace, name);
  const told = warnings.length;
  const context = admissionContextOf(serving, warnings);
  for (let tries = 1; tries <= triesBound; tries++) {
    const entry = store.get(key);
    if (entry === undefined) throw notFound(kind, name);
    warnings.length = Math.min(warnings.length, told);
    const old = objectAs(storedKind, entry);
    const made = await rules.next(entry);
    const next = rules.fromCurrent === true ? made : withOwnersOnce(made, warnings);
    const wanted = storageForm(storedKind, kind, rules.manage?.(next, objectAs(kind, entry)) ?? next);
    const conditional = guard(kind, wanted, entry, old, rules) && rules.fromCurrent !== true;
    const attributes = { operation: 'UPDATE' as const, kind: storedKind, subresource, namespace, name, user, dryRun, oldObject: old };
    const carried = carriedOver(wanted, old);
    const mutated = (await admission.mutate({ ...attributes, object: carried }, context)) ?? carried;
    const admitted = withOwnersOnce(mutated, warnings, ' after mutating admission happens');
    const bare = rules.prepare(admitted, old);
    const prepared = withOldTimes(rulesOf(storedKind).stamp?.(bare, old, serving.clock.now()) ?? bare, old);
    const held = hold(serving, storedKind, prepared, old);
    const { object } = held;
    let stored = false;
    try {
      const causes = rules.validate(object, old, kind.group);
      if (causes.length > 0)
        throw invalid(kind.custom === undefined ? storedKind : { group: kind.group, kind: object.kind ?? '' }, name, causes);
      warnings.push(...(rules.warnings?.(object, old) ?? []));
      await admission.validate({ ...attributes, object }, context);
      if (endsByUpdate(old, object)) {
        const removed = dryRun || (await remove(store, entry, departing(serving, storedKind, old))) !== undefined;
        if (removed && !dryRun) letGo(serving, storedKind, old);
        if (removed) return { is: 'object', object, revision: entry.modRevision };
      } else if (dryRun) return { is: 'object', object, revision: entry.modRevision };
      else {
        const written = await replace(store, storedKind, entry, object, held.companions);
        stored = written !== undefined;
        if (written !== undefined) return { is: 'entry', entry: written };
      }
      if (conditional) throw conflict(rules.conflictAs ?? kind, name, modifiedText);
    } finally {
      if (stored) held.commit();
      else held.release();
    }
  }
  throw conflict(kind, name, modifiedText);
}

/** Checks what the client says the object is now. Answers whether it said which version. */
function guard(kind: KindDescription, wanted: AnyObject, entry: Entry, old: AnyObject, rules: ChangeRules): boolean {
  const { uid, resourceVersion = '' } = wanted.metadata;
  const { name } = old.metadata;
  if (rules.uidGuards && uid && uid !== old.metadata.uid) {
    const where = `/registry/${kind.resource}/${old.metadata.namespace ? `${old.metadata.namespace}/` : ''}${name}`;
    const why = `StorageError: invalid object, Code: 4, Key: ${where}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(kind, name, why);
  }
  if (!/^\d*$/.test(resourceVersion)) throw badRequest(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  if (resourceVersion === '' || Number(resourceVersion) === 0) {
    if (!rules.versionNeeded) return false;
    const cause = {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
      field: 'metadata.resourceVersion',
    };
    throw invalid(kind.custom === undefined ? kind : { group: kind.group, kind: kind.resource }, name, [cause]);
  }
  if (Number(resourceVersion) !== entry.modRevision) throw conflict(rules.conflictAs ?? kind, name, modifiedText);
  return true;
}

/** The answer that shows what became of the object. */
export function answerOf(kind: KindDescription, changed: Changed, code = 200): Answer {
  if (changed.is === 'entry') return { is: 'entry', code, kind, entry: changed.entry };
  return { is: 'object', code, kind, object: served(kind, changed.object, changed.revision) };
}

/** Records the request's manager on a change. */
export function manageAs({ clock, catalog }: Serving, request: ApiRequest, options: WriteQuery): NonNullable<ChangeRules['manage']> {
  const { kind, subresource, userAgent } = request;
  const manager = managerOf(options.fieldManager, userAgent);
  return (next, old) => recordOwnership({ kind, catalog, old, next, manager, subresource, nowMs: clock.now() });
}
