// Owns creation: from a body to a stored object.

import { checkCustomVersion } from '../../api/decode.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { alreadyExists, badRequest, invalid, StatusError } from '../../api/status-error.ts';
import { objectOfBody } from '../body.ts';
import { putNew, triesBound } from '../commit.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { born, placed } from '../object-metadata.ts';
import { withOwnersOnce } from '../owner-references.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { hold } from '../reservation.ts';
import { admissionContextOf, type Serving, storageForm, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';
import { managerOf, type WriteQuery, writeQueryOf } from '../write-options.ts';
import { served } from './served.ts';

const generatedTries = 8;

/** Creates the object of the body. Throws or rejects with BadRequest, Invalid, AlreadyExists, Forbidden. */
export function create(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, warnings } = request;
  const options = writeQueryOf(request.query, 'CreateOptions');
  const decoded = objectOfBody(request.body, kind, serving.catalog, options.fieldValidation);
  warnings.push(...decoded.warnings);
  checkCustomVersion(kind, decoded.object);
  return createObject(serving, request, options, placed(decoded.object, kind, namespace, ''));
}

/** What creates an object: a create, an update of what is not there, or an apply, which has recorded the managers already. */
export type CreatedBy = 'create' | 'update' | 'apply';

/** Creates an object that was decoded and put in its place. */
export async function createObject(
  serving: Serving,
  request: ApiRequest,
  options: WriteQuery,
  decoded: AnyObject,
  by: CreatedBy = 'create',
): Promise<Answer> {
  const { kind, user, warnings, namespace } = request;
  const { store, clock, entropy, admission, catalog } = serving;
  const storedKind = storedKindOf(catalog, kind);
  const rules = rulesOf(storedKind);
  const { dryRun } = options;
  if (decoded.metadata.resourceVersion && decoded.metadata.resourceVersion !== '0')
    throw badRequest('resourceVersion should not be set on objects to be created');
  const manager = managerOf(options.fieldManager, request.userAgent);
  const recorded = {
    kind,
    catalog,
    old: undefined,
    next: rulesOf(kind).default(withOwnersOnce(decoded, warnings)),
    manager,
    subresource: '',
    nowMs: clock.now(),
  };
  const asked = storageForm(storedKind, kind, by === 'apply' ? recorded.next : recordOwnership(recorded));
  const attributes = { operation: 'CREATE' as const, kind: storedKind, subresource: '', namespace, user, dryRun };
  const context = admissionContextOf(serving, warnings);
  const mutating = admission.mutate({ ...attributes, name: asked.metadata.name ?? '', object: asked }, context);
  const mutated = (mutating instanceof Promise ? await mutating : mutating) ?? asked;
  const admitted = withOwnersOnce(mutated, warnings, ' after mutating admission happens');
  const generated = !admitted.metadata.name && Boolean(admitted.metadata.generateName);
  for (let tries = 1; ; tries++) {
    const named = born(admitted, clock.now(), entropy, by === 'create');
    const name = named.metadata.name;
    const key = keyOf(kind, namespace, name);
    if (tries === 1) warnings.push(...(rules.earlyWarnings?.(named) ?? []));
    const bare = rules.prepareForCreate(named);
    const prepared = rules.stamp?.(bare, undefined, clock.now()) ?? bare;
    const held = hold(serving, storedKind, prepared, undefined);
    const { object } = held;
    let stored = false;
    try {
      const causes = rules.validateCreate(object, kind.group);
      if (causes.length > 0)
        throw invalid(kind.custom === undefined ? storedKind : { group: kind.group, kind: object.kind ?? '' }, name, causes);
      if (tries === 1) warnings.push(...rules.warnings(object));
      const validating = admission.validate({ ...attributes, name, object }, context);
      if (validating !== undefined) await validating;
      if (dryRun && store.get(key) === undefined) return { is: 'object', code: 201, kind, object: served(kind, object, undefined) };
      const entry = dryRun ? undefined : await putNew(store, storedKind, key, rules.settle?.(object) ?? object, held.companions);
      stored = entry !== undefined;
      if (entry !== undefined) return { is: 'entry', code: 201, kind, entry };
      // Somebody else's address or port was in the way, not an object of this name: another one is tried.
      const free = !dryRun && store.get(key) === undefined;
      if (free ? tries === triesBound : !generated || tries >= generatedTries) throw taken(serving, request, name);
    } finally {
      if (stored) held.commit();
      else held.release();
    }
  }
}

/** 409; upstream tells where the one in the way is on its way out. */
function taken({ store }: Serving, { kind, namespace }: ApiRequest, name: string): StatusError {
  const refusal = alreadyExists(kind, name);
  const existing = store.get(keyOf(kind, namespace, name));
  if (existing === undefined || objectOf(existing).metadata.deletionTimestamp === undefined) return refusal;
  const { details } = refusal;
  return new StatusError('AlreadyExists', `object is being deleted: ${refusal.message}`, details === undefined ? {} : { details });
}
