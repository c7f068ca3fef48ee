// Owns how Go prints parsed JSON: plainly (%v), as a literal (%#v), and its type (%T).

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object':
      return value === null ? '<nil>' : 'map[string]interface {}';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    case 'boolean':
      return 'bool';
    default:
      return typeof value;
  }
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(plain).join(' ')}]`;
  if (typeof value !== 'object') return `${value}`;
  return `map[${sorted(value)
    .map(([name, field]) => `${name}:${plain(field)}`)
    .join(' ')}]`;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(literal).join(', ')}}`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `map[string]interface {}{${sorted(value)
    .map(([name, field]) => `${JSON.stringify(name)}:${literal(field)}`)
    .join(', ')}}`;
}

function sorted(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Go's spellings of a JSON value. */
export const goSyntax = { type: typeOf, plain, literal } as const;
