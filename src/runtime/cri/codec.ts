// Owns protobuf's wire format for the messages of messages.ts. It knows no services; proto3 defaults are filled in, so 0 and READY are never undefined.
import { enums, messages } from './messages.ts';

type Messages = typeof messages;
type Enums = typeof enums;

/** The name of a message in messages.ts. */
export type MessageName = keyof Messages;

type Scalar<T> = T extends 'string'
  ? string
  : T extends 'bytes'
    ? Uint8Array
    : T extends 'bool'
      ? boolean
      : T extends keyof Enums
        ? Enums[T][number]
        : number;

type FieldOf<F> = F extends readonly [number, infer T, 'map']
  ? Readonly<Record<string, Scalar<T>>>
  : F extends readonly [number, infer T, 'repeated']
    ? readonly (T extends MessageName ? Decoded<T> : Scalar<T>)[]
    : F extends readonly [number, infer T]
      ? T extends MessageName
        ? Decoded<T> | undefined
        : Scalar<T>
      : never;

/** A message that was received: every field is there; a message field that was absent is undefined. */
export type Decoded<N extends MessageName> = { readonly [F in keyof Messages[N]]: FieldOf<Messages[N][F]> };

type DraftField<F> = F extends readonly [number, infer T, 'map']
  ? Readonly<Record<string, Scalar<T>>>
  : F extends readonly [number, infer T, 'repeated']
    ? readonly (T extends MessageName ? Encodable<T> : Scalar<T>)[]
    : F extends readonly [number, infer T]
      ? T extends MessageName
        ? Encodable<T>
        : Scalar<T>
      : never;

/** A message to be sent: fields left out have their default. A message field given as `{}` is present. */
export type Encodable<N extends MessageName> = { readonly [F in keyof Messages[N]]?: DraftField<Messages[N][F]> | undefined };

interface Field {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label: 'repeated' | 'map' | undefined;
  readonly wire: number;
  readonly message: Shape | undefined;
  readonly names: readonly string[] | undefined;
}

interface Shape {
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
}

type Loose = Readonly<Record<string, unknown>>;
type RawField = readonly [number, string, ('repeated' | 'map')?];

const table: Readonly<Record<string, Readonly<Record<string, RawField>>>> = messages;
const enumTable: Readonly<Record<string, readonly string[]>> = enums;
const shapes = new Map<string, Shape>();

function shapeOf(name: string): Shape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const fields: Field[] = [];
  const byNumber = new Map<number, Field>();
  const shape: Shape = { fields, byNumber };
  shapes.set(name, shape);
  for (const [field, [number, type, label]] of Object.entries(table[name] ?? {})) {
    const message = type in table ? shapeOf(type) : undefined;
    const lengthDelimited = message !== undefined || type === 'string' || type === 'bytes';
    const entry: Field = {
      name: field,
      number,
      type,
      label,
      wire: lengthDelimited ? 2 : type === 'double' ? 1 : 0,
      message,
      names: enumTable[type],
    };
    fields.push(entry);
    byNumber.set(number, entry);
  }
  return shape;
}

const mapShape: Shape = (() => {
  const key: Field = { name: 'key', number: 1, type: 'string', label: undefined, wire: 2, message: undefined, names: undefined };
  const value: Field = { ...key, name: 'value', number: 2 };
  return {
    fields: [key, value],
    byNumber: new Map([
      [1, key],
      [2, value],
    ]),
  };
})();

class Writer {
  #bytes = Buffer.allocUnsafe(512);
  #length = 0;

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(bigger, 0, 0, this.#length);
    this.#bytes = bigger;
  }

  varint(value: number): void {
    this.#room(10);
    if (value < 0 || !Number.isSafeInteger(value)) {
      let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
      for (; rest > 127n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 127n) | 128;
      this.#bytes[this.#length++] = Number(rest);
      return;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 128;
    this.#bytes[this.#length++] = rest;
  }

  double(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

function writeValue(writer: Writer, field: Field, value: unknown): void {
  writer.varint(field.number * 8 + field.wire);
  if (field.message !== undefined) writer.bytes(encodeShape(field.message, value as Loose));
  else if (field.type === 'string') writer.bytes(Buffer.from(value as string));
  else if (field.type === 'bytes') writer.bytes(value as Uint8Array);
  else if (field.type === 'double') writer.double(value as number);
  else if (field.names !== undefined) {
    const number = field.names.indexOf(value as string);
    if (number < 0) throw new TypeError(`${String(value)} is no ${field.type}`);
    writer.varint(number);
  } else writer.varint(Number(value));
}

const isDefault = (field: Field, value: unknown): boolean =>
  field.message === undefined &&
  (value === '' || value === 0 || value === false || value === field.names?.[0] || (value instanceof Uint8Array && value.length === 0));

function encodeShape(shape: Shape, value: Loose): Buffer {
  const writer = new Writer();
  for (const field of shape.fields) {
    const content = value[field.name];
    if (content === undefined) continue;
    if (field.label === 'map') {
      for (const [key, item] of Object.entries(content as Loose)) {
        writer.varint(field.number * 8 + 2);
        writer.bytes(encodeShape(mapShape, { key, value: item }));
      }
    } else if (field.label === undefined) {
      if (!isDefault(field, content)) writeValue(writer, field, content);
    } else if (field.wire === 2) for (const item of content as readonly unknown[]) writeValue(writer, field, item);
    else if ((content as readonly unknown[]).length > 0) {
      const packed = new Writer();
      for (const item of content as readonly unknown[]) packed.varint(Number(item));
      writer.varint(field.number * 8 + 2);
      writer.bytes(packed.done());
    }
  }
  return writer.done();
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;
  readonly end: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError('the message is cut short');
    return byte;
  }

  /** Unsigned; above 2^53 the nearest double. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError('a number is too long');
  }

  /** Two's complement of 64 bits; exact below 2^53. */
  signed(): number {
    const start = this.at;
    const value = this.varint();
    if (value < 2 ** 63) return value;
    this.at = start;
    let exact = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      exact |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, exact));
    }
  }

  double(): number {
    const value = this.#bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  bytes(): Buffer {
    const length = this.varint();
    if (this.at + length > this.end) throw new RangeError('the message is cut short');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.at += 4;
    else throw new RangeError(`unknown wire type ${wire}`);
  }
}

function readValue(reader: Reader, field: Field): unknown {
  if (field.message !== undefined) return decodeShape(field.message, reader.bytes());
  if (field.type === 'string') return reader.bytes().toString();
  if (field.type === 'bytes') return new Uint8Array(reader.bytes());
  if (field.type === 'double') return reader.double();
  if (field.type === 'bool') return reader.varint() !== 0;
  if (field.names !== undefined) return field.names[reader.varint()] ?? field.names[0];
  return field.type.startsWith('u') ? reader.varint() : reader.signed();
}

function defaultOf(field: Field): unknown {
  if (field.label === 'repeated') return [];
  if (field.label === 'map') return {};
  if (field.message !== undefined) return undefined;
  if (field.type === 'string') return '';
  if (field.type === 'bytes') return new Uint8Array();
  if (field.type === 'bool') return false;
  return field.names?.[0] ?? 0;
}

function decodeShape(shape: Shape, bytes: Buffer): Loose {
  const result: Record<string, unknown> = {};
  for (const field of shape.fields) result[field.name] = defaultOf(field);
  const reader = new Reader(bytes);
  while (reader.at < reader.end) {
    const tag = reader.varint();
    const field = shape.byNumber.get(Math.floor(tag / 8));
    const wire = tag % 8;
    if (field === undefined) reader.skip(wire);
    else if (field.label === 'map') {
      const entry = decodeShape(mapShape, reader.bytes());
      Object.defineProperty(result[field.name], String(entry['key']), {
        value: entry['value'],
        enumerable: true,
        writable: true,
        configurable: true,
      });
    } else if (field.label === undefined) result[field.name] = readValue(reader, field);
    else if (wire === 2 && field.wire === 0) {
      const packed = new Reader(reader.bytes());
      while (packed.at < packed.end) (result[field.name] as unknown[]).push(readValue(packed, field));
    } else (result[field.name] as unknown[]).push(readValue(reader, field));
  }
  return result;
}

/** The message as bytes. Throws TypeError for an enum name that does not exist. */
export function encodeMessage<N extends MessageName>(name: N, value: Encodable<N>): Buffer {
  return encodeShape(shapeOf(name), value as Loose);
}

/** The message in `bytes`; fields that messages.ts does not know are skipped. Throws RangeError where the bytes are no message. */
export function decodeMessage<N extends MessageName>(name: N, bytes: Uint8Array): Decoded<N> {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decodeShape(shapeOf(name), buffer) as unknown as Decoded<N>;
}
