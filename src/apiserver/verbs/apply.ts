// Owns server-side apply as a request: creating or changing the object by a configuration. The decision is managed-fields'.
import { required } from '../../api/causes.ts';
import type { AnyObject } from '../../api/object.ts';
import { conflict, invalid, notFound } from '../../api/status-error.ts';
import { requireAllowed } from '../auth/authorizer.ts';
import { placed } from '../object-metadata.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { objectAs, type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { type WriteQuery, writeQueryOf } from '../write-options.ts';
import { configurationOf, merged } from './apply-configuration.ts';
import { answerOf, change } from './change.ts';
import { changeRulesOf } from './change-rules.ts';
import { createObject } from './create.ts';

/** Applies. Throws BadRequest, Invalid, Conflict (also for fields that others manage), NotFound, Forbidden. */
export async function apply(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, name, subresource, user } = request;
  const options = applyOptionsOf(request);
  const applied = configurationOf(request, kind, options.fieldValidation);
  if (serving.store.get(keyOf(kind, namespace, name)) === undefined) {
    if (subresource !== '') throw notFound(kind, name);
    const { group, version, resource } = kind;
    const { uid, resourceVersion: _version, ...metadata } = applied.metadata;
    const made = merged(serving, request, options, undefined, { ...applied, metadata } as AnyObject);
    if (uid) throw conflict(kind, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
    const inPlace = placed(made, kind, namespace, name);
    requireAllowed(serving.authorizer, user, { verb: 'create', group, version, resource, subresource, namespace, name });
    return createObject(serving, request, options, inPlace, 'apply');
  }
  // As upstream, the outcome must be at its place, so a configuration of what is there need not name it.
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(serving.catalog, kind), subresource),
    next: (entry) => placed(merged(serving, request, options, objectAs(kind, entry), applied), kind, namespace, name),
  });
  return answerOf(kind, changed);
}

/** The options of an apply. Throws Invalid where nobody applies. */
export function applyOptionsOf({ query }: ApiRequest): WriteQuery {
  const options = writeQueryOf(query, 'PatchOptions');
  if (options.fieldManager !== '') return options;
  throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [required('fieldManager', 'is required for apply patch')]);
}
