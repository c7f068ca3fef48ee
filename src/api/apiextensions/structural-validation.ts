// Owns whether a schema is structural: every field typed outside of value validations, which may only narrow.
import { forbiddenValue, invalidValue, required } from '../causes.ts';
import { deepEqual } from '../custom/deep-equal.ts';
import { patternError } from '../custom/pattern.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { JSONSchemaProps } from './v1.ts';

type Level = 'root' | 'item' | 'field';
const intOrStringTypes = [{ type: 'integer' }, { type: 'string' }];
const emptyTypeTexts: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/** Complaints about a schema at `field`, in the order of their texts. */
export function structuralCauses(schema: JSONSchemaProps, field: string): readonly StatusCause[] {
  const causes = [...invariantCauses(schema, 'root', field), ...completenessCauses(schema, field)];
  const text = ({ field: at, message }: StatusCause): string => `${at}: ${message}`;
  return causes.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Why a schema cannot be read as a structural one at all; undefined where it can. */
export function unreadable(schema: JSONSchemaProps): string | undefined {
  const unsupported: readonly (readonly [string, boolean])[] = [
    ['id', (schema.id ?? '') !== ''],
    ['schema', (schema.$schema ?? '') !== ''],
    ['$ref', (schema.$ref ?? '') !== ''],
    ['type', schema.type === 'null'],
    ['patternProperties', Object.keys(schema.patternProperties ?? {}).length > 0],
    ['definitions', Object.keys(schema.definitions ?? {}).length > 0],
    ['dependencies', Object.keys(schema.dependencies ?? {}).length > 0],
    ['additionalItems', schema.additionalItems !== undefined],
    ['items', Array.isArray(schema.items) && schema.items.length > 0],
  ];
  const own = unsupported.find(([, found]) => found)?.[0];
  if (own !== undefined) return `OpenAPIV3Schema '${own}' is not supported`;
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...(items === undefined ? [] : [items]),
    ...(additional === undefined ? [] : [additional]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...(schema.not === undefined ? [] : [schema.not]),
  ];
  for (const one of inner) {
    const why = unreadable(one);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The one schema of a list's items; undefined where there is none or a list of them. */
export function itemsOf(schema: JSONSchemaProps | undefined): JSONSchemaProps | undefined {
  return schema?.items === undefined || Array.isArray(schema.items) ? undefined : (schema.items as JSONSchemaProps);
}

/** The schema of all other fields; undefined where there is none or only yes or no. */
export function additionalOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

function invariantCauses(schema: JSONSchemaProps, level: Level, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { type = '', properties = {} } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserve = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const items = itemsOf(schema);
  if (type === 'array' && items === undefined) causes.push(required(`${field}.items`, 'must be specified'));
  if (items !== undefined) causes.push(...invariantCauses(items, 'item', `${field}.items`));
  for (const [name, inner] of Object.entries(properties)) causes.push(...invariantCauses(inner, 'field', `${field}.properties[${name}]`));
  if (schema.additionalProperties !== undefined) {
    if (level === 'root') causes.push(forbiddenValue(`${field}.additionalProperties`, 'must not be used at the root'));
    const inner = additionalOf(schema);
    if (inner !== undefined) causes.push(...invariantCauses(inner, 'field', `${field}.additionalProperties`));
  }
  if (intOrString && preserve)
    causes.push(invalidValue(`${field}.x-kubernetes-preserve-unknown-fields`, true, 'must be false if x-kubernetes-int-or-string is true'));
  if (intOrString && embedded)
    causes.push(invalidValue(`${field}.x-kubernetes-embedded-resource`, true, 'must be false if x-kubernetes-int-or-string is true'));
  const skipAnyOf = deepEqual(schema.anyOf, intOrStringTypes);
  causes.push(...valueCauses(schema, skipAnyOf, deepEqual(schema.allOf?.[0]?.anyOf, intOrStringTypes), field));
  if (embedded && type !== 'object') {
    const text = 'must be object if x-kubernetes-embedded-resource is true';
    causes.push(type === '' ? required(`${field}.type`, text) : invalidValue(`${field}.type`, type, text));
  } else if (type === '' && !intOrString && !preserve) causes.push(required(`${field}.type`, emptyTypeTexts[level]));
  if (embedded && schema.additionalProperties !== undefined)
    causes.push(forbiddenValue(`${field}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && type !== '' && type !== 'object') causes.push(invalidValue(`${field}.type`, type, 'must be object at the root'));
  const isResource = level === 'root' || embedded;
  for (const name of ['kind', 'apiVersion'])
    if (isResource && Object.hasOwn(properties, name) && (properties[name]?.type ?? '') !== 'string')
      causes.push(invalidValue(`${field}.properties[${name}].type`, properties[name]?.type ?? '', 'must be string'));
  const metadata = Object.hasOwn(properties, 'metadata') ? properties['metadata'] : undefined;
  if (metadata !== undefined) causes.push(...metadataCauses(metadata, isResource, level, `${field}.properties[metadata]`));
  if (embedded && !preserve && Object.keys(properties).length === 0) {
    const text = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    causes.push(required(`${field}.properties`, text));
  }
  return causes;
}

function metadataCauses(metadata: JSONSchemaProps, isResource: boolean, level: Level, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  if (isResource && metadata.type !== 'object') causes.push(invalidValue(`${field}.type`, metadata.type ?? '', 'must be object'));
  if (level !== 'root') return causes;
  const { type: _type, default: _default, properties = {}, ...rest } = metadata;
  const names = Object.keys(properties);
  const harmless = names.every((name) => name === 'name' || name === 'generateName');
  if (!harmless || Object.values(rest).some((value) => value !== undefined)) {
    const text = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    causes.push(forbiddenValue(field, text));
  }
  return causes;
}

function valueCauses(schema: JSONSchemaProps, skipAnyOf: boolean, skipFirstAllOf: boolean, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema;
  if (!skipAnyOf) for (const [index, inner] of anyOf.entries()) causes.push(...nestedCauses(inner, false, `${field}.anyOf[${index}]`));
  for (const [index, inner] of allOf.entries())
    causes.push(...nestedCauses(inner, skipFirstAllOf && index === 0, `${field}.allOf[${index}]`));
  for (const [index, inner] of oneOf.entries()) causes.push(...nestedCauses(inner, false, `${field}.oneOf[${index}]`));
  if (not !== undefined) causes.push(...nestedCauses(not, false, `${field}.not`));
  const why = pattern === '' ? undefined : patternError(pattern);
  if (why !== undefined) causes.push(invalidValue(`${field}.pattern`, pattern, `must be a valid regular expression, but isn't: ${why}`));
  return causes;
}

function nestedCauses(schema: JSONSchemaProps, skipAnyOf: boolean, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [...valueCauses(schema, skipAnyOf, false, field)];
  const items = itemsOf(schema);
  if (items !== undefined) causes.push(...nestedCauses(items, false, `${field}.items`));
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    causes.push(...nestedCauses(inner, false, `${field}.properties[${name}]`));
  const forbid = (name: string, found: boolean, be: string): void => {
    if (found) causes.push(forbiddenValue(`${field}.${name}`, `must be ${be} to be structural`));
  };
  forbid('type', (schema.type ?? '') !== '', 'empty');
  forbid('additionalProperties', schema.additionalProperties !== undefined, 'undefined');
  forbid('default', (schema.default ?? undefined) !== undefined, 'undefined');
  forbid('title', (schema.title ?? '') !== '', 'empty');
  forbid('description', (schema.description ?? '') !== '', 'empty');
  forbid('nullable', schema.nullable === true, 'false');
  forbid('externalDocs', schema.externalDocs !== undefined, 'undefined');
  for (const name of ['preserve-unknown-fields', 'embedded-resource', 'int-or-string'] as const)
    forbid(`x-kubernetes-${name}`, schema[`x-kubernetes-${name}`] === true, 'false');
  forbid('x-kubernetes-list-map-keys', (schema['x-kubernetes-list-map-keys'] ?? []).length > 0, 'empty');
  forbid('x-kubernetes-list-type', schema['x-kubernetes-list-type'] !== undefined, 'undefined');
  forbid('x-kubernetes-map-type', schema['x-kubernetes-map-type'] !== undefined, 'undefined');
  forbid('x-kubernetes-validations', (schema['x-kubernetes-validations'] ?? []).length > 0, 'empty');
  if (Object.hasOwn(schema.properties ?? {}, 'metadata'))
    causes.push(forbiddenValue(`${field}.properties[metadata]`, 'must not be specified in a nested context'));
  return causes;
}

/** Whatever value validations speak of must be there outside of them too. */
function completenessCauses(schema: JSONSchemaProps, field: string): readonly StatusCause[] {
  const items = itemsOf(schema);
  const additional = additionalOf(schema);
  return [
    ...valueCompleteness(schema, schema, field, field),
    ...(items === undefined ? [] : completenessCauses(items, `${field}.items`)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => completenessCauses(inner, `${field}.properties[${name}]`)),
    ...(additional === undefined ? [] : completenessCauses(additional, `${field}.additionalProperties`)),
  ];
}

function valueCompleteness(value: JSONSchemaProps, schema: JSONSchemaProps, at: string, from: string): readonly StatusCause[] {
  const { not, allOf = [], anyOf = [], oneOf = [] } = value;
  const each = (list: readonly JSONSchemaProps[], name: string): readonly StatusCause[] =>
    list.flatMap((inner, index) => nestedCompleteness(inner, schema, at, `${from}.${name}[${index}]`));
  return [
    ...(not === undefined ? [] : nestedCompleteness(not, schema, at, `${from}.not`)),
    ...each(allOf, 'allOf'),
    ...each(anyOf, 'anyOf'),
    ...each(oneOf, 'oneOf'),
  ];
}

function nestedCompleteness(value: JSONSchemaProps, schema: JSONSchemaProps, at: string, from: string): readonly StatusCause[] {
  const missing = (place: string, why: string): StatusCause => required(place, `because it is defined in ${why}`);
  const items = itemsOf(value);
  const own = itemsOf(schema);
  return [
    ...valueCompleteness(value, schema, at, from),
    ...(items === undefined
      ? []
      : own === undefined
        ? [missing(`${at}.items`, `${from}.items`)]
        : nestedCompleteness(items, own, `${at}.items`, `${from}.items`)),
    ...Object.entries(value.properties ?? {}).flatMap(([name, inner]) => {
      const below = `.properties[${name}]`;
      const declared = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined;
      if (declared === undefined) return [missing(at + below, from + below)];
      return nestedCompleteness(inner, declared, at + below, from + below);
    }),
  ];
}
