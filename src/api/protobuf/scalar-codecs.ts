// Owns the values that JSON and protobuf spell differently: numbers of 64 bits, bytes, instants, quantities, int-or-string and raw JSON.
import type { Reader, Writer } from 'protobufjs/minimal.js';
import { formatTime } from '../../base/time.ts';
import { badRequest } from '../status-error.ts';

/** Reads and writes one value behind its tag. `zero` is Go's zero value in JSON; undefined for a struct, whose zero is `{}`. */
export interface Codec {
  readonly wireType: 0 | 1 | 2;
  readonly zero: unknown;
  /** True where an absent value is not written even though Go has no pointer there (bytes). */
  readonly nilable?: boolean;
  read(reader: Reader, depth: number): unknown;
  write(writer: Writer, value: unknown): void;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value));
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number(value ?? 0));
/** 64-bit integers come as objects of two halves; JSON knows numbers only. */
const jsonNumber = (long: unknown): number => Number(String(long));

const string: Codec = {
  wireType: 2,
  zero: '',
  read: (reader) => reader.string(),
  write: (writer, value) => void writer.string(textOf(value)),
};
const int32: Codec = {
  wireType: 0,
  zero: 0,
  read: (reader) => reader.int32(),
  write: (writer, value) => void writer.int32(numberOf(value)),
};
const int64: Codec = {
  wireType: 0,
  zero: 0,
  read: (reader) => jsonNumber(reader.int64()),
  write: (writer, value) => void writer.int64(numberOf(value)),
};
const bool: Codec = {
  wireType: 0,
  zero: false,
  read: (reader) => reader.bool(),
  write: (writer, value) => void writer.bool(value === true),
};
const double: Codec = {
  wireType: 1,
  zero: 0,
  read: (reader) => reader.double(),
  write: (writer, value) => void writer.double(numberOf(value)),
};
const bytes: Codec = {
  wireType: 2,
  zero: null,
  nilable: true,
  read: (reader) => Buffer.from(reader.bytes()).toString('base64'),
  write: (writer, value) => void writer.bytes(Buffer.from(textOf(value), 'base64')),
};

/** Walks the fields of a small message. */
function eachField(reader: Reader, visit: (number: number) => boolean): void {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError('message is longer than its bytes');
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!visit(tag >>> 3)) reader.skipType(tag & 7);
  }
}

/** An instant: seconds and nanoseconds since 1970. Time keeps whole seconds, MicroTime six digits; both at zero are Go's "unset", null in JSON. */
function instant(format: (seconds: number, nanos: number) => string, nanosOf: (text: string) => number): Codec {
  return {
    wireType: 2,
    zero: null,
    read(reader) {
      let seconds = 0;
      let nanos = 0;
      eachField(reader, (number) => {
        if (number === 1) seconds = jsonNumber(reader.int64());
        else if (number === 2) nanos = reader.int32();
        return number === 1 || number === 2;
      });
      return seconds === 0 && nanos === 0 ? null : format(seconds, nanos);
    },
    write(writer, value) {
      writer.fork();
      const text = textOf(value);
      const instantMs = Date.parse(text);
      if (!Number.isNaN(instantMs))
        writer
          .uint32(8)
          .int64(Math.floor(instantMs / 1000))
          .uint32(16)
          .int32(nanosOf(text));
      writer.ldelim();
    },
  };
}

const time = instant(
  (seconds) => formatTime(seconds * 1000),
  () => 0,
);
const microTime = instant(
  (seconds, nanos) => `${formatTime(seconds * 1000).slice(0, -1)}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`,
  (text) => Number((/\.(\d{1,6})/.exec(text)?.[1] ?? '').padEnd(6, '0')) * 1000,
);

const quantity: Codec = {
  wireType: 2,
  zero: '0',
  read(reader) {
    let text = '0';
    eachField(reader, (number) => {
      if (number === 1) text = reader.string();
      return number === 1;
    });
    return text;
  },
  write: (writer, value) =>
    void writer
      .fork()
      .uint32(10)
      .string(textOf(value ?? '0'))
      .ldelim(),
};

const intOrString: Codec = {
  wireType: 2,
  zero: 0,
  read(reader) {
    let isText = false;
    let integer = 0;
    let text = '';
    eachField(reader, (number) => {
      if (number === 1) isText = jsonNumber(reader.int64()) === 1;
      else if (number === 2) integer = reader.int32();
      else if (number === 3) text = reader.string();
      return number <= 3;
    });
    return isText ? text : integer;
  },
  write(writer, value) {
    const isText = typeof value === 'string';
    writer
      .fork()
      .uint32(8)
      .int64(Number(isText))
      .uint32(16)
      .int32(isText ? 0 : numberOf(value));
    writer
      .uint32(26)
      .string(isText ? value : '')
      .ldelim();
  },
};

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(raw).toString('utf8'));
  } catch {
    throw badRequest('raw bytes inside the protobuf body are not JSON');
  }
}

/** JSON text inside a message: RawExtension, FieldsV1, JSON. No bytes are null. */
const rawJson: Codec = {
  wireType: 2,
  zero: null,
  read(reader) {
    let raw: Uint8Array | undefined;
    eachField(reader, (number) => {
      if (number === 1) raw = reader.bytes();
      return number === 1;
    });
    return raw === undefined || raw.length === 0 ? null : parseJson(raw);
  },
  write(writer, value) {
    writer.fork();
    if (value !== undefined && value !== null) writer.uint32(10).bytes(Buffer.from(JSON.stringify(value)));
    writer.ldelim();
  },
};

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** Codecs by protobuf scalar or OpenAPI name. */
export const scalarCodecs: Readonly<Record<string, Codec>> = {
  string,
  int32,
  int64,
  bool,
  double,
  bytes,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': quantity,
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': intOrString,
  'io.k8s.apimachinery.pkg.runtime.RawExtension': rawJson,
  [`${meta}Time`]: time,
  [`${meta}MicroTime`]: microTime,
  [`${meta}FieldsV1`]: rawJson,
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': rawJson,
};
