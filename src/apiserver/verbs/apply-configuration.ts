// Owns the configuration of a server-side apply: reading it off the body, checking it against the schema, merging it into an object.
import { DecodeError, decodeFields, type FieldValidation } from '../../api/decode.ts';
import type { KindDescription } from '../../api/kind.ts';
import { type AnyObject, apiVersionOf, parseApiVersion } from '../../api/object.ts';
import { rulesOf } from '../../api/rules.ts';
import { badRequest } from '../../api/status-error.ts';
import { strictLines } from '../body.ts';
import { applyConfiguration } from '../managed-fields/apply.ts';
import { shapeOfType } from '../managed-fields/field-shape.ts';
import { typeComplaint } from '../managed-fields/type-check.ts';
import type { ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import type { WriteQuery } from '../write-options.ts';
import { readYaml, type YamlDocument, YamlSyntaxError } from '../yaml-document.ts';

/** The object that the configuration makes of `live` (absent: of nothing), with its managers. Throws Conflict, BadRequest. */
export function merged(
  { clock, catalog }: Serving,
  { kind, subresource }: { readonly kind: KindDescription; readonly subresource: string },
  options: WriteQuery,
  live: AnyObject | undefined,
  applied: AnyObject,
): AnyObject {
  const read = (outcome: AnyObject): AnyObject => {
    // A custom resource has no types to be read as; nulls that may not be are for its rules to refuse.
    if (kind.custom !== undefined) return rulesOf(kind).default(outcome);
    try {
      return rulesOf(kind).default(decodeFields(kind, outcome, { fieldValidation: 'Ignore', dialect: 'converter' }).object);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const version = apiVersionOf(kind.group, kind.version);
      const why = `unable to convert unstructured object to ${kind.group}/${kind.version}, Kind=${kind.kind}: ${error.message}`;
      throw badRequest(`failed to convert new object (${describe(kind, applied)}) to proper version (${version}): ${why}`);
    }
  };
  const { resourceVersion: _live, ...metadata } = live?.metadata ?? ({} as AnyObject['metadata']);
  const unguarded = live === undefined ? undefined : ({ ...live, metadata } as AnyObject);
  return applyConfiguration({
    kind,
    catalog,
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
  const why = typeComplaint(shapeOfType(kind.type, kind.types), applied);
  if (why !== undefined) throw badRequest(`failed to create typed patch object (${describe(kind, applied)}): ${why}`);
}

function describe({ group, version, kind }: KindDescription, { metadata }: AnyObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${group}/${version}, Kind=${kind}`;
}

/** The configuration of the body: YAML, of which JSON is a part. Members that come twice are told of, or refused. Throws BadRequest. */
export function configurationOf({ body, warnings }: ApiRequest, kind: KindDescription, fieldValidation: FieldValidation): AnyObject {
  const { value, repeats } =
    body?.is === 'object' ? { value: body.object, repeats: [] } : yamlOf(Buffer.from(body?.bytes ?? []).toString());
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    );
  }
  const object = (value ?? {}) as AnyObject;
  const [apiVersion, name] = [textOf(object.apiVersion), textOf(object.kind)];
  if (apiVersion !== apiVersionOf(kind.group, kind.version) || name !== kind.kind) {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: apiVersion };
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${name}`);
  }
  const metadata: unknown = object.metadata ?? {};
  const managed = typeof metadata === 'object' && !Array.isArray(metadata) ? (metadata as AnyObject['metadata']).managedFields : undefined;
  if (managed !== undefined && managed !== null) throw badRequest('metadata.managedFields must be nil');
  if (repeats.length > 0 && fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${strictLines(repeats, 'Strict')[0]}`);
  if (fieldValidation === 'Warn') warnings.push(...repeats);
  const given = { ...object, metadata } as AnyObject;
  checkTypes(kind, given);
  const { managedFields: _, ...rest } = given.metadata;
  return { ...given, metadata: rest };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function yamlOf(text: string): YamlDocument {
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlSyntaxError)) throw error;
    throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${error.message}`);
  }
}
