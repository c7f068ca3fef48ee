// Owns merging an applied configuration into what is there. Structured merge's rules; pure.
import { isHollow, itemsOf } from './compare-fields.ts';
import { type ListShape, resolved, type Shape, shapeOfItem, shapeOfMember } from './field-shape.ts';
import { elementOrNone } from './path-element.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value with the applied one in it. Nothing is taken away. Lists keep the order of the applied items where they say any. */
export function mergeApplied(shape: Shape, live: unknown, applied: unknown): unknown {
  if (applied === undefined || live === undefined) return applied === undefined ? live : applied;
  const old = resolved(shape, live);
  const next = resolved(shape, applied);
  if (old.is !== next.is) return applied;
  if (next.is === 'scalar' || next.is === 'untyped' || next.atomic || (isHollow(live) && isHollow(applied))) return applied;
  // Nothing where a struct, map or list may be says nothing about what is in it.
  if (isHollow(applied)) return live;
  if (next.is === 'list') return Array.isArray(live) && Array.isArray(applied) ? mergeLists(next, live, applied) : applied;
  if (!isFields(live) || !isFields(applied)) return applied;
  const merged: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const inner = shapeOfMember(next, name);
    const after = inner === undefined ? value : mergeApplied(inner, Object.hasOwn(live, name) ? live[name] : undefined, value);
    Object.defineProperty(merged, name, { value: after, enumerable: true, writable: true, configurable: true });
  }
  return merged;
}

/** Both lists as one: shared items meet in the applied order, and what only one side has stays where it was between them. */
function mergeLists(shape: ListShape, live: readonly unknown[], applied: readonly unknown[]): readonly unknown[] {
  const inner = shapeOfItem(shape);
  const before = itemsOf(shape, live);
  const wanted = itemsOf(shape, applied);
  const mine = live.flatMap((item) => {
    const element = elementOrNone(shape, item);
    return element === undefined ? [] : [{ element, item }];
  });
  const right = applied.flatMap((item) => elementOrNone(shape, item) ?? []);
  const shared = right.filter((element) => before.has(element));
  const merged: unknown[] = [];
  const done = new Set<string>();
  // Of live items with one name none is merged into the applied one.
  const liveOf = (element: string): unknown => (before.get(element)?.length === 1 ? before.get(element)?.[0] : undefined);
  const take = (element: string): void => {
    done.add(element);
    merged.push(mergeApplied(inner, liveOf(element), wanted.get(element)?.[0]));
  };
  let next = 0;
  let upcoming = shared[next++];
  let l = 0;
  let r = 0;
  while (l < mine.length || r < right.length) {
    const own = mine[l];
    const theirs = right[r];
    if (own !== undefined && theirs !== undefined) {
      if (own.element === theirs) {
        take(theirs);
        l++;
        r++;
        upcoming = shared[next++];
        continue;
      }
      if (wanted.has(own.element) && upcoming !== undefined && upcoming !== own.element) {
        l++;
        continue;
      }
    }
    if (own !== undefined) {
      if (!wanted.has(own.element)) {
        merged.push(own.item);
        l++;
        continue;
      }
      if (done.has(own.element)) l++;
    }
    if (theirs !== undefined) {
      take(theirs);
      r++;
      if (upcoming === theirs) upcoming = shared[next++];
    }
  }
  return merged;
}
