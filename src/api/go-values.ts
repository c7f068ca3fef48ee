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

/** The type that Go's JSON reader gives a value, as %s prints it. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return 'map[string]interface {}';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    default:
      return typeof value;
  }
}
