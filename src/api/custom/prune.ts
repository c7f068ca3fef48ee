// Owns pruning: dropping the fields that a schema does not know, and nulls where none may be. It returns new objects and leaves the old alone.
import { type Fields, fieldOf, isFields, type Schema, schemaOfField, setField } from './schema.ts';

const metaFields = new Set(['apiVersion', 'kind', 'metadata']);
const unknownBound = 100;

/** What is left, and the paths of what went, sorted (at most 100). */
export interface Pruned {
  readonly object: Fields;
  readonly unknown: readonly string[];
}

/** Prunes a whole resource: its type and metadata stay whatever the schema says. */
export function pruneResource(object: Fields, schema: Schema): Pruned {
  const unknown: string[] = [];
  return { object: pruneFields(object, schema, '', unknown, true), unknown: unknown.sort() };
}

/** Prunes any value below a schema, the root of which is no resource unless it is marked as one. */
export function pruneValue(value: unknown, schema: Schema, isResource = schema.embedded): unknown {
  return prune(value, schema, '', [], isResource);
}

function prune(value: unknown, schema: Schema, path: string, unknown: string[], isResource: boolean): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return schema.preserve ? value : value.map((item, index) => pruneBare(item, `${path}[${index}]`, unknown));
    return value.map((item, index) => prune(item, items, `${path}[${index}]`, unknown, items.embedded));
  }
  return isFields(value) ? pruneFields(value, schema, path, unknown, isResource) : value;
}

/** A value that no schema speaks of: its fields go, at whatever depth. */
function pruneBare(value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => pruneBare(item, `${path}[${index}]`, unknown));
  if (!isFields(value)) return value;
  for (const key of Object.keys(value)) note(unknown, path, key);
  return {};
}

function note(unknown: string[], path: string, key: string): void {
  if (unknown.length < unknownBound) unknown.push(path === '' ? key : `${path}.${key}`);
}

function pruneFields(object: Fields, schema: Schema, path: string, unknown: string[], isResource: boolean): Fields {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (isResource && metaFields.has(key)) {
      setField(kept, key, value);
      continue;
    }
    const inner = schemaOfField(schema, key);
    const below = path === '' ? key : `${path}.${key}`;
    if (inner !== undefined) setField(kept, key, prune(value, inner, below, unknown, inner.embedded));
    else if (schema.preserve) setField(kept, key, value);
    else if (schema.additional === true) setField(kept, key, pruneBare(value, below, unknown));
    else note(unknown, path, key);
  }
  return kept;
}

/** Drops null where a field may not be null and has no default that could take its place. List items stay for validation to refuse. */
export function dropNulls(value: unknown, schema: Schema): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => dropNulls(item, items));
  }
  if (!isFields(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = fieldOf(value, key);
    const inner = schemaOfField(schema, key);
    if (field === null && inner !== undefined && !inner.nullable && inner.default === undefined) continue;
    setField(kept, key, inner === undefined ? field : dropNulls(field, inner));
  }
  return kept;
}
