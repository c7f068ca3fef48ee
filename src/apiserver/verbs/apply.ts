// Owns server-side apply as a request: reading the configuration, creating or changing the object by it. The decision is managed-fields'.
import { parseAllDocuments, YAMLParseError } from 'yaml';
import { required } from '../../api/causes.ts';
import { DecodeError, decodeFields } from '../../api/decode.ts';
import type { KindDescription } from '../../api/kind.ts';
import { type AnyObject, apiVersionOf, parseApiVersion } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { badRequest, conflict, invalid, notFound, StatusError } from '../../api/status-error.ts';
import { requireAllowed } from '../auth/authorizer.ts';
import { applyConfiguration } from '../managed-fields/apply.ts';
import { repeatedItem } from '../managed-fields/compare-fields.ts';
import { formatPath } from '../managed-fields/conflicts.ts';
import { shapeOfType } from '../managed-fields/field-shape.ts';
import { placed } from '../object-metadata.ts';
import type { Answer, ApiRequest, RequestBody } from '../request.ts';
import { objectAs, type Serving, storedKindOf } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { type WriteQuery, writeQueryOf } from '../write-options.ts';
import { answerOf, change } from './change.ts';
import { changeRulesOf } from './change-rules.ts';
import { createObject } from './create.ts';

/** Applies. Throws BadRequest, Invalid, Conflict (also for fields that others manage), NotFound, Forbidden. */
export async function apply(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, name, subresource, user } = request;
  const options = writeQueryOf(request.query, 'PatchOptions');
  if (options.fieldManager === '')
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [required('fieldManager', 'is required for apply patch')]);
  const applied = configurationOf(request.body, kind);
  const inPlace = placed(applied, kind, namespace, name);
  checkTypes(kind, applied);
  if (serving.store.get(keyOf(kind, namespace, name)) === undefined) {
    if (subresource !== '') throw notFound(kind, name);
    const { group, version, resource } = kind;
    requireAllowed(serving.authorizer, user, { verb: 'create', group, version, resource, subresource, namespace, name });
    const { uid, resourceVersion: _version, ...metadata } = inPlace.metadata;
    if (uid) throw conflict(kind, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
    const fresh = { ...inPlace, metadata } as AnyObject;
    return createObject(serving, request, options, decide(serving, request, options, undefined, fresh), true);
  }
  const changed = await change(serving, request, options, {
    ...changeRulesOf(storedKindOf(serving.catalog, kind), subresource),
    next: (entry) => decide(serving, request, options, objectAs(kind, entry), applied),
  });
  return answerOf(kind, changed);
}

function decide(
  { clock }: Serving,
  { kind, subresource }: ApiRequest,
  options: WriteQuery,
  live: AnyObject | undefined,
  applied: AnyObject,
): AnyObject {
  const read = (merged: AnyObject): AnyObject => rulesOf(kind).default(decodeFields(kind, merged, { fieldValidation: 'Ignore' }).object);
  const { resourceVersion: _live, ...metadata } = live?.metadata ?? ({} as AnyObject['metadata']);
  const unguarded = live === undefined ? undefined : ({ ...live, metadata } as AnyObject);
  return applyConfiguration({
    kind,
    live: unguarded,
    applied,
    manager: options.fieldManager,
    force: options.force === true,
    subresource,
    nowMs: clock.now(),
    read,
  });
}

/** What is applied must fit the schema, whatever fieldValidation says, and name every item of a list once. Throws BadRequest. */
function checkTypes(kind: KindDescription, applied: AnyObject): void {
  const { namespace = '', name = '' } = applied.metadata;
  const refuse = (why: string): StatusError =>
    badRequest(
      `failed to create typed patch object (${namespace}/${name}; ${apiVersionOf(kind.group, kind.version)}, Kind=${kind.kind}): ${why}`,
    );
  try {
    decodeFields(kind, applied, { fieldValidation: 'Strict' });
  } catch (error) {
    if (error instanceof DecodeError) throw refuse(error.message);
    throw error;
  }
  const twice = repeatedItem(shapeOfType(kind.type, kind.types), applied);
  if (twice !== undefined) throw refuse(`${formatPath(twice.path)}: duplicate entries for key ${formatPath([twice.element])}`);
}

/** The configuration of the body: YAML, of which JSON is a part. */
function configurationOf(body: RequestBody | undefined, kind: KindDescription): AnyObject {
  const value = body?.is === 'object' ? body.object : yamlOf(Buffer.from(body?.bytes ?? []).toString());
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    );
  }
  const object = (value ?? {}) as AnyObject;
  const { apiVersion = '', kind: name = '' } = object;
  if (apiVersion !== apiVersionOf(kind.group, kind.version) || name !== kind.kind) {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: apiVersion };
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${name}`);
  }
  const metadata = (object.metadata ?? {}) as AnyObject['metadata'];
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) throw badRequest('metadata.managedFields must be nil');
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function yamlOf(text: string): unknown {
  try {
    const [document] = parseAllDocuments(text, { version: '1.1' });
    if (document === undefined || !('toJS' in document)) return null;
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const why =
      error instanceof YAMLParseError ? `line ${error.linePos?.[0].line ?? 1}: ${error.message.split(' at line ')[0]}` : String(error);
    throw new StatusError('BadRequest', `error decoding YAML: error converting YAML to JSON: yaml: ${why}`);
  }
}
