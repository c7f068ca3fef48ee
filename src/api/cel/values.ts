// Owns the values that expressions compute with, when two are equal and which comes first. JSON comes in through json-values.

/** Why an evaluation failed, in cel-go's words. */
export class CelError extends Error {
  override readonly name = 'CelError';
}

/** The failure of a call that no overload takes. */
export function noSuchOverload(): CelError {
  return new CelError('no such overload');
}

/** An unsigned 64-bit integer. Signed ones are bigints, doubles numbers. */
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** An instant, in nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A span in nanoseconds. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: `type(1) == int`. */
export class TypeValue {
  readonly type: string;
  constructor(type: string) {
    this.type = type;
  }
}

/** A value that may be missing. */
export class Optional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** The optional without a value. */
export const none = new Optional(undefined);

/** A value of a library: URL, IP, CIDR, quantity, format, version. `text` tells two of a kind apart. */
export class Opaque<T = unknown> {
  readonly type: string;
  readonly text: string;
  readonly content: T;
  constructor(type: string, text: string, content: T) {
    this.type = type;
    this.text = text;
    this.content = content;
  }
}

/** A list. `unordered` lists are equal whatever their order (sets, and maps in list's clothing). */
export abstract class CelList {
  abstract readonly size: number;
  abstract at(index: number): CelValue;
  readonly unordered: boolean = false;

  *[Symbol.iterator](): Generator<CelValue, void, undefined> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }

  /** This list and another one behind it. */
  concat(other: CelList): CelList {
    return new ValueList([...this, ...other]);
  }
}

/** A list whose values are at hand. */
export class ValueList extends CelList {
  readonly #items: readonly CelValue[];
  constructor(items: readonly CelValue[]) {
    super();
    this.#items = items;
  }
  get size(): number {
    return this.#items.length;
  }
  at(index: number): CelValue {
    return this.#items[index] as CelValue;
  }
}

/** A map, or an object whose fields are declared. `isObject` tells which. */
export abstract class CelMap {
  abstract readonly size: number;
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): Iterable<CelValue>;
  readonly isObject: boolean = false;
}

/** A map whose entries are at hand. */
export class ValueMap extends CelMap {
  readonly #entries = new Map<string, readonly [CelValue, CelValue]>();
  constructor(entries: Iterable<readonly [CelValue, CelValue]>) {
    super();
    for (const [key, value] of entries) this.#entries.set(keyText(key), [key, value]);
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }
  *keys(): Generator<CelValue, void, undefined> {
    for (const [key] of this.#entries.values()) yield key;
  }
}

/** What an expression can compute. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | CelList
  | CelMap;

/** A key as text: numbers of any sort are one key. Throws where a value cannot be a key. */
export function keyText(key: CelValue): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`;
  throw new CelError(`unsupported key type: ${typeNameOf(key)}`);
}

/** The name of a value's type, as `type()` gives it and errors print it. */
export function typeNameOf(value: CelValue): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
  }
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof Opaque) return value.type;
  if (value instanceof CelList) return 'list';
  return value instanceof CelMap && value.isObject ? 'object' : 'map';
}

function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

/** Whether two values are the same: numbers by what they count, values of different types never. */
export function celEquals(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined)
    return typeof left === typeof right ? left === right : !(left < right || left > right) && !isNaNValue(left, right);
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.type === b.type;
  if (a instanceof Opaque) return b instanceof Opaque && a.type === b.type && a.text === b.text;
  if (a instanceof Optional)
    return b instanceof Optional && (a.value === undefined || b.value === undefined ? a.value === b.value : celEquals(a.value, b.value));
  if (a instanceof CelList) return b instanceof CelList && sameList(a, b);
  return a instanceof CelMap && b instanceof CelMap && sameMap(a, b);
}

function isNaNValue(a: bigint | number, b: bigint | number): boolean {
  return Number.isNaN(Number(a)) || Number.isNaN(Number(b));
}

function sameList(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false;
  const others = [...b];
  if (!a.unordered && !b.unordered) return [...a].every((item, index) => celEquals(item, others[index] as CelValue));
  return [...a].every((item) => others.some((other) => celEquals(item, other)));
}

function sameMap(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) {
    const [left, right] = [a.get(key), b.get(key)];
    if (left === undefined || right === undefined || !celEquals(left, right)) return false;
  }
  return true;
}

/** Negative where `a` comes first. Throws CelError for what has no order. */
export function celCompare(a: CelValue, b: CelValue): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined) {
    if (Number.isNaN(left) || Number.isNaN(right)) throw new CelError('NaN values cannot be ordered');
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  const same = (a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration);
  if (!same) throw noSuchOverload();
  const difference = (a as Timestamp).nanos - (b as Timestamp).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How large a value is: characters, bytes, items, entries; 1 for all others. */
export function sizeOfValue(value: CelValue): number {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof Uint8Array) return value.length;
  return value instanceof CelList || value instanceof CelMap ? value.size : 1;
}

function codePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0xd800 && code < 0xdc00) {
      count--;
      at++;
    }
  }
  return count;
}

const [leastInt, greatestInt] = [-(2n ** 63n), 2n ** 63n - 1n];
const greatestUint = 2n ** 64n - 1n;

/** A signed integer within its range. Throws CelError. */
export function inInt(value: bigint): bigint {
  if (value < leastInt || value > greatestInt) throw new CelError('integer overflow');
  return value;
}

/** An unsigned integer within its range. Throws CelError. */
export function inUint(value: bigint): Uint {
  if (value < 0n || value > greatestUint) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}
