// Owns merging lists strategically: items by their merge key, scalars as sets, and the order of what comes out.

import { goPrint, goTypeOf } from '../../api/go-values.ts';
import { badRequest } from '../../api/status-error.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Merging of two objects of a type, handed in so that lists and objects need not know each other. */
export interface ObjectMerge {
  objects(original: Fields, patch: Fields, type: string | undefined): Fields;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of a patch as it is stored: what carries a directive is left out, undefined where nothing is left. */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value))
    return value.flatMap((item) => {
      const kept = withoutDirectives(item);
      return kept === undefined ? [] : [kept];
    });
  if (!isFields(value)) return value;
  if ('$patch' in value) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = withoutDirectives(item);
    if (inner !== undefined) kept[key] = inner;
  }
  return kept;
}

/** A list without the given scalars. */
export function removeScalars(list: readonly unknown[], removed: readonly unknown[]): readonly unknown[] {
  const gone = new Set(removed);
  return list.filter((item) => !gone.has(item));
}

function keyOf(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  if (!isFields(item)) throw badRequest(`expected a map[string]interface {}, but received a ${goTypeOf(item)}`);
  const key = item[mergeKey];
  if (key === undefined) throw badRequest(`map: ${goPrint(item)} does not contain declared merge key: ${mergeKey}`);
  return key;
}

/** Merges a patch's list into the original: changed and new items first, in the patch's order, then those only the original has. */
export function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
  type: string | undefined,
  merge: ObjectMerge,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const types = new Set([...original, ...patch].map(goTypeOf));
  if (Array.isArray(original[0] ?? patch[0])) throw badRequest('lists of lists are not supported');
  if (types.size > 1) throw badRequest(`list element types are not identical: [${goPrint(original)} ${goPrint(patch)}]`);
  if (!types.has('map[string]interface {}')) return arrange([...new Set([...original, ...patch])], patch, original, '');
  if (mergeKey === '') throw badRequest(`cannot merge lists without merge key for ${type === undefined ? 'string' : 'struct'}`);
  const { kept, items } = settleDirectives(original as readonly Fields[], patch as readonly Fields[], mergeKey);
  const merged: Fields[] = [];
  const places = new Map<unknown, number>();
  const put = (item: Fields, key: unknown): void => {
    if (!places.has(key)) places.set(key, merged.length);
    merged.push(item);
  };
  for (const item of kept) put(item, item[mergeKey]);
  for (const item of items) {
    const key = keyOf(item, mergeKey);
    const at = places.get(key);
    const before = at === undefined ? undefined : merged[at];
    if (at === undefined || before === undefined) put(item, key);
    else merged[at] = merge.objects(before, item, type);
  }
  return arrange(merged, items, kept, mergeKey);
}

function settleDirectives(
  original: readonly Fields[],
  patch: readonly Fields[],
  mergeKey: string,
): { readonly kept: readonly Fields[]; readonly items: readonly Fields[] } {
  const gone = new Set<unknown>();
  let replace = false;
  const items: Fields[] = [];
  for (const item of patch) {
    const directive = item['$patch'];
    if (directive === undefined) items.push(item);
    else if (directive === 'delete') gone.add(keyOf(item, mergeKey));
    else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badRequest(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(item)}`);
  }
  if (replace) return { kept: items, items: [] };
  return { kept: gone.size === 0 ? original : original.filter((one) => !gone.has(one[mergeKey])), items };
}

/** Puts the items that `order` names into its order, and the others between them where the original order asks for it. */
function arrange(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string,
): readonly unknown[] {
  const places = (list: readonly unknown[]): ReadonlyMap<unknown, number> => {
    const found = new Map<unknown, number>();
    list.forEach((item, index) => {
      const key = keyOf(item, mergeKey);
      if (!found.has(key)) found.set(key, index);
    });
    return found;
  };
  const ordered = places(order);
  const before = places(original);
  const place = (map: ReadonlyMap<unknown, number>, item: unknown): number => map.get(keyOf(item, mergeKey)) ?? -1;
  const sortedBy = (map: ReadonlyMap<unknown, number>, items: readonly unknown[]): readonly unknown[] =>
    [...items].sort((a, b) => {
      const left = place(map, a);
      const right = place(map, b);
      return left < 0 || right < 0 ? 0 : left - right;
    });
  const left = sortedBy(
    before,
    merged.filter((item) => place(ordered, item) < 0),
  );
  const right = sortedBy(
    ordered,
    merged.filter((item) => place(ordered, item) >= 0),
  );
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const li = place(before, left[i]);
    const ri = place(before, right[j]);
    if (li >= 0 && ri >= 0 && li < ri) out.push(left[i++]);
    else out.push(right[j++]);
  }
  return [...out, ...left.slice(i), ...right.slice(j)];
}

/** A list under `$setElementOrder`. `merged` makes the merged list where both sides have one. Undefined where there is none at all. */
export function orderList(
  original: readonly unknown[] | undefined,
  patch: readonly unknown[] | undefined,
  order: readonly unknown[],
  mergeKey: string,
  merged: () => readonly unknown[],
): readonly unknown[] | undefined {
  checkOrder(patch ?? [], order, mergeKey);
  if (original === undefined && patch === undefined) return undefined;
  const list = original === undefined ? (withoutDirectives(patch) as readonly unknown[]) : patch === undefined ? original : merged();
  return arrange(list, order, original ?? [], mergeKey);
}

/** What the patch sets must come in the order that it gives. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  const items = patch.filter((item) => !isFields(item) || !('$patch' in item));
  if (order.length === 0 || patch.length === 0) return;
  let at = 0;
  for (const place of order) {
    const item = items[at];
    if (item !== undefined && keyOf(item, mergeKey) === keyOf(place, mergeKey)) at++;
  }
  if (at < items.length)
    throw badRequest(`The order in patch list:\n${goPrint(patch)}\n doesn't match $setElementOrder list:\n${goPrint(order)}\n`);
}
