// Owns cel-go's library of lists: slices, flattening, sorting, what is distinct, ranges; and what optional values do with lists.
import { type CelFunction, listOf } from './core-functions.ts';
import { CelError, CelList, type CelValue, celCompare, celEquals, none, noSuchOverload, Optional, ValueList } from './values.ts';

/** What one call may cost; what would take longer is not begun. */
const mostWork = 1_000_000;

function affordable(work: number): void {
  if (work > mostWork) throw new CelError('operation cancelled: actual cost limit exceeded');
}

function whole(value: CelValue | undefined): number {
  if (typeof value !== 'bigint') throw noSuchOverload();
  return Number(value);
}

function flattened(list: readonly CelValue[], depth: number): readonly CelValue[] {
  return list.flatMap((item) => (item instanceof CelList && depth > 0 ? flattened([...item], depth - 1) : [item]));
}

function sortedBy(list: readonly CelValue[], keys: readonly CelValue[]): ValueList {
  affordable(2 * list.length ** 2);
  if (list.length !== keys.length)
    throw new CelError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${list.length} and ${keys.length} elements respectively`,
    );
  const order = list.map((_, index) => index).toSorted((a, b) => celCompare(keys[a] ?? null, keys[b] ?? null));
  return new ValueList(order.map((index) => list[index] ?? null));
}

function itemAt(list: readonly CelValue[], index: number): Optional {
  const item = list.at(index);
  return item === undefined ? none : new Optional(item);
}

/** Those that are there. */
const unwrapped: CelFunction = ([target]) =>
  new ValueList(
    listOf(target).flatMap((item) => {
      if (!(item instanceof Optional)) throw noSuchOverload();
      return item.value === undefined ? [] : [item.value];
    }),
  );

/** By name. */
export const listFunctions: Readonly<Record<string, CelFunction>> = {
  slice: ([target, from, to]) => {
    const list = listOf(target);
    const [start, end] = [whole(from), whole(to)];
    const text = `cannot slice(${start}, ${end})`;
    if (start < 0 || end < 0) throw new CelError(`${text}, negative indexes not supported`);
    if (start > end) throw new CelError(`${text}, start index must be less than or equal to end index`);
    if (list.length < end) throw new CelError(`${text}, list is length ${list.length}`);
    return new ValueList(list.slice(start, end));
  },
  flatten: ([target, depth]) => {
    const levels = depth === undefined ? 1 : whole(depth);
    if (levels < 0) throw new CelError('level must be non-negative');
    return new ValueList(flattened(listOf(target), levels));
  },
  sort: ([target]) => sortedBy(listOf(target), listOf(target)),
  '@sortByAssociatedKeys': ([target, keys]) => sortedBy(listOf(target), listOf(keys)),
  reverse: ([target]) => new ValueList(listOf(target).toReversed()),
  distinct: ([target]) => {
    const list = listOf(target);
    affordable(2 * list.length ** 2);
    return new ValueList(list.filter((item, index) => list.findIndex((other) => celEquals(item, other)) === index));
  },
  'lists.range': ([count]) => {
    const size = whole(count);
    affordable(size);
    return new ValueList(Array.from({ length: Math.max(0, size) }, (_, index) => BigInt(index)));
  },
  first: ([target]) => itemAt(listOf(target), 0),
  last: ([target]) => itemAt(listOf(target), -1),
  'optional.unwrap': unwrapped,
  unwrapOpt: unwrapped,
};
