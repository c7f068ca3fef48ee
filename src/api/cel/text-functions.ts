// Owns the functions on texts and lists beyond CEL's own: the strings and sets extensions, and Kubernetes' lists and regular expressions.
import { type CelFunction, compiled, formatDouble, listOf, listValue, textOf } from './core-functions.ts';
import { formatText } from './format-text.ts';
import { CelError, CelList, type CelValue, celCompare, celEquals, Duration, inInt, inUint, noSuchOverload, Uint } from './values.ts';

function numberAt(value: CelValue | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === 'bigint') return Number(value);
  throw noSuchOverload();
}

function outOfRange(index: number): CelError {
  return new CelError(`index out of range: ${index}`);
}

function indexOf([target, part, from]: readonly CelValue[]): CelValue {
  if (target instanceof CelList) return BigInt(listOf(target).findIndex((item) => celEquals(item, part ?? null)));
  const text = [...textOf(target)];
  const wanted = textOf(part);
  const offset = numberAt(from, 0);
  if (wanted === '') return BigInt(offset);
  if (offset < 0 || offset >= text.length + 1) throw outOfRange(offset);
  const length = [...wanted].length;
  for (let at = offset; at + length <= text.length; at++) if (text.slice(at, at + length).join('') === wanted) return BigInt(at);
  return -1n;
}

function lastIndexOf([target, part, from]: readonly CelValue[]): CelValue {
  if (target instanceof CelList) return BigInt(listOf(target).findLastIndex((item) => celEquals(item, part ?? null)));
  const text = [...textOf(target)];
  const wanted = textOf(part);
  const offset = numberAt(from, text.length);
  if (wanted === '') return BigInt(offset);
  if (from !== undefined && (offset < 0 || offset >= text.length)) throw outOfRange(offset);
  const length = [...wanted].length;
  for (let at = Math.min(offset, text.length - length); at >= 0; at--)
    if (text.slice(at, at + length).join('') === wanted) return BigInt(at);
  return -1n;
}

function substring([target, from, to]: readonly CelValue[]): CelValue {
  const text = [...textOf(target)];
  const start = numberAt(from, 0);
  const end = numberAt(to, text.length);
  if (start < 0 || start > text.length) throw outOfRange(start);
  if (end < 0 || end > text.length) throw outOfRange(end);
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  return text.slice(start, end).join('');
}

function replace([target, old, fresh, count]: readonly CelValue[]): CelValue {
  const [text, part, by] = [textOf(target), textOf(old), textOf(fresh)];
  const limit = numberAt(count, -1);
  if (limit < 0) return text.replaceAll(part, () => by);
  let done = 0;
  return text.replaceAll(part, (found) => (done++ < limit ? by : found));
}

function split([target, separator, count]: readonly CelValue[]): CelValue {
  const limit = numberAt(count, -1);
  const by = textOf(separator);
  const parts = by === '' ? [...textOf(target)] : textOf(target).split(by);
  if (limit === 0) return listValue([]);
  if (limit < 0 || parts.length <= limit) return listValue(parts);
  return listValue([...parts.slice(0, limit - 1), parts.slice(limit - 1).join(by)]);
}

function sum([target]: readonly CelValue[]): CelValue {
  const items = listOf(target);
  const [first] = items;
  if (first === undefined) return 0n;
  if (items.every((item) => typeof item === 'bigint')) return items.reduce<bigint>((total, item) => inInt(total + (item as bigint)), 0n);
  if (items.every((item) => typeof item === 'number')) return items.reduce<number>((total, item) => total + (item as number), 0);
  if (first instanceof Uint) return inUint(items.reduce<bigint>((total, item) => total + (item as Uint).value, 0n));
  if (first instanceof Duration) return new Duration(items.reduce<bigint>((total, item) => total + (item as Duration).nanos, 0n));
  throw noSuchOverload();
}

function extreme(name: string, better: (order: number) => boolean): CelFunction {
  return ([target]) => {
    const [first, ...rest] = listOf(target);
    if (first === undefined) throw new CelError(`${name} called on empty list`);
    return rest.reduce((best, item) => (better(celCompare(item, best)) ? item : best), first);
  };
}

const quotes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function includesAll(list: readonly CelValue[], wanted: readonly CelValue[]): boolean {
  return wanted.every((item) => list.some((other) => celEquals(item, other)));
}

const ascii =
  (change: (text: string) => string, letters: RegExp): CelFunction =>
  ([target]) =>
    textOf(target).replace(letters, change);

/** By name. */
export const textFunctions: Readonly<Record<string, CelFunction>> = {
  indexOf,
  lastIndexOf,
  substring,
  replace,
  split,
  charAt: ([target, index]) => {
    const text = [...textOf(target)];
    const at = numberAt(index, 0);
    if (at < 0 || at > text.length) throw outOfRange(at);
    return text[at] ?? '';
  },
  lowerAscii: ascii((text) => text.toLowerCase(), /[A-Z]+/g),
  upperAscii: ascii((text) => text.toUpperCase(), /[a-z]+/g),
  trim: ([target]) => textOf(target).replace(/^[\s\u0085]+|[\s\u0085]+$/g, ''),
  join: ([target, separator]) =>
    listOf(target)
      .map(textOf)
      .join(separator === undefined ? '' : textOf(separator)),
  format: ([target, args]) => formatText(textOf(target), listOf(args), formatDouble),
  'jsonpatch.escapeKey': ([key]) => textOf(key).replaceAll('~', '~0').replaceAll('/', '~1'),
  'strings.quote': ([target]) => `"${[...textOf(target)].map((character) => quotes[character] ?? character).join('')}"`,
  isSorted: ([target]) => listOf(target).every((item, index, list) => index === 0 || celCompare(list[index - 1] as CelValue, item) <= 0),
  sum,
  min: extreme('min', (order) => order < 0),
  max: extreme('max', (order) => order > 0),
  find: ([target, pattern]) => {
    const text = textOf(target);
    const found = compiled(textOf(pattern)).find(text);
    return found === undefined ? '' : text.slice(found.start, found.end);
  },
  findAll: ([target, pattern, limit]) => {
    const most = numberAt(limit, -1);
    return listValue(compiled(textOf(pattern)).findAll(textOf(target), most < 0 ? Number.POSITIVE_INFINITY : most));
  },
  'sets.contains': ([a, b]) => includesAll(listOf(a), listOf(b)),
  'sets.equivalent': ([a, b]) => includesAll(listOf(a), listOf(b)) && includesAll(listOf(b), listOf(a)),
  'sets.intersects': ([a, b]) => listOf(a).some((item) => listOf(b).some((other) => celEquals(item, other))),
};
