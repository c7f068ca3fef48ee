// Owns printing parsed JSON as Go's %v does: `map[a:1 b:[x y]]`, keys sorted.

/** A value as Go prints it inside messages about patches. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`;
  if (typeof value !== 'object') return `${value}`;
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(fields).sort();
  return `map[${keys.map((key) => `${key}:${goPrint(fields[key])}`).join(' ')}]`;
}
