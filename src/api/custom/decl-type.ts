// Owns a schema as expressions see it: types, names of fields, and how large values can be. What has no schema is not seen.
import type { Sized } from '../cel/estimate-cost.ts';
import { type CelType, celType, listOf, mapOf, objectOf } from '../cel/types.ts';
import type { Schema } from './schema.ts';

/** The type of a place in a schema. */
export interface DeclType extends Sized {
  readonly type: CelType;
  readonly elem?: DeclType | undefined;
  readonly key?: DeclType | undefined;
  /** Fields by the names that expressions use. */
  readonly fields: ReadonlyMap<string, { readonly declared: DeclType; readonly original: string }>;
  /** The fewest bytes that a value takes in a request. */
  readonly minSize: number;
  field(name: string): DeclType | undefined;
}

const requestBytes = 3 * 1024 * 1024;
const noFields: DeclType['fields'] = new Map();
const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

/** A field's name in expressions; undefined where it cannot be written in one. */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  const escaped = name.replace(
    /__|\.|-|\//g,
    (found) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' })[found] ?? found,
  );
  return /^[A-Za-z_]\w*$/.test(escaped) ? escaped : undefined;
}

function simple(type: CelType, minSize: number, maxElements = 0): DeclType {
  return { type, minSize, maxElements, fields: noFields, field: () => undefined };
}

const text = simple(celType('string'), 2, requestBytes - 2);
const known = new WeakMap<Schema, Map<boolean, DeclType | undefined>>();

/** The type of a schema; undefined where expressions cannot see it. `isResource`: it has a type and metadata whatever it says. */
export function declTypeOf(schema: Schema, isResource = schema.embedded, name = 'selfType'): DeclType | undefined {
  const before = known.get(schema) ?? new Map<boolean, DeclType | undefined>();
  if (before.has(isResource)) return before.get(isResource);
  const made = declare(schema, isResource, name);
  before.set(isResource, made);
  known.set(schema, before);
  return made;
}

function declare(schema: Schema, isResource: boolean, name: string): DeclType | undefined {
  const { bounds } = schema;
  const maxLength = bounds.maxLength === undefined ? undefined : Math.max(0, bounds.maxLength);
  if (schema.intOrString) return simple(celType('dyn'), 1, maxLength === undefined ? requestBytes - 2 : maxLength * 4);
  switch (schema.type) {
    case 'array': {
      const elem = schema.items === undefined ? undefined : declTypeOf(schema.items, schema.items.embedded, `${name}.@idx`);
      if (elem === undefined) return undefined;
      const maxElements =
        bounds.maxItems === undefined ? Math.floor((requestBytes - 2) / (elem.minSize + 1)) : Math.max(0, bounds.maxItems);
      return { ...simple(listOf(elem.type), 2, maxElements), elem };
    }
    case 'object':
      return typeof schema.additional === 'object' ? declareMap(schema, schema.additional, name) : declareObject(schema, isResource, name);
    case 'string':
      return declareText(schema, maxLength);
    case 'boolean':
      return simple(celType('bool'), 4);
    case 'number':
      return simple(celType('double'), 1);
    case 'integer':
      return simple(celType('int'), 1);
    default:
      return undefined;
  }
}

function declareMap({ bounds }: Schema, values: Schema, name: string): DeclType | undefined {
  const elem = declTypeOf(values, values.embedded, `${name}.@elem`);
  if (elem === undefined) return undefined;
  const most = bounds.maxProperties === undefined ? Math.floor((requestBytes - 2) / (elem.minSize + 6)) : Math.max(0, bounds.maxProperties);
  return { ...simple(mapOf(celType('string'), elem.type), 2, most), key: simple(celType('string'), 2), elem };
}

function declareObject(schema: Schema, isResource: boolean, name: string): DeclType {
  const fields = new Map<string, { readonly declared: DeclType; readonly original: string }>();
  let minSize = 2;
  for (const [original, inner] of schema.properties ?? []) {
    const escaped = escapeName(original);
    const declared = declTypeOf(inner, inner.embedded, `${name}.${escaped ?? original}`);
    if (declared === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, { declared, original });
    if (schema.required.includes(original) && inner.default === undefined) minSize += original.length + declared.minSize + 4;
  }
  if (isResource) {
    for (const original of ['apiVersion', 'kind']) fields.set(original, { declared: text, original });
    const named = new Map(['name', 'generateName'].map((original) => [original, { declared: text, original }]));
    fields.set('metadata', { declared: objectDecl(`${name}.metadata`, named, 2), original: 'metadata' });
  }
  return objectDecl(name, fields, minSize);
}

function objectDecl(name: string, fields: DeclType['fields'], minSize: number): DeclType {
  const types = new Map([...fields].map(([field, { declared }]) => [field, declared.type]));
  return { ...simple(objectOf(name, types), minSize), fields, field: (field) => fields.get(field)?.declared };
}

function declareText(schema: Schema, maxLength: number | undefined): DeclType {
  switch (schema.format) {
    case 'byte':
      return simple(celType('bytes'), 2, maxLength ?? requestBytes - 2);
    case 'duration':
      return simple(celType('duration'), 3, 32);
    case 'date':
      return simple(celType('timestamp'), 12, 12);
    case 'date-time':
      return simple(celType('timestamp'), 21, 32);
    default:
  }
  if (maxLength !== undefined) return simple(celType('string'), 2, maxLength * 4);
  const values = schema.enum.filter((value) => typeof value === 'string');
  return values.length === 0 ? text : simple(celType('string'), 2, Math.max(...values.map((value) => Buffer.byteLength(value))));
}

/** How often a place with values of at least `minSize` bytes can come in one request. */
export function mostInRequest(minSize: number): number {
  return Math.floor(requestBytes / (minSize + 1));
}
