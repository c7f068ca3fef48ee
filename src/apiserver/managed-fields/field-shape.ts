// Owns what a field looks like to those who track ownership: a scalar, a struct or map with members, or a list. Structured merge's schema.
import type { FieldDescription, FieldType, TypeDescription, TypeTable } from '../../api/kind.ts';

/** A scalar; `untyped` takes any. */
export interface ScalarShape {
  readonly is: 'scalar';
  readonly of: 'string' | 'numeric' | 'boolean' | 'untyped';
}

/** A struct (declared members) or a map (`rest` for all others). An atomic one has one owner. */
export interface MapShape {
  readonly is: 'map';
  readonly atomic: boolean;
  readonly declared: ReadonlyMap<string, FieldDescription>;
  readonly rest: Shape | undefined;
  readonly types: TypeTable;
}

/** A list: atomic, a set of scalars (`keys` empty), or items told apart by the values of `keys`. */
export interface ListShape {
  readonly is: 'list';
  readonly atomic: boolean;
  readonly items: FieldType;
  readonly keys: readonly string[];
  readonly types: TypeTable;
}

/** How ownership goes into a value. `deduced` is what the value makes it; `untyped` is one field, whatever it holds. */
export type Shape = ScalarShape | MapShape | ListShape | { readonly is: 'deduced' } | { readonly is: 'untyped' };

const scalars: Readonly<Record<ScalarShape['of'], ScalarShape>> = {
  string: { is: 'scalar', of: 'string' },
  numeric: { is: 'scalar', of: 'numeric' },
  boolean: { is: 'scalar', of: 'boolean' },
  untyped: { is: 'scalar', of: 'untyped' },
};
const deduced: Shape = { is: 'deduced' };
const untyped: Shape = { is: 'untyped' };
const noTypes: TypeTable = { get: () => undefined };
const noFields: ReadonlyMap<string, FieldDescription> = new Map();
const freeMap: MapShape = { is: 'map', atomic: false, declared: noFields, rest: deduced, types: noTypes };
const freeList: ListShape = { is: 'list', atomic: true, items: { is: 'any' }, keys: [], types: noTypes };

const structs = new WeakMap<TypeDescription, MapShape>();
const fields = new WeakMap<FieldDescription, Shape>();
const values = new WeakMap<FieldType, Shape>();

/** The shape of a type by name; of one that is not known, what its value makes it. */
export function shapeOfType(name: string, types: TypeTable): Shape {
  const type = types.get(name);
  return type === undefined ? deduced : structShape(type, types, type.mapType === 'atomic');
}

function structShape(type: TypeDescription, types: TypeTable, atomic: boolean): Shape {
  // Raw extensions: whatever they hold is one field.
  if (type.fields.size === 0 && type.open !== true) return untyped;
  const known = structs.get(type);
  if (known !== undefined && known.atomic === atomic) return known;
  const rest = type.open === true ? deduced : undefined;
  const shape: MapShape = { is: 'map', atomic, declared: type.fields, rest, types };
  structs.set(type, shape);
  return shape;
}

/** The shape of a field's value. */
export function shapeOfField(field: FieldDescription, types: TypeTable): Shape {
  let shape = fields.get(field);
  if (shape === undefined) {
    shape = madeShape(field, types);
    fields.set(field, shape);
  }
  return shape;
}

function madeShape(field: FieldDescription, types: TypeTable): Shape {
  const { type } = field;
  switch (type.is) {
    case 'ref': {
      const described = types.get(type.ref);
      if (described === undefined) return deduced;
      return structShape(described, types, (field.mapType ?? described.mapType) === 'atomic');
    }
    case 'map':
      return { is: 'map', atomic: field.mapType === 'atomic', declared: noFields, rest: shapeOfValue(type.values, types), types };
    case 'list': {
      const associative = field.listType === 'map' || field.listType === 'set';
      const keys = field.listType === 'map' ? (field.listMapKeys ?? []) : [];
      return { is: 'list', atomic: !associative, items: type.items, keys, types };
    }
    case 'string':
      return scalars[type.format === undefined || type.format === '' || type.format === 'byte' ? 'string' : 'untyped'];
    case 'boolean':
      return scalars.boolean;
    case 'integer':
    case 'number':
      return scalars.numeric;
    case 'any':
    case 'raw':
      return untyped;
    default:
      return scalars.untyped;
  }
}

/** The shape of what lies in a map or list. What no schema speaks of is what its value makes it. */
export function shapeOfValue(type: FieldType, types: TypeTable): Shape {
  if (type.is === 'any') return deduced;
  let shape = values.get(type);
  if (shape === undefined) {
    shape = shapeOfField({ type }, types);
    values.set(type, shape);
  }
  return shape;
}

/** The shape of a member by its name; undefined where the schema has none. */
export function shapeOfMember({ declared, rest, types }: MapShape, name: string): Shape | undefined {
  const field = declared.get(name);
  return field === undefined ? rest : shapeOfField(field, types);
}

/** The shape of a list's items. */
export function shapeOfItem({ items, types }: ListShape): Shape {
  return shapeOfValue(items, types);
}

/** What a deduced shape is for a value; any other shape is itself. Null counts as a map, as upstream has it. */
export function resolved(shape: Shape, value: unknown): ScalarShape | MapShape | ListShape | { readonly is: 'untyped' } {
  if (shape.is !== 'deduced') return shape;
  if (Array.isArray(value)) return freeList;
  return typeof value === 'object' || value === undefined ? freeMap : scalars.untyped;
}
