// Owns the comparison of two objects field by field: which paths were added, changed, removed. Structured merge's rules; pure.
import { emptySet, type FieldSet, isEmptySet, leafSet, setOf } from './field-set.ts';
import { elementOfItem, type Shape, shapeOfMember, shapeOfValue } from './field-shape.ts';

/** Added and changed paths together, since owners are found alike, and removed ones. */
export interface Comparison {
  readonly touched: FieldSet;
  readonly removed: FieldSet;
}

const same: Comparison = { touched: emptySet, removed: emptySet };
const touchedLeaf: Comparison = { touched: leafSet, removed: emptySet };
const removedLeaf: Comparison = { touched: emptySet, removed: leafSet };

type Fields = Readonly<Record<string, unknown>>;

/** Compares two values of one shape; undefined stands for an absent one. */
export function compareFields(shape: Shape, before: unknown, after: unknown): Comparison {
  if (before === after) return same;
  if (shape.is === 'leaf' || (isHollow(before) && isHollow(after)) || (shape.is === 'map' && (isNoMap(before) || isNoMap(after))))
    return compareLeaf(before, after);
  const children = shape.is === 'list' ? compareItems(shape, before, after) : compareMembers(shape, before, after);
  if (before === undefined) return { touched: { ...children.touched, member: true }, removed: children.removed };
  if (after === undefined) return { touched: children.touched, removed: { ...children.removed, member: true } };
  return children;
}

function isHollow(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** Where no schema says what may be, a map may become something else. */
function isNoMap(value: unknown): boolean {
  return value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value));
}

function compareLeaf(before: unknown, after: unknown): Comparison {
  if (before === undefined) return touchedLeaf;
  if (after === undefined) return removedLeaf;
  return equalValues(before, after) ? same : touchedLeaf;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function compareMembers(shape: Extract<Shape, { is: 'struct' | 'map' }>, before: unknown, after: unknown): Comparison {
  const old = fieldsOf(before);
  const next = fieldsOf(after);
  const gathered = new Gathered();
  const compareOne = (name: string): void => {
    const inner =
      shape.is === 'struct'
        ? shapeOfMember(shape, name, next[name] ?? old[name])
        : shapeOfValue(shape.values, shape.types, next[name] ?? old[name]);
    gathered.add(`f:${name}`, compareFields(inner, old[name], next[name]));
  };
  for (const name of Object.keys(next)) if (next[name] !== undefined) compareOne(name);
  for (const name of Object.keys(old)) if (old[name] !== undefined && next[name] === undefined) compareOne(name);
  return gathered.comparison();
}

function compareItems(shape: Extract<Shape, { is: 'list' }>, before: unknown, after: unknown): Comparison {
  const old = itemsOf(shape, before);
  const next = itemsOf(shape, after);
  const inner = shapeOfValue(shape.items, shape.types);
  const gathered = new Gathered();
  for (const [element, item] of next) gathered.add(element, compareFields(inner, old.get(element), item));
  for (const [element, item] of old) if (!next.has(element)) gathered.add(element, compareFields(inner, item, undefined));
  return gathered.comparison();
}

/** A list's items by their path elements; of several with the same the first counts. */
export function itemsOf(shape: Extract<Shape, { is: 'list' }>, value: unknown): ReadonlyMap<string, unknown> {
  const items = new Map<string, unknown>();
  if (!Array.isArray(value)) return items;
  for (const item of value) {
    const element = elementOfItem(shape, item);
    if (!items.has(element)) items.set(element, item);
  }
  return items;
}

/** The first place where a list has an item twice, as upstream prints it; undefined where all lists are in order. */
export function repeatedItem(
  shape: Shape,
  value: unknown,
  path: readonly string[] = [],
): { readonly path: readonly string[]; readonly element: string } | undefined {
  if (shape.is === 'leaf' || typeof value !== 'object' || value === null) return undefined;
  if (shape.is !== 'list') {
    for (const [name, field] of Object.entries(value)) {
      const inner = shape.is === 'struct' ? shapeOfMember(shape, name, field) : shapeOfValue(shape.values, shape.types, field);
      const found = repeatedItem(inner, field, [...path, `f:${name}`]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const seen = new Set<string>();
  for (const item of value) {
    const element = elementOfItem(shape, item);
    if (seen.has(element)) return { path, element };
    seen.add(element);
    const found = repeatedItem(shapeOfValue(shape.items, shape.types), item, [...path, element]);
    if (found !== undefined) return found;
  }
  return undefined;
}

class Gathered {
  readonly #touched = new Map<string, FieldSet>();
  readonly #removed = new Map<string, FieldSet>();

  add(element: string, { touched, removed }: Comparison): void {
    if (!isEmptySet(touched)) this.#touched.set(element, touched);
    if (!isEmptySet(removed)) this.#removed.set(element, removed);
  }

  comparison(): Comparison {
    return { touched: setOf(this.#touched), removed: setOf(this.#removed) };
  }
}

/** Equality of JSON values; the order of fields does not matter. */
export function equalValues(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => equalValues(item, other[index]));
  const [fields, others] = [one as Fields, other as Fields];
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
  if (names.length !== Object.keys(others).filter((name) => others[name] !== undefined).length) return false;
  return names.every((name) => equalValues(fields[name], others[name]));
}
