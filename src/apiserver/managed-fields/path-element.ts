// Owns one step of a field path: `f:name`, `k:{"name":"c"}`, `v:"x"`. Which one a list's item has, how steps are ordered, and how they print.
import type { ListShape } from './field-shape.ts';

/** Why an item of a list has no name, in structured merge's words. */
export class UnnamedItem extends Error {}

/** What JSON writes as it is. */
const plainText = /^[\w ./:=+-]*$/;

/** The path element of a list's item: its keys (defaults filled in), or its value. Throws UnnamedItem. */
export function elementOfItem({ keys, items, types }: ListShape, item: unknown): string {
  if (keys.length === 0) return `v:${JSON.stringify(scalarOf(item))}`;
  if (item === null || item === undefined) throw new UnnamedItem('associative list with keys may not have a null element');
  if (typeof item !== 'object' || Array.isArray(item)) throw new UnnamedItem('associative list with keys may not have non-map elements');
  const described = items.is === 'ref' ? types.get(items.ref) : undefined;
  const fields = item as Readonly<Record<string, unknown>>;
  const [only = ''] = keys;
  const name = fields[only];
  // Nearly all lists have one key, whose values are names.
  if (keys.length === 1 && typeof name === 'string' && plainText.test(name) && plainText.test(only)) return `k:{"${only}":"${name}"}`;
  const named: Record<string, unknown> = {};
  let found = false;
  for (const key of keys.length === 1 ? keys : [...keys].sort()) {
    const value = fields[key] === undefined ? described?.fields.get(key)?.default : fields[key];
    if (value === undefined) continue;
    named[key] = value;
    found = true;
  }
  if (found) return `k:${JSON.stringify(named)}`;
  const list = keys.map((key) => JSON.stringify(key)).join(' ');
  throw new UnnamedItem(
    `associative list with keys has an element that omits all key fields [${list}] (and doesn't have default values for any key fields)`,
  );
}

function scalarOf(item: unknown): unknown {
  if (item === null || item === undefined) throw new UnnamedItem("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new UnnamedItem('not supported: associative list with lists as elements');
  if (typeof item === 'object') throw new UnnamedItem("associative list without keys has an element that's a map type");
  return item;
}

/** The element of an item, or undefined where it has none. */
export function elementOrNone(shape: ListShape, item: unknown): string | undefined {
  try {
    return elementOfItem(shape, item);
  } catch (error) {
    if (error instanceof UnnamedItem) return undefined;
    throw error;
  }
}

/** The order of path elements: fields, then keys, then values; numbers before strings and by size. */
export function compareElements(one: string, other: string): number {
  if (one === other) return 0;
  const sort = one[0];
  if (sort !== other[0] || sort === 'f') return one < other ? -1 : 1;
  const [left, right] = [parsedValue(one), parsedValue(other)];
  if (sort !== 'k') return compareValues(left, right);
  const [mine, theirs] = [Object.entries(left as object), Object.entries(right as object)];
  for (let index = 0; index < mine.length && index < theirs.length; index++) {
    const [a, b] = [mine[index], theirs[index]];
    if (a === undefined || b === undefined) break;
    if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
    const order = compareValues(a[1], b[1]);
    if (order !== 0) return order;
  }
  return mine.length - theirs.length;
}

function parsedValue(element: string): unknown {
  return JSON.parse(element.slice(2));
}

const ranks = ['number', 'string', 'boolean'];

function compareValues(one: unknown, other: unknown): number {
  const [left, right] = [ranks.indexOf(typeof one), ranks.indexOf(typeof other)];
  if (left !== right) return left - right;
  if (typeof one === 'object' || one === other) return 0;
  return (one as string) < (other as string) ? -1 : 1;
}

/** A path element as upstream prints it: `.name`, `[name="c"]`, `[="x"]`, `[0]`. */
export function formatElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Readonly<Record<string, unknown>>);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}

/** A path as upstream prints it: `.spec.containers[name="c"].image`. */
export function formatPath(path: readonly string[]): string {
  return path.map(formatElement).join('');
}

/** Whether a string is a path element of a sort that is known; undefined for a sort that a later version may know. Throws SyntaxError. */
export function isPathElement(text: string): boolean {
  if (text.length < 2 || text[1] !== ':') throw new SyntaxError('path element without a colon');
  switch (text[0]) {
    case 'f':
      return true;
    case 'v':
      JSON.parse(text.slice(2));
      return true;
    case 'k': {
      const keys: unknown = JSON.parse(text.slice(2));
      if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) throw new SyntaxError('keys are no object');
      return true;
    }
    case 'i':
      if (!/^-?\d+$/.test(text.slice(2))) throw new SyntaxError('index is no number');
      return true;
    default:
      return false;
  }
}
