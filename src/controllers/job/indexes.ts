// Owns sets of completion indexes as a Job's status spells them: `0,2,4-7`. Pure.

/** The indexes from `first` to `last`, both included. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Intervals in order that neither touch nor overlap. */
export type Indexes = readonly Interval[];

function joined(intervals: readonly Interval[]): Indexes {
  const result: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.first - b.first)) {
    const last = result.at(-1);
    if (last === undefined || next.first > last.last + 1) result.push(next);
    else if (next.last > last.last) result[result.length - 1] = { first: last.first, last: next.last };
  }
  return result;
}

/** The indexes below `completions` that a text names; what is no number is passed over. */
export function parseIndexes(text: string | undefined, completions: number): Indexes {
  if (text === undefined || text === '') return [];
  const intervals = text.split(',').flatMap((part): readonly Interval[] => {
    const [from = '', to = from] = part.split('-');
    if (!/^\d+$/.test(from) || !/^\d+$/.test(to) || Number(from) >= completions) return [];
    return [{ first: Number(from), last: Math.min(Number(to), completions - 1) }];
  });
  return joined(intervals);
}

/** Two neighbours are spelled with a comma, more with a hyphen. */
export function formatIndexes(indexes: Indexes): string {
  return indexes
    .map(({ first, last }) => (first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`))
    .join(',');
}

/** How many they are. */
export function countIndexes(indexes: Indexes): number {
  return indexes.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

export function hasIndex(indexes: Indexes, index: number): boolean {
  return indexes.some(({ first, last }) => first <= index && index <= last);
}

/** All that are in any of the sets. */
export function unionOf(...sets: readonly Indexes[]): Indexes {
  return joined(sets.flat());
}

/** A set of single indexes. */
export function indexesOf(numbers: Iterable<number>): Indexes {
  return joined(Array.from(numbers, (index) => ({ first: index, last: index })));
}

/** How many of `wanted` are in `present`. */
export function countCommon(wanted: Indexes, present: Indexes): number {
  let count = 0;
  for (const a of wanted) for (const b of present) count += Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1);
  return count;
}

/** The first `count` indexes below `completions` that are not taken. */
export function firstFree(taken: Indexes, count: number, completions: number): readonly number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of taken) {
    while (candidate < Math.min(first, completions) && free.length < count) free.push(candidate++);
    candidate = Math.max(candidate, last + 1);
  }
  while (candidate < completions && free.length < count) free.push(candidate++);
  return free;
}
