// Owns a schema as a table of types, which is what ownership of fields and applies are decided by.
import type { FieldDescription, FieldType, TypeDescription, TypeTable } from '../kind.ts';
import { builtInTypes } from '../kinds/types.ts';
import type { Schema } from './schema.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const text: FieldDescription = { type: { is: 'string' } };
const meta: FieldDescription = { type: { is: 'ref', ref: objectMeta } };

/** The table of a schema's structs; the root has the given name. Built-in types can be asked for as well. */
export function customTypes(root: string, schema: Schema): TypeTable {
  const types = new Map<string, TypeDescription>();
  describe(root, schema, true, types);
  return { get: (name) => types.get(name) ?? builtInTypes.get(name) };
}

function describe(name: string, schema: Schema, isResource: boolean, types: Map<string, TypeDescription>): void {
  const fields = new Map<string, FieldDescription>();
  for (const [field, inner] of schema.properties ?? [])
    fields.set(field, fieldOfSchema(`${name}.${field}`, inner, schema.required.includes(field), types));
  if (isResource)
    for (const [field, description] of [
      ['apiVersion', text],
      ['kind', text],
      ['metadata', meta],
    ] as const)
      fields.set(field, description);
  types.set(name, {
    name,
    fields,
    ...(schema.mapType === 'atomic' ? { mapType: 'atomic' as const } : {}),
    ...(schema.preserve ? { open: true } : {}),
  });
}

function fieldOfSchema(name: string, schema: Schema, required: boolean, types: Map<string, TypeDescription>): FieldDescription {
  const { listType, mapType, mapKeys } = schema;
  return {
    type: typeOf(name, schema, types),
    ...(required ? { required } : {}),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(listType === 'set' || listType === 'map' || listType === 'atomic' ? { listType } : {}),
    ...(mapKeys.length > 0 ? { listMapKeys: mapKeys } : {}),
    ...(mapType === 'atomic' ? { mapType } : {}),
  };
}

function typeOf(name: string, schema: Schema, types: Map<string, TypeDescription>): FieldType {
  if (schema.intOrString) return { is: 'intOrString' };
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'integer':
    case 'number':
      return { is: schema.type };
    case 'array':
      return { is: 'list', items: schema.items === undefined ? { is: 'any' } : typeOf(`${name}[]`, schema.items, types) };
    case 'object': {
      if (typeof schema.additional === 'object') return { is: 'map', values: typeOf(`${name}{}`, schema.additional, types) };
      if (schema.properties === undefined && !schema.embedded) return { is: 'map', values: { is: 'any' } };
      describe(name, schema, schema.embedded, types);
      return { is: 'ref', ref: name };
    }
    default:
      return { is: 'any' };
  }
}
