// Owns the published schemas of custom kinds: what their definitions say, with what every resource has, as OpenAPI 2 and 3 can say it.
import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { KindDescription } from '../../api/kind.ts';
import { descriptionOf } from './descriptions.ts';
import { type Json, referenceTo, type Spelling } from './schemas.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const conventions = 'More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';
const typed = 'io.k8s.api.core.v1.ConfigMap';
/** Keywords that definitions may carry and documents do not. */
const unpublished = new Set(['$ref', '$schema', 'id', 'definitions', 'dependencies', 'patternProperties', 'additionalItems']);
/** Keywords that version 2 has no words for. */
const onlyInV3 = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'nullable']);
/** What says of which form a value is. */
const forms = ['type', 'items', 'properties', 'additionalProperties', 'required'];

function metadataReference(type: string, description: string, spelling: Spelling): Json {
  const $ref = referenceTo(type, spelling);
  return spelling === 'v2' ? { description, $ref } : { description, allOf: [{ $ref }] };
}

function typeFields(): Json {
  const text = (field: string): Json => {
    const description = descriptionOf(typed, field);
    return { ...(description === undefined ? {} : { description }), type: 'string' };
  };
  return { apiVersion: text('apiVersion'), kind: text('kind') };
}

function resourceFields(spelling: Spelling): Json {
  return {
    ...typeFields(),
    metadata: metadataReference(`${meta}ObjectMeta`, `Standard object's metadata. ${conventions}#metadata`, spelling),
  };
}

function published(schema: JSONSchemaProps, spelling: Spelling, isResource: boolean): Json {
  const result: Json = {};
  for (const [keyword, value] of Object.entries(schema))
    if (!unpublished.has(keyword) && !(spelling === 'v2' && onlyInV3.has(keyword))) result[keyword] = value;
  for (const keyword of spelling === 'v2' ? [] : (['allOf', 'anyOf', 'oneOf'] as const)) {
    const list = schema[keyword];
    if (list !== undefined) result[keyword] = list.map((one) => published(one, spelling, false));
  }
  if (spelling === 'v3' && schema.not !== undefined) result['not'] = published(schema.not, spelling, false);
  const { items, additionalProperties, properties } = schema;
  if (items !== undefined) result['items'] = inner(items as JSONSchemaProps, spelling);
  if (typeof additionalProperties === 'object') result['additionalProperties'] = inner(additionalProperties, spelling);
  if (properties !== undefined)
    result['properties'] = Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one, spelling)]));
  if (spelling === 'v2') forgive(schema, result);
  if (isResource) result['properties'] = { ...(result['properties'] as Json | undefined), ...resourceFields(spelling) };
  return result;
}

function inner(schema: JSONSchemaProps, spelling: Spelling): Json {
  return published(schema, spelling, schema['x-kubernetes-embedded-resource'] === true);
}

/** Clients of version 2 would refuse nulls, texts for numbers and unknown fields where these may be: there they are told less. */
function forgive(schema: JSONSchemaProps, result: Json): void {
  if (schema.nullable === true) for (const form of forms) delete result[form];
  if (schema['x-kubernetes-int-or-string'] === true) delete result['type'];
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) for (const form of ['items', 'properties']) delete result[form];
  const { required, properties = {} } = schema;
  if (required !== undefined && result['required'] !== undefined) {
    const needed = required.filter((name) => properties[name]?.nullable !== true);
    if (needed.length > 0) result['required'] = needed;
    else delete result['required'];
  }
}

function marked(schema: Json, { group, version }: KindDescription, kind: string): Json {
  return { ...schema, 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
}

/** The schema of a custom kind's objects. */
export function customSchema(kind: KindDescription, spelling: Spelling, references: Set<string>): Json {
  references.add(`${meta}ObjectMeta`);
  const schema = published(kind.custom?.published ?? {}, spelling, true);
  return marked({ ...schema, type: 'object' }, kind, kind.kind);
}

/** The schema of a list of them. */
export function customListSchema(kind: KindDescription, spelling: Spelling, references: Set<string>): Json {
  references.add(`${meta}ListMeta`);
  const schema = {
    description: `${kind.listKind} is a list of ${kind.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeFields(),
      items: {
        description: `List of ${kind.resource}. ${conventions}`,
        type: 'array',
        items: { $ref: referenceTo(kind.type, spelling) },
      },
      metadata: metadataReference(`${meta}ListMeta`, `Standard list metadata. ${conventions}#types-kinds`, spelling),
    },
  };
  return marked(schema, kind, kind.listKind);
}

/** The schema that a name stands for among custom kinds, by their type: an object's or a list's. Undefined for other names. */
export function customSchemaNamed(
  name: string,
  kinds: ReadonlyMap<string, KindDescription>,
  spelling: Spelling,
  references: Set<string>,
): Json | undefined {
  const kind = kinds.get(name);
  if (kind !== undefined) return customSchema(kind, spelling, references);
  const listed = name.endsWith('List') ? kinds.get(name.slice(0, -4)) : undefined;
  return listed === undefined ? undefined : customListSchema(listed, spelling, references);
}
