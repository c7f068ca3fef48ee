// Owns defaulting by a schema: filling in what is absent, and what is null where null may not be.
import { type Fields, fieldOf, isFields, type Schema, schemaOfField, setField } from './schema.ts';

const deciders = new WeakMap<Schema, boolean>();

/** Whether a schema has a default anywhere: objects of those without need no look. */
export function hasDefaults(schema: Schema): boolean {
  const known = deciders.get(schema);
  if (known !== undefined) return known;
  const found =
    schema.default !== undefined ||
    [...(schema.properties?.values() ?? [])].some(hasDefaults) ||
    (typeof schema.additional === 'object' && hasDefaults(schema.additional)) ||
    (schema.items !== undefined && hasDefaults(schema.items));
  deciders.set(schema, found);
  return found;
}

/** The value with defaults filled in, as deep as the value goes: a default that is filled in is looked into as well. */
export function withDefaults(value: unknown, schema: Schema): unknown {
  if (!hasDefaults(schema)) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((item) => withDefaults(item === null && !items.nullable && items.default !== undefined ? items.default : item, items));
  }
  return isFields(value) ? fieldsWithDefaults(value, schema) : value;
}

function fieldsWithDefaults(object: Fields, schema: Schema): Fields {
  const filled: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = object[key];
    const inner = schemaOfField(schema, key);
    if (inner === undefined) setField(filled, key, value);
    else
      setField(filled, key, withDefaults(value === null && !inner.nullable && inner.default !== undefined ? inner.default : value, inner));
  }
  for (const [name, inner] of schema.properties ?? [])
    if (inner.default !== undefined && fieldOf(object, name) === undefined) setField(filled, name, withDefaults(inner.default, inner));
  return filled;
}
