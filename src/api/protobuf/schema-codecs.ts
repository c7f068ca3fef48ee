// Owns the three unions of JSON schemas whose JSON is one of their members: a schema or a list, or a boolean, or strings.
import type { Reader, Writer } from 'protobufjs/minimal.js';
import type { Codec } from './scalar-codecs.ts';

function union(
  schemaOf: () => Codec,
  readMore: (reader: Reader, number: number, read: () => unknown) => unknown,
  writeMore: (writer: Writer, value: unknown, schema: Codec) => boolean,
  schemaNumber: number,
): Codec {
  return {
    wireType: 2,
    zero: null,
    read(reader, depth) {
      const end = reader.uint32() + reader.pos;
      if (end > reader.len) throw new RangeError('message is longer than its bytes');
      let schema: unknown;
      let other: unknown;
      const list: unknown[] = [];
      while (reader.pos < end) {
        const tag = reader.uint32();
        const read = (): unknown => schemaOf().read(reader, depth + 1);
        if (tag >>> 3 === schemaNumber) schema = read();
        else {
          const more = readMore(reader, tag >>> 3, read);
          if (more === undefined) reader.skipType(tag & 7);
          else if (typeof more === 'boolean') other = more;
          else list.push(more);
        }
      }
      return schema ?? (list.length > 0 ? list : (other ?? null));
    },
    write(writer, value) {
      writer.fork();
      if (!writeMore(writer, value, schemaOf())) schemaOf().write(writer.uint32((schemaNumber << 3) | 2), value);
      writer.ldelim();
    },
  };
}

/** The unions' codecs by OpenAPI name; `schemaOf` gives that of JSONSchemaProps. */
export function schemaCodecs(schemaOf: () => Codec): Readonly<Record<string, Codec>> {
  const prefix = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOr';
  return {
    [`${prefix}Array`]: union(
      schemaOf,
      (_, number, read) => (number === 2 ? read() : undefined),
      (writer, value, schema) => {
        if (!Array.isArray(value)) return false;
        for (const item of value) schema.write(writer.uint32(18), item);
        return true;
      },
      1,
    ),
    [`${prefix}Bool`]: union(
      schemaOf,
      (reader, number) => (number === 1 ? reader.bool() : undefined),
      (writer, value) => {
        // A schema says that it allows, and so upstream writes that too.
        writer.uint32(8).bool(value !== false);
        return typeof value === 'boolean';
      },
      2,
    ),
    [`${prefix}StringArray`]: union(
      schemaOf,
      (reader, number) => (number === 2 ? reader.string() : undefined),
      (writer, value) => {
        if (!Array.isArray(value)) return false;
        for (const item of value) writer.uint32(18).string(String(item));
        return true;
      },
      1,
    ),
  };
}
