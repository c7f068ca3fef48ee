// Owns sets of field paths, as managedFields keeps them, and their wire form FieldsV1. It refuses to know schemas.
import { freezeDeeply } from '../stored-object.ts';
import { compareElements, isPathElement } from './path-element.ts';

/** A node of a set: whether the path to it is in the set, and what lies below, by path element (`f:name`, `k:{…}`, `v:…`). */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

/** The set without paths. */
export const emptySet: FieldSet = { member: false, children: noChildren };

/** The set of the path itself. */
export const leafSet: FieldSet = { member: true, children: noChildren };

/** A set of these children. */
export function setOf(children: ReadonlyMap<string, FieldSet>, member = false): FieldSet {
  return children.size === 0 ? (member ? leafSet : emptySet) : { member, children };
}

export function isEmptySet(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

/** Everything that is in one or the other: `other` itself where it has all of `one`, so that what is known of it (its wire form) stays known. */
export function union(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(one) || one === other) return other;
  if (isEmptySet(other)) return one;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, child] of one.children) {
    const also = other.children.get(element);
    const both = also === undefined ? child : union(child, also);
    if (both === also) continue;
    children ??= new Map(other.children);
    children.set(element, both);
  }
  if (children === undefined && (other.member || !one.member)) return other;
  return setOf(children ?? other.children, one.member || other.member);
}

/** What is in `one` and not in `other`, path by path: `one` itself where that is all of it. */
export function difference(one: FieldSet, other: FieldSet): FieldSet {
  if (isEmptySet(other) || isEmptySet(one)) return one;
  let children: Map<string, FieldSet> | undefined;
  for (const [element, minus] of other.children) {
    const child = one.children.get(element);
    if (child === undefined) continue;
    const rest = difference(child, minus);
    if (rest === child) continue;
    children ??= new Map(one.children);
    if (isEmptySet(rest)) children.delete(element);
    else children.set(element, rest);
  }
  if (children === undefined && !(one.member && other.member)) return one;
  return setOf(children ?? one.children, one.member && !other.member);
}

/** What is in `one` and neither in `other` nor below a path of it. */
export function differenceBelow(one: FieldSet, other: FieldSet): FieldSet {
  if (other.member) return emptySet;
  if (isEmptySet(other) || isEmptySet(one)) return one;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of one.children) {
    const minus = other.children.get(element);
    const rest = minus === undefined ? child : differenceBelow(child, minus);
    if (!isEmptySet(rest)) children.set(element, rest);
  }
  return setOf(children, one.member);
}

/** What is in both. */
export function intersection(one: FieldSet, other: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of one.children) {
    const also = other.children.get(element);
    const both = also === undefined ? emptySet : intersection(child, also);
    if (!isEmptySet(both)) children.set(element, both);
  }
  return setOf(children, one.member && other.member);
}

export function equalSets(one: FieldSet, other: FieldSet): boolean {
  if (one === other) return true;
  if (one.member !== other.member || one.children.size !== other.children.size) return false;
  for (const [element, child] of one.children) {
    const also = other.children.get(element);
    if (also === undefined || !equalSets(child, also)) return false;
  }
  return true;
}

/** Whether a path, given as elements, is in the set. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let at: FieldSet | undefined = set;
  for (const element of path) at = at?.children.get(element);
  return at?.member === true;
}

/** The set of one path. */
export function pathSet([first, ...rest]: readonly string[]): FieldSet {
  return first === undefined ? leafSet : setOf(new Map([[first, pathSet(rest)]]));
}

/** Every path in the set, in upstream's order: what is directly in a level first, then what lies below, each by element. */
export function* pathsOf(set: FieldSet, above: readonly string[] = []): Generator<readonly string[], void, undefined> {
  const sorted = [...set.children].sort(([a], [b]) => compareElements(a, b));
  for (const [element, child] of sorted) if (child.member) yield [...above, element];
  for (const [element, child] of sorted) yield* pathsOf(child, [...above, element]);
}

export type FieldsV1 = { readonly [element: string]: FieldsV1 };

// Sets stay the same object while nothing changes them, and most writes change what the write before changed: half of a status patch went into wire forms.
const wireForms = new WeakMap<FieldSet, FieldsV1>();
// And objects that were made alike (the pods of a set) have one wire form, of which the set need not be read again for each.
const setsOfForms = new WeakMap<FieldsV1, FieldSet>();

/** The wire form: `{}` for a path of the set, `.` where there is more below it. Frozen, and the same for the same set. */
export function wireFormOf(set: FieldSet): FieldsV1 {
  const known = wireForms.get(set);
  if (known !== undefined) return known;
  const made = freezeDeeply(formatFieldsV1(set));
  remember(set, made);
  return made;
}

function remember(set: FieldSet, form: FieldsV1): void {
  wireForms.set(set, form);
  setsOfForms.set(form, set);
}

/** The set of a frozen wire form that `wireFormOf` made. Throws SyntaxError. */
export function setOfWireForm(fields: unknown): FieldSet {
  if (typeof fields !== 'object' || fields === null || !Object.isFrozen(fields)) return parseFieldsV1(fields);
  const form = fields as FieldsV1;
  const known = setsOfForms.get(form);
  if (known !== undefined) return known;
  const set = parseFieldsV1(form);
  // The sets of what is empty are everybody's.
  if (set.children.size > 0) remember(set, form);
  return set;
}

function formatFieldsV1(set: FieldSet): FieldsV1 {
  const fields: Record<string, FieldsV1> = {};
  if (set.member && set.children.size > 0) fields['.'] = {};
  for (const [element, child] of [...set.children].sort(([a], [b]) => (a < b ? -1 : 1))) fields[element] = formatFieldsV1(child);
  return fields;
}

/** Reads the wire form. What is not an object counts as `{}`; elements of a sort that nobody knows are left out. Throws SyntaxError. */
function parseFieldsV1(fields: unknown, top = true): FieldSet {
  if (typeof fields !== 'object' || fields === null) return top ? emptySet : leafSet;
  const children = new Map<string, FieldSet>();
  let member = false;
  for (const [element, inner] of Object.entries(fields)) {
    if (element === '.') member = true;
    else if (isPathElement(element)) children.set(element, parseFieldsV1(inner, false));
  }
  return children.size === 0 && !top ? leafSet : setOf(children, member);
}

/** The set of these paths, given as dotted field names. */
export function setOfFields(...paths: readonly string[]): FieldSet {
  return paths.reduce((set, path) => union(set, pathSet(path.split('.').map((name) => `f:${name}`))), emptySet);
}
