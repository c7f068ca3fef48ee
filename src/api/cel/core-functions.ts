// Owns CEL's own operators and functions on values: arithmetic, comparison, membership, conversions, text, time.
import { regexOf } from '../regex/regex.ts';
import { RegexSyntaxError } from '../regex/syntax.ts';
import { formatDuration, formatTimestamp, inRange, inSpan, parseDuration, parseTimestamp, partsOf } from './time-text.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  celCompare,
  celEquals,
  Duration,
  inInt,
  inUint,
  noSuchOverload,
  Opaque,
  sizeOfValue,
  Timestamp,
  TypeValue,
  typeNameOf,
  Uint,
  ValueList,
} from './values.ts';

/** A function on values. Throws CelError. */
export type CelFunction = (args: readonly CelValue[]) => CelValue;

const billion = 1_000_000_000n;

function arithmetic(
  ints: (a: bigint, b: bigint) => bigint,
  doubles: ((a: number, b: number) => number) | undefined,
  other?: (a: CelValue, b: CelValue) => CelValue | undefined,
): CelFunction {
  return ([a = null, b = null]) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return inInt(ints(a, b));
    if (typeof a === 'number' && typeof b === 'number' && doubles !== undefined) return doubles(a, b);
    if (a instanceof Uint && b instanceof Uint) return inUint(ints(a.value, b.value));
    const result = other?.(a, b);
    if (result === undefined) throw noSuchOverload();
    return result;
  };
}

function added(a: CelValue, b: CelValue): CelValue | undefined {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (a instanceof CelList && b instanceof CelList) return a.concat(b);
  if (a instanceof Timestamp && b instanceof Duration) return inRange(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Timestamp) return inRange(a.nanos + b.nanos);
  return a instanceof Duration && b instanceof Duration ? inSpan(a.nanos + b.nanos) : undefined;
}

function subtracted(a: CelValue, b: CelValue): CelValue | undefined {
  if (a instanceof Timestamp && b instanceof Timestamp) return inSpan(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return inRange(a.nanos - b.nanos);
  return a instanceof Duration && b instanceof Duration ? inSpan(a.nanos - b.nanos) : undefined;
}

function divisor(value: bigint, why: string): bigint {
  if (value === 0n) throw new CelError(why);
  return value;
}

const compared =
  (test: (order: number) => boolean): CelFunction =>
  ([a = null, b = null]) =>
    test(celCompare(a, b));

/** A double as Go's shortest form spells it. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 21)
    return Number.isInteger(value)
      ? BigInt(value).toString()
      : `${value}`.includes('e')
        ? value.toFixed(20).replace(/0+$/, '')
        : `${value}`;
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

function truncated(value: number, low: number, high: number): bigint {
  if (Number.isNaN(value) || value <= low || value >= high) throw new CelError('integer overflow');
  return BigInt(Math.trunc(value));
}

function unconvertible(type: string): CelError {
  return new CelError(`type conversion error from 'string' to '${type}'`);
}

/** A text read as something else; texts that cannot be are refused in one way, whatever is wrong with them. */
function readAs<T>(type: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof CelError) || error.message === 'timestamp overflow') throw error;
    throw unconvertible(type);
  }
}

function parsedInteger(text: string, unsigned: boolean): bigint {
  const refused = unconvertible(unsigned ? 'uint' : 'int');
  if (!(unsigned ? /^\d+$/ : /^[-+]?\d+$/).test(text)) throw refused;
  const value = BigInt(text.replace(/^\+/, ''));
  const inBounds = unsigned ? value < 2n ** 64n : value >= -(2n ** 63n) && value < 2n ** 63n;
  if (!inBounds) throw refused;
  return value;
}

function toInt([value = null]: readonly CelValue[]): CelValue {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return inInt(value.value);
  if (typeof value === 'number') return truncated(value, -(2 ** 63), 2 ** 63);
  if (typeof value === 'string') return parsedInteger(value, false);
  if (value instanceof Timestamp) return (value.nanos - (((value.nanos % billion) + billion) % billion)) / billion;
  if (value instanceof Duration) return value.nanos;
  throw noSuchOverload();
}

function toUint([value = null]: readonly CelValue[]): CelValue {
  if (value instanceof Uint) return value;
  if (typeof value === 'bigint') return inUint(value);
  if (typeof value === 'number') return inUint(truncated(value, -1, 2 ** 64));
  if (typeof value === 'string') return new Uint(parsedInteger(value, true));
  throw noSuchOverload();
}

function toDouble([value = null]: readonly CelValue[]): CelValue {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') throw noSuchOverload();
  const number = Number(value);
  if (value.trim() !== value || value === '' || (Number.isNaN(number) && value !== 'NaN')) throw unconvertible('double');
  return number;
}

function toText([value = null]: readonly CelValue[]): CelValue {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  if (typeof value === 'number') return formatDouble(value);
  if (value instanceof Uint) return `${value.value}`;
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Opaque) return value.text;
  if (!(value instanceof Uint8Array)) throw noSuchOverload();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function toBool([value = null]: readonly CelValue[]): CelValue {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw noSuchOverload();
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw unconvertible('bool');
}

/** A text argument. Throws CelError. */
export function textOf(value: CelValue | undefined): string {
  if (typeof value === 'string') return value;
  throw noSuchOverload();
}

/** A regular expression, compiled. Throws CelError in Go's words. */
export function compiled(source: string): ReturnType<typeof regexOf> {
  try {
    return regexOf(source);
  } catch (error) {
    if (error instanceof RegexSyntaxError) throw new CelError(error.message);
    throw error;
  }
}

const onTexts =
  (test: (text: string, other: string) => boolean): CelFunction =>
  ([a, b]) =>
    test(textOf(a), textOf(b));

function contains([key = null, container = null]: readonly CelValue[]): CelValue {
  if (container instanceof CelList) return [...container].some((item) => celEquals(item, key));
  if (container instanceof CelMap) return container.get(key) !== undefined;
  throw noSuchOverload();
}

function at([container = null, key = null]: readonly CelValue[]): CelValue {
  if (container instanceof CelList) {
    const index =
      typeof key === 'bigint' ? Number(key) : key instanceof Uint ? Number(key.value) : typeof key === 'number' ? key : Number.NaN;
    if (Number.isNaN(index)) throw new CelError(`unsupported index type '${typeNameOf(key)}' in list`);
    if (!Number.isInteger(index) || index < 0 || index >= container.size) throw new CelError(`index out of bounds: ${toText([key])}`);
    return container.at(index);
  }
  if (!(container instanceof CelMap)) throw noSuchOverload();
  const value = container.get(key);
  if (value === undefined) throw new CelError(`no such key: ${keyShown(key)}`);
  return value;
}

/** A key as errors show it. */
export function keyShown(key: CelValue): string {
  return typeof key === 'object' && key !== null && !(key instanceof Uint) ? typeNameOf(key) : String(toText([key]));
}

const timeParts = [
  'getFullYear',
  'getMonth',
  'getDayOfYear',
  'getDayOfMonth',
  'getDate',
  'getDayOfWeek',
  'getHours',
  'getMinutes',
  'getSeconds',
  'getMilliseconds',
];
const spanUnits: Readonly<Record<string, bigint>> = {
  getHours: 3600n * billion,
  getMinutes: 60n * billion,
  getSeconds: billion,
  getMilliseconds: 1_000_000n,
};

function timePart(name: string): CelFunction {
  return ([value, zone]) => {
    if (value instanceof Duration && spanUnits[name] !== undefined)
      return name === 'getMilliseconds' ? (value.nanos / 1_000_000n) % 1000n : value.nanos / (spanUnits[name] ?? 1n);
    if (!(value instanceof Timestamp)) throw noSuchOverload();
    return BigInt(partsOf(value, zone === undefined ? 'UTC' : textOf(zone))[name] ?? 0);
  };
}

/** By name. Logic, conditionals and macros are not here: they decide what is computed at all. */
export const coreFunctions: Readonly<Record<string, CelFunction>> = {
  '!_': ([value]) => {
    if (typeof value !== 'boolean') throw noSuchOverload();
    return !value;
  },
  '-_': ([value]) => {
    if (typeof value === 'bigint') return inInt(-value);
    if (typeof value === 'number') return -value;
    throw noSuchOverload();
  },
  '_+_': arithmetic(
    (a, b) => a + b,
    (a, b) => a + b,
    added,
  ),
  '_-_': arithmetic(
    (a, b) => a - b,
    (a, b) => a - b,
    subtracted,
  ),
  '_*_': arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  '_/_': arithmetic(
    (a, b) => a / divisor(b, 'division by zero'),
    (a, b) => a / b,
  ),
  '_%_': arithmetic((a, b) => a % divisor(b, 'modulus by zero'), undefined),
  '_==_': ([a = null, b = null]) => celEquals(a, b),
  '_!=_': ([a = null, b = null]) => !celEquals(a, b),
  '_<_': compared((order) => order < 0),
  '_<=_': compared((order) => order <= 0),
  '_>_': compared((order) => order > 0),
  '_>=_': compared((order) => order >= 0),
  '@in': contains,
  '_[_]': at,
  size: ([value = null]) => {
    if (typeof value === 'string' || value instanceof Uint8Array || value instanceof CelList || value instanceof CelMap)
      return BigInt(sizeOfValue(value));
    throw noSuchOverload();
  },
  type: ([value = null]) => new TypeValue(typeNameOf(value)),
  dyn: ([value = null]) => value,
  int: toInt,
  uint: toUint,
  double: toDouble,
  string: toText,
  bool: toBool,
  bytes: ([value]) => (value instanceof Uint8Array ? value : Buffer.from(textOf(value))),
  timestamp: ([value]) =>
    value instanceof Timestamp
      ? value
      : typeof value === 'bigint'
        ? inRange(value * billion)
        : readAs('google.protobuf.Timestamp', textOf(value), parseTimestamp),
  duration: ([value]) =>
    value instanceof Duration
      ? value
      : typeof value === 'bigint'
        ? inSpan(value)
        : readAs('google.protobuf.Duration', textOf(value), parseDuration),
  contains: onTexts((text, other) => text.includes(other)),
  startsWith: onTexts((text, other) => text.startsWith(other)),
  endsWith: onTexts((text, other) => text.endsWith(other)),
  matches: onTexts((text, pattern) => compiled(pattern).test(text)),
  ...Object.fromEntries(timeParts.map((name) => [name, timePart(name)])),
};

/** A list of values. */
export function listValue(items: readonly CelValue[]): ValueList {
  return new ValueList(items);
}

/** The items of a list. Throws where it is none. */
export function listOf(value: CelValue | undefined): readonly CelValue[] {
  if (value instanceof CelList) return [...value];
  throw noSuchOverload();
}
