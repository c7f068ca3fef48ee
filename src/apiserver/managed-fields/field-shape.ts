// Owns what a field looks like to those who track ownership: a leaf, a struct or map with children, or a list whose items have names.
import type { FieldDescription, FieldType, TypeDescription, TypeTable } from '../../api/kind.ts';

/** How ownership goes into a value. `known` tells structs (whose fields are declared) from maps. */
export type Shape =
  | { readonly is: 'leaf' }
  | { readonly is: 'struct'; readonly type: TypeDescription; readonly types: TypeTable }
  | { readonly is: 'map'; readonly values: FieldType; readonly types: TypeTable }
  | { readonly is: 'list'; readonly items: FieldType; readonly types: TypeTable; readonly keys: readonly string[] | undefined };

const leaf: Shape = { is: 'leaf' };
const anyField: FieldType = { is: 'any' };

/** The shape of a type by name. */
export function shapeOfType(name: string, types: TypeTable): Shape {
  const type = types.get(name);
  return type === undefined ? leaf : { is: 'struct', type, types };
}

/** The shape of a field's value. */
export function shapeOfField(field: FieldDescription, types: TypeTable): Shape {
  const { type } = field;
  if (type.is === 'ref') {
    const described = types.get(type.ref);
    const atomic = field.mapType === 'atomic' || (field.mapType === undefined && described?.mapType === 'atomic');
    return described === undefined || atomic || described.fields.size === 0 ? leaf : { is: 'struct', type: described, types };
  }
  if (type.is === 'map') return field.mapType === 'atomic' ? leaf : { is: 'map', values: type.values, types };
  if (type.is !== 'list' || (field.listType !== 'map' && field.listType !== 'set')) return leaf;
  return { is: 'list', items: type.items, types, keys: field.listType === 'map' ? (field.listMapKeys ?? []) : undefined };
}

/** The shape of what lies in a map or list. What no schema speaks of is what its value makes it. */
export function shapeOfValue(type: FieldType, types: TypeTable, value?: unknown): Shape {
  if (type.is === 'any') return undeclared(value, types);
  return shapeOfField({ type }, types);
}

/** The shape of a field of a struct. A field that is not declared is what its value makes it. */
export function shapeOfMember({ type, types }: Extract<Shape, { is: 'struct' }>, name: string, value: unknown): Shape {
  const field = type.fields.get(name);
  return field === undefined ? undeclared(value, types) : shapeOfField(field, types);
}

function undeclared(value: unknown, types: TypeTable): Shape {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { is: 'map', values: anyField, types } : leaf;
}

/** The path element of a list's item: its keys (defaults filled in), or its value. */
export function elementOfItem({ keys, items, types }: Extract<Shape, { is: 'list' }>, item: unknown): string {
  if (keys === undefined) return `v:${JSON.stringify(item)}`;
  const described = items.is === 'ref' ? types.get(items.ref) : undefined;
  const fields = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
  const named: Record<string, unknown> = {};
  for (const key of [...keys].sort()) {
    const value = fields[key] ?? described?.fields.get(key)?.default;
    if (value !== undefined) named[key] = value;
  }
  return `k:${JSON.stringify(named)}`;
}
