// Owns the form in which an object's members are written: in the order of the Go structs upstream marshals, maps by key, empty lists as protobuf has
// them. Nothing else about them changes.

import { goFieldsOf } from './decode-fields.ts';
import type { FieldType, KindDescription, TypeTable } from './kind.ts';
import type { AnyObject } from './object.ts';

type Arrange = (value: unknown) => unknown;
type Members = Record<string, unknown>;
interface Place {
  readonly rank: number;
  readonly arrange: Arrange | undefined;
}

const orders = new WeakMap<TypeTable, Map<string, Arrange>>();
const atTheEnd = Number.MAX_SAFE_INTEGER;

/**
 * The object with its members in wire order: the same one where they are already. What is frozen is taken to be in order, since it comes from
 * what was stored. Types without a Go struct (custom resources) stay as they are.
 */
export function inFieldOrder<T extends AnyObject>({ type, types, custom }: KindDescription, object: T): T {
  if (custom !== undefined) return object;
  let known = orders.get(types);
  if (known === undefined) {
    known = new Map();
    orders.set(types, known);
  }
  return structOrder(type, types, known)(object) as T;
}

function structOrder(name: string, types: TypeTable, known: Map<string, Arrange>): Arrange {
  const made = known.get(name);
  if (made !== undefined) return made;
  const places = new Map<string, Place>();
  // Known before its fields are: types refer to themselves.
  const arrange: Arrange = (value) => arrangeStruct(value, places);
  known.set(name, arrange);
  const fields = types.get(name)?.fields;
  goFieldsOf(name)?.forEach((go, rank) => {
    const field = fields?.get(go.name);
    const arrange = field === undefined ? undefined : orderOf(field.type, types, known);
    // Upstream stores protobuf, where an empty list is none.
    const nullable = field?.type.is === 'list' && !go.pointer && !go.omitEmpty && !go.omitZero;
    places.set(go.name, { rank, arrange: nullable ? (value) => (isEmptyList(value) ? null : (arrange?.(value) ?? value)) : arrange });
  });
  if (places.size === 0)
    for (const [field, { type }] of fields ?? []) places.set(field, { rank: atTheEnd, arrange: orderOf(type, types, known) });
  return arrange;
}

function orderOf(type: FieldType, types: TypeTable, known: Map<string, Arrange>): Arrange | undefined {
  if (type.is === 'ref') return structOrder(type.ref, types, known);
  if (type.is === 'map') {
    const inner = orderOf(type.values, types, known);
    return (value) => arrangeMap(value, inner);
  }
  if (type.is !== 'list') return undefined;
  const inner = orderOf(type.items, types, known);
  return inner === undefined ? undefined : (value) => arrangeList(value, inner);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isOpen(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value);
}

function arrangeStruct(value: unknown, places: ReadonlyMap<string, Place>): unknown {
  if (!isOpen(value)) return value;
  let last = -1;
  let ordered = true;
  let changed: Members | undefined;
  for (const key in value) {
    const place = places.get(key);
    const rank = place?.rank ?? atTheEnd;
    if (rank < last) ordered = false;
    last = rank;
    if (place?.arrange === undefined) continue;
    const inner = place.arrange(value[key]);
    if (inner === value[key]) continue;
    changed ??= {};
    changed[key] = inner;
  }
  if (ordered) return changed === undefined ? value : { ...value, ...changed };
  const keys = Object.keys(value).sort((a, b) => (places.get(a)?.rank ?? atTheEnd) - (places.get(b)?.rank ?? atTheEnd));
  return rebuilt(keys, value, changed);
}

function arrangeMap(value: unknown, inner: Arrange | undefined): unknown {
  if (!isOpen(value)) return value;
  let last = '';
  let ordered = true;
  let changed: Members | undefined;
  for (const key in value) {
    if (key < last) ordered = false;
    last = key;
    const arranged = inner === undefined ? value[key] : inner(value[key]);
    if (arranged === value[key]) continue;
    changed ??= {};
    changed[key] = arranged;
  }
  if (ordered) return changed === undefined ? value : { ...value, ...changed };
  return rebuilt(Object.keys(value).sort(), value, changed);
}

function rebuilt(keys: readonly string[], value: Members, changed: Members | undefined): Members {
  const ordered: Members = {};
  for (const key of keys) {
    const arranged = changed !== undefined && Object.hasOwn(changed, key) ? changed[key] : value[key];
    // A plain assignment to this name would set what the object inherits from.
    if (key === '__proto__') Object.defineProperty(ordered, key, { value: arranged, enumerable: true, writable: true, configurable: true });
    else ordered[key] = arranged;
  }
  return ordered;
}

function arrangeList(value: unknown, inner: Arrange): unknown {
  if (!Array.isArray(value) || Object.isFrozen(value)) return value;
  let changed: unknown[] | undefined;
  for (let index = 0; index < value.length; index++) {
    const arranged = inner(value[index]);
    if (arranged === value[index]) continue;
    changed ??= value.slice();
    changed[index] = arranged;
  }
  return changed ?? value;
}
