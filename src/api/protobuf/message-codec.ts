// Owns turning one protobuf message of Kubernetes into its JSON wire form and back, driven by the committed field numbers (kinds/proto.json).
// Codecs are compiled when a type is first met. Written bytes are those of upstream: fields by number, values always, pointers where set.
import type { Reader, Writer } from 'protobufjs/minimal.js';
import { type GoField, goFieldsOf } from '../decode-fields.ts';
import table from '../kinds/proto.json' with { type: 'json' };
import { badRequest } from '../status-error.ts';
import { type Codec, scalarCodecs } from './scalar-codecs.ts';
import { schemaCodecs } from './schema-codecs.ts';

type Fields = Record<string, unknown>;
type FieldFacts = readonly [number, string, string?];
const messages = table as unknown as Readonly<Record<string, Readonly<Record<string, FieldFacts>>>>;

/** Structs inside structs, as deep as any honest object goes. */
const depthLimit = 200;

interface FieldCodec {
  readonly name: string;
  readonly number: number;
  readonly inline: boolean;
  readonly repeated: boolean;
  readonly key?: Codec;
  readonly codec: Codec;
  /** Set where the Go field is a plain value: a zero is written to protobuf, and left out of JSON only with `omitempty`. */
  readonly go: GoField | undefined;
}

const compiled = new Map<string, Codec>();
const unions = schemaCodecs(() => required('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'));

/** The codec of a message by its OpenAPI name; undefined where the type has no protobuf form. */
export function codecOf(name: string): Codec | undefined {
  const known = compiled.get(name) ?? scalarCodecs[name] ?? unions[name];
  if (known !== undefined) return known;
  const facts = messages[name];
  if (facts === undefined) return undefined;
  // Types refer to each other in circles, so a codec is known before its fields are.
  let fields: readonly FieldCodec[] | undefined;
  const codec = messageCodec(() => {
    fields ??= fieldCodecs(name, facts);
    return fields;
  });
  const wrapsList = Object.keys(facts).length === 1 && facts['items']?.[1] === '*string';
  const made = wrapsList ? listCodec(codec) : codec;
  compiled.set(name, made);
  return made;
}

function required(type: string): Codec {
  const codec = codecOf(type);
  if (codec === undefined) throw new Error(`proto.json names ${type}, which it does not hold`);
  return codec;
}

function fieldCodecs(name: string, facts: Readonly<Record<string, FieldFacts>>): readonly FieldCodec[] {
  const goFields = new Map((goFieldsOf(name) ?? []).map((field) => [field.name, field]));
  return Object.entries(facts)
    .map(([field, [number, type, note]]): FieldCodec => {
      const map = /^map<(.*),(.*)>$/.exec(type);
      const common = { name: field, number, inline: note === 'inline', go: goFields.get(field) };
      if (map !== null) return { ...common, repeated: false, key: required(map[1] ?? ''), codec: required(map[2] ?? '') };
      const repeated = type.startsWith('*');
      return { ...common, repeated, codec: required(repeated ? type.slice(1) : type) };
    })
    .sort((a, b) => a.number - b.number);
}

/** ExtraValue and Verbs: a message around a list, which JSON writes as the list. */
function listCodec(inner: Codec): Codec {
  return {
    ...inner,
    read: (reader, depth) => (inner.read(reader, depth) as Fields)['items'] ?? [],
    write: (writer, value) => inner.write(writer, { items: value }),
  };
}

function messageCodec(fieldsOf: () => readonly FieldCodec[]): Codec {
  let byNumber: ReadonlyMap<number, FieldCodec> | undefined;
  return {
    wireType: 2,
    zero: undefined,
    read(reader, depth) {
      if (depth > depthLimit) throw badRequest(`the body nests deeper than ${depthLimit} messages`);
      byNumber ??= new Map(fieldsOf().map((field) => [field.number, field]));
      const end = reader.uint32() + reader.pos;
      if (end > reader.len) throw new RangeError('message is longer than its bytes');
      const object: Fields = {};
      while (reader.pos < end) {
        const tag = reader.uint32();
        const field = byNumber.get(tag >>> 3);
        if (field === undefined) reader.skipType(tag & 7);
        else readField(reader, tag & 7, field, object, depth + 1);
      }
      return withoutZeros(object, fieldsOf());
    },
    write(writer, value) {
      writer.fork();
      const object = typeof value === 'object' && value !== null ? (value as Fields) : {};
      for (const field of fieldsOf()) writeField(writer, field, object);
      writer.ldelim();
    },
  };
}

function readField(reader: Reader, wireType: number, field: FieldCodec, object: Fields, depth: number): void {
  if (field.inline) Object.assign(object, field.codec.read(reader, depth));
  else if (field.key !== undefined) {
    object[field.name] ??= {};
    const entries = object[field.name] as Fields;
    const [key, value] = readEntry(reader, field.key, field.codec, depth);
    Object.defineProperty(entries, key, { value, enumerable: true, writable: true, configurable: true });
  } else if (!field.repeated) object[field.name] = checked(reader, wireType, field.codec, depth);
  else {
    object[field.name] ??= [];
    const items = object[field.name] as unknown[];
    if (wireType === 2 && field.codec.wireType === 0) {
      for (const end = reader.uint32() + reader.pos; reader.pos < end; ) items.push(field.codec.read(reader, depth));
    } else items.push(checked(reader, wireType, field.codec, depth));
  }
}

function checked(reader: Reader, wireType: number, codec: Codec, depth: number): unknown {
  if (wireType !== codec.wireType) throw new RangeError(`wire type ${wireType} where ${codec.wireType} belongs`);
  return codec.read(reader, depth);
}

function readEntry(reader: Reader, keyCodec: Codec, valueCodec: Codec, depth: number): readonly [string, unknown] {
  const end = reader.uint32() + reader.pos;
  let key = '';
  let value: unknown = valueCodec.zero ?? {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) key = String(checked(reader, tag & 7, keyCodec, depth));
    else if (tag >>> 3 === 2) value = checked(reader, tag & 7, valueCodec, depth);
    else reader.skipType(tag & 7);
  }
  return [key, value];
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

/** Go's JSON of what was read: empty values go where `omitempty` says so, and are written where it does not. */
function withoutZeros(object: Fields, fields: readonly FieldCodec[]): Fields {
  for (const { name, go, inline, repeated, key, codec } of fields) {
    if (go === undefined || inline) continue;
    const value = object[name];
    if (value === undefined) {
      if (go.omitEmpty || go.omitZero || go.pointer) continue;
      object[name] = repeated || key !== undefined ? null : (codec.zero ?? null);
    } else if (!go.pointer && ((go.omitEmpty && isZero(value)) || (go.omitZero && value === null))) delete object[name];
  }
  return object;
}

function writeField(writer: Writer, field: FieldCodec, object: Fields): void {
  const { number, codec } = field;
  if (field.inline) {
    codec.write(tagged(writer, number, codec), object);
    return;
  }
  const value = object[field.name] ?? undefined;
  if (field.key !== undefined) {
    for (const key of Object.keys((value as Fields | undefined) ?? {}).sort()) {
      writer.uint32((number << 3) | 2).fork();
      field.key.write(tagged(writer, 1, field.key), key);
      codec.write(tagged(writer, 2, codec), (value as Fields)[key]);
      writer.ldelim();
    }
  } else if (field.repeated) {
    for (const item of (value as readonly unknown[] | undefined) ?? []) codec.write(tagged(writer, number, codec), item);
  } else if (value !== undefined) codec.write(tagged(writer, number, codec), value);
  else if (field.go !== undefined && !field.go.pointer && !codec.nilable) codec.write(tagged(writer, number, codec), codec.zero);
}

function tagged(writer: Writer, number: number, codec: Codec): Writer {
  return writer.uint32(((number << 3) | codec.wireType) >>> 0);
}
