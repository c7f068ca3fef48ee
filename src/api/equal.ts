// Owns when two values of the wire form mean the same: structure only, an absent list and an empty one alike.

type Fields = Readonly<Record<string, unknown>>;

/** Deep equality of JSON values. Absent, null and empty lists are the same; order of fields does not matter, order of items does. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    const left = Array.isArray(a) ? a : a === undefined || a === null ? [] : undefined;
    const right = Array.isArray(b) ? b : b === undefined || b === null ? [] : undefined;
    return (
      left !== undefined &&
      right !== undefined &&
      left.length === right.length &&
      left.every((item, index) => sameValue(item, right[index]))
    );
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? undefined) === (b ?? undefined);
  for (const key in a) if (!sameValue((a as Fields)[key], (b as Fields)[key])) return false;
  for (const key in b) if (!(key in a) && !sameValue(undefined, (b as Fields)[key])) return false;
  return true;
}
