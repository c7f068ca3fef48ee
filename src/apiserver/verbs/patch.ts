// Owns patch requests: which patch it is, and changing the object by it. What patches do is in patch/ and apply.ts.

import { forbiddenValue } from '../../api/causes.ts';
import type { JsonDocument } from '../../api/decode-json.ts';
import { isJson } from '../../api/is-json.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { AnyObject } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { invalid, StatusError } from '../../api/status-error.ts';
import { kindsOf } from '../body.ts';
import { bareTypeOf, unsupportedBody } from '../negotiation.ts';
import { placed } from '../object-metadata.ts';
import { applyPatch, type PatchSort } from '../patch/apply-patch.ts';
import type { Answer, ApiRequest, RequestBody } from '../request.ts';
import { objectAs, type Serving, storedKindOf } from '../serving.ts';
import { type WriteQuery, writeQueryOf } from '../write-options.ts';
import { apply } from './apply.ts';
import { answerOf, change, manageAs } from './change.ts';
import { changeRulesOf } from './change-rules.ts';

const sorts: Readonly<Record<string, PatchSort | 'apply-patch'>> = {
  'application/json-patch+json': 'json-patch',
  'application/merge-patch+json': 'merge-patch',
  'application/strategic-merge-patch+json': 'strategic-merge-patch',
  'application/apply-patch+yaml': 'apply-patch',
};

const customSorts = Object.keys(sorts).filter((type) => sorts[type] !== 'strategic-merge-patch');
const otherFormat = 'the body of the request was in an unknown format - accepted media types include:';

/** The sort of patch that a Content-Type names. Throws UnsupportedMediaType. Custom resources know no strategic merge. */
export function patchSortOf(contentType: string | undefined, custom: boolean): PatchSort | 'apply-patch' {
  const sort = sorts[bareTypeOf(contentType)];
  if (sort !== undefined && !(custom && sort === 'strategic-merge-patch')) return sort;
  throw custom ? unsupportedBody(otherFormat, customSorts) : unsupportedPatch();
}

/** 415 in the router's words. */
export function unsupportedPatch(): StatusError {
  return new StatusError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
}

/** Patches. Throws BadRequest, NotFound, Conflict, Invalid, UnsupportedMediaType. */
export async function patch(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, name, subresource } = request;
  const sort = patchSortOf(request.body?.contentType, serving.isCustom(kind));
  if (sort === 'apply-patch') return apply(serving, request);
  const options = writeQueryOf(request.query, 'PatchOptions');
  const patcher = patcherOf(serving, request, sort, options);
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(serving.catalog, kind), subresource),
    fromCurrent: true,
    next: (entry) => rulesOf(kind).default(placed(patcher(kind, objectAs(kind, entry)), kind, namespace, name)),
    manage: manageAs(serving, request, options),
  });
  return answerOf(kind, changed);
}

/** A function that patches an object of a kind and reads the outcome. */
export function patcherOf(
  { catalog }: Serving,
  { body, warnings }: ApiRequest,
  sort: PatchSort,
  { fieldValidation, force }: WriteQuery,
): (kind: KindDescription, current: AnyObject) => AnyObject {
  if (force !== undefined)
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      forbiddenValue('force', 'may not be specified for non-apply patch'),
    ]);
  const given = patchOf(body);
  const known = kindsOf(catalog);
  return (kind, current) => {
    const decoded = applyPatch(sort, kind, current, kind.custom === undefined ? given : textOf(body), { fieldValidation, ...known });
    warnings.push(...decoded.warnings);
    return decoded.object;
  };
}

/** A patch out of this process is taken as it is where its text would say the same: of most, writing and reading it cost more than applying it. */
function patchOf(body: RequestBody | undefined): string | JsonDocument {
  return body?.is === 'object' && isJson(body.object) ? { value: body.object, repeats: noRepeats } : textOf(body);
}

const noRepeats: JsonDocument['repeats'] = new Map();

function textOf(body: RequestBody | undefined): string {
  if (body === undefined) return '';
  return body.is === 'object'
    ? JSON.stringify(body.object)
    : Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength).toString();
}
