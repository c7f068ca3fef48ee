// Owns lists of indexes as Jobs write them: `1,3-5,7`.

/** A list that was read: how many indexes it names, or why it is none. */
export type IndexRanges = { readonly total: number } | { readonly error: string };

function integer(text: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Reads a list of indexes below `completions`, which must rise. */
export function indexRanges(text: string, completions: number): IndexRanges {
  if (text === '') return { total: 0 };
  let last = -1;
  let total = 0;
  for (const part of text.split(',')) {
    const limits = part.split('-');
    if (limits.length > 2) {
      const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
      return { error: `the fragment ${JSON.stringify(part)} ${rule}` };
    }
    const numbers: number[] = [];
    for (const limit of limits) {
      const number = integer(limit);
      if (number === undefined) return { error: `cannot convert string to integer for index: ${JSON.stringify(limit)}` };
      if (number >= completions) return { error: `too large index: ${JSON.stringify(limit)}` };
      numbers.push(number);
    }
    const first = numbers[0] ?? 0;
    const end = numbers[1] ?? first;
    if (numbers.length === 2 && first >= end) return { error: `non-increasing order, previous: ${first}, current: ${end}` };
    if (total > 0 && last >= first) return { error: `non-increasing order, previous: ${last}, current: ${first}` };
    total += end - first + 1;
    last = end;
  }
  return { total };
}

/** The ranges of a list, without those that cannot be read. */
function readable(text: string, completions: number): readonly (readonly [number, number])[] {
  return text.split(',').flatMap((part) => {
    if ('error' in indexRanges(part, completions) || part === '') return [];
    const [first = 0, last = first] = part.split('-').map(Number);
    return [[first, last] as const];
  });
}

/** The first index that is in both lists; undefined where none is. */
export function firstInBoth(one: string, other: string, completions: number): number | undefined {
  const others = readable(other, completions);
  const shared = readable(one, completions).flatMap(([first, last]) =>
    others.filter(([from, to]) => first <= to && from <= last).map(([from]) => Math.max(first, from)),
  );
  return shared.length === 0 ? undefined : Math.min(...shared);
}
