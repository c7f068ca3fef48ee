// Owns the comparison of two objects field by field: which paths were added, changed, removed. Structured merge's rules; pure.
import { emptySet, type FieldSet, isEmptySet, leafSet, setOf } from './field-set.ts';
import { type ListShape, type MapShape, resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';
import { elementOrNone } from './path-element.ts';

/** Added and changed paths together, since owners are found alike, and removed ones. A path may be in both: one item of several with a name. */
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
  const old = resolved(shape, before);
  const next = resolved(shape, after);
  if (old.is !== next.is && before !== undefined && after !== undefined) {
    // What was one sort of value is another: the field itself changed, and a map's members came or went.
    const map = old.is === 'map' ? old : next.is === 'map' ? next : undefined;
    const members = map === undefined ? same : compareMembers(map, fieldsOf(before), fieldsOf(after));
    return { touched: { ...members.touched, member: true }, removed: members.removed };
  }
  const actual = after === undefined ? old : next;
  if (actual.is === 'scalar' || actual.is === 'untyped' || actual.atomic || (isHollow(before) && isHollow(after)))
    return compareLeaf(before, after);
  const children =
    actual.is === 'list'
      ? compareItems(actual, Array.isArray(before) ? before : [], Array.isArray(after) ? after : [])
      : compareMembers(actual, fieldsOf(before), fieldsOf(after));
  if (before === undefined) return { touched: { ...children.touched, member: true }, removed: children.removed };
  if (after === undefined) return { touched: children.touched, removed: { ...children.removed, member: true } };
  return children;
}

/** Whether there is nothing in it. */
export function isHollow(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function compareLeaf(before: unknown, after: unknown): Comparison {
  if (before === undefined) return touchedLeaf;
  if (after === undefined) return removedLeaf;
  return equalValues(before, after) ? same : touchedLeaf;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function compareMembers(shape: MapShape, old: Fields, next: Fields): Comparison {
  const gathered = new Gathered();
  const compareOne = (name: string): void => {
    const inner = shapeOfMember(shape, name);
    if (inner !== undefined) gathered.add(`f:${name}`, compareFields(inner, old[name], next[name]));
  };
  for (const name in next) if (next[name] !== undefined) compareOne(name);
  for (const name in old) if (old[name] !== undefined && next[name] === undefined) compareOne(name);
  return gathered.comparison();
}

function compareItems(shape: ListShape, before: readonly unknown[], after: readonly unknown[]): Comparison {
  const old = itemsOf(shape, before);
  const next = itemsOf(shape, after);
  const gathered = new Gathered();
  for (const element of new Set([...old.keys(), ...next.keys()]))
    gathered.add(element, compareNamed(shapeOfItem(shape), old.get(element) ?? [], next.get(element) ?? []));
  return gathered.comparison();
}

/** Items of one name. Several of them are one field, and nobody owns what is in them. */
function compareNamed(shape: Shape, old: readonly unknown[], next: readonly unknown[]): Comparison {
  if (old.length <= 1 && next.length <= 1) return compareFields(shape, old[0], next[0]);
  if (old.length > 1 && next.length > 1) return equalValues(old, next) ? same : touchedLeaf;
  const single = old.length > 1 ? compareFields(shape, undefined, next[0]) : compareFields(shape, old[0], undefined);
  if (old.length > 1) return { touched: single.touched, removed: { ...single.removed, member: true } };
  return { touched: { ...single.touched, member: true }, removed: single.removed };
}

/** A list's items by their path elements, in order of appearance. Items without a name are left out. */
export function itemsOf(shape: ListShape, list: readonly unknown[]): ReadonlyMap<string, readonly unknown[]> {
  const items = new Map<string, unknown[]>();
  for (const item of list) {
    const element = elementOrNone(shape, item);
    if (element === undefined) continue;
    const known = items.get(element);
    if (known === undefined) items.set(element, [item]);
    else known.push(item);
  }
  return items;
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
  for (const name in fields) if (!equalValues(fields[name], others[name])) return false;
  for (const name in others) if (others[name] !== undefined && !Object.hasOwn(fields, name)) return false;
  return true;
}
