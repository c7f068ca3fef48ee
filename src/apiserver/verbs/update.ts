// Owns replacing an object with the body's, whole or its status.
import { checkCustomVersion } from '../../api/decode.ts';
import { rulesOf } from '../../api/rules.ts';
import { notFound } from '../../api/status-error.ts';
import { objectOfBody } from '../body.ts';
import { updateCreates, updateNeedsVersion } from '../kind-behaviour.ts';
import { placed } from '../object-metadata.ts';
import type { Answer, ApiRequest } from '../request.ts';
import { type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { writeQueryOf } from '../write-options.ts';
import { answerOf, change, manageAs } from './change.ts';
import { changeRulesOf } from './change-rules.ts';
import { createObject } from './create.ts';

/** Replaces. Throws BadRequest, NotFound, Conflict, Invalid, Forbidden. A few kinds are created where they are missing. */
export async function update(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, name, subresource, warnings } = request;
  const options = writeQueryOf(request.query, 'UpdateOptions');
  const decoded = objectOfBody(request.body, kind, serving.catalog, options.fieldValidation);
  warnings.push(...decoded.warnings);
  checkCustomVersion(kind, decoded.object);
  const wanted = placed(decoded.object, kind, namespace, name);
  const exists = serving.store.get(keyOf(kind, namespace, name)) !== undefined;
  if (!exists && subresource === '' && updateCreates(kind)) {
    if (wanted.metadata.uid || (wanted.metadata.resourceVersion && wanted.metadata.resourceVersion !== '0')) throw notFound(kind, name);
    return createObject(serving, request, options, wanted, 'update');
  }
  const next = rulesOf(kind).default(wanted);
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(serving.catalog, kind), subresource),
    next: () => next,
    versionNeeded: updateNeedsVersion(kind, serving.isCustom(kind)),
    uidGuards: true,
    manage: manageAs(serving, request, options),
  });
  return answerOf(kind, changed);
}
