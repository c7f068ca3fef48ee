// Owns merging an applied configuration into what is there, and taking out what nobody owns any more. Structured merge's rules; pure.
import { itemsOf } from './compare-fields.ts';
import type { FieldSet } from './field-set.ts';
import { elementOfItem, type Shape, shapeOfMember, shapeOfValue } from './field-shape.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value with the applied one in it. Lists keep the order of the applied items, and the others where they were among them. */
export function mergeApplied(shape: Shape, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  if (shape.is === 'leaf' || live === undefined || live === null) return applied;
  // Nothing where a struct, map or list may be says nothing about what is in it.
  if (applied === null) return live;
  if (shape.is === 'list') return Array.isArray(live) && Array.isArray(applied) ? mergeLists(shape, live, applied) : applied;
  if (!isFields(live) || !isFields(applied)) return applied;
  const merged: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(applied)) merged[name] = mergeApplied(innerOf(shape, name, value), live[name], value);
  return merged;
}

function innerOf(shape: Extract<Shape, { is: 'struct' | 'map' }>, name: string, value: unknown): Shape {
  return shape.is === 'struct' ? shapeOfMember(shape, name, value) : shapeOfValue(shape.values, shape.types, value);
}

function mergeLists(shape: Extract<Shape, { is: 'list' }>, live: readonly unknown[], applied: readonly unknown[]): readonly unknown[] {
  const inner = shapeOfValue(shape.items, shape.types);
  const before = itemsOf(shape, live);
  const wanted = itemsOf(shape, applied);
  const left = [...before.keys()];
  const right = [...wanted.keys()];
  const merged: unknown[] = [];
  const done = new Set<string>();
  const take = (element: string): void => {
    done.add(element);
    merged.push(mergeApplied(inner, before.get(element), wanted.get(element)));
  };
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const mine = left[l];
    const theirs = right[r];
    if (mine !== undefined && done.has(mine)) l++;
    else if (mine !== undefined && mine === theirs) {
      take(mine);
      l++;
      r++;
    } else if (mine !== undefined && !wanted.has(mine)) {
      merged.push(before.get(mine));
      l++;
    } else if (theirs !== undefined) {
      if (!done.has(theirs)) take(theirs);
      r++;
    } else l++;
  }
  return merged;
}

/**
 * The value without the paths of `gone`, except where somebody else (`kept`) owns them or something below them. A list item or a map key
 * goes whole.
 */
export function pruned(shape: Shape, value: unknown, gone: FieldSet, kept: FieldSet | undefined): unknown {
  if (value === undefined || gone.children.size === 0 || shape.is === 'leaf') return value;
  if (shape.is === 'list') return Array.isArray(value) ? prunedList(shape, value, gone, kept) : value;
  if (!isFields(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const element = `f:${name}`;
    const inner = innerOf(shape, name, field);
    const rest = remainder(inner, field, gone.children.get(element), kept?.children.get(element));
    if (rest !== undefined) result[name] = rest;
  }
  return result;
}

function prunedList(
  shape: Extract<Shape, { is: 'list' }>,
  value: readonly unknown[],
  gone: FieldSet,
  kept: FieldSet | undefined,
): readonly unknown[] {
  const inner = shapeOfValue(shape.items, shape.types);
  return value.flatMap((item) => {
    const element = elementOfItem(shape, item);
    const rest = remainder(inner, item, gone.children.get(element), kept?.children.get(element));
    return rest === undefined ? [] : [rest];
  });
}

function remainder(shape: Shape, value: unknown, gone: FieldSet | undefined, kept: FieldSet | undefined): unknown {
  if (gone === undefined) return value;
  if (gone.member && kept === undefined) return undefined;
  const rest = pruned(shape, value, gone, kept);
  // A struct, map or list that only held what went is not left behind as a shell.
  const hollow = Array.isArray(rest) ? rest.length === 0 : isFields(rest) && Object.keys(rest).length === 0;
  return hollow && kept === undefined && rest !== value ? undefined : rest;
}
