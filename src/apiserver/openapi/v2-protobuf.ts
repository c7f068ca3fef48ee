// Owns OpenAPI 2 as protobuf: the messages of gnostic's OpenAPIv2.proto (package openapi.v2), as far as our documents use them.
import protobuf from 'protobufjs/minimal.js';
import type { Json } from './schemas.ts';

type Writer = protobuf.Writer;

const entriesOf = (value: unknown): readonly (readonly [string, unknown])[] => Object.entries((value as Json | undefined) ?? {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function message(writer: Writer, number: number, write: () => void): void {
  writer.uint32((number << 3) | 2).fork();
  write();
  writer.ldelim();
}

function text(writer: Writer, number: number, value: unknown): void {
  if (value !== undefined && value !== '') writer.uint32((number << 3) | 2).string(String(value));
}

function texts(writer: Writer, number: number, values: unknown): void {
  for (const value of listOf(values)) writer.uint32((number << 3) | 2).string(String(value));
}

function flag(writer: Writer, number: number, value: unknown): void {
  if (value === true) writer.uint32(number << 3).bool(true);
}

function number(writer: Writer, at: number, value: unknown): void {
  if (typeof value === 'number') writer.uint32((at << 3) | 1).double(value);
}

function count(writer: Writer, at: number, value: unknown): void {
  if (typeof value === 'number') writer.uint32(at << 3).int64(value);
}

/** A value of any shape travels as YAML; JSON is YAML. */
function any(writer: Writer, number: number, value: unknown): void {
  message(writer, number, () => text(writer, 2, JSON.stringify(value)));
}

/** A map travels as a list of names and values. */
function named(writer: Writer, number: number, name: string, write: () => void): void {
  message(writer, number, () => {
    text(writer, 1, name);
    message(writer, 2, write);
  });
}

function extensions(writer: Writer, number: number, object: Json): void {
  for (const [key, value] of entriesOf(object))
    if (key.startsWith('x-'))
      message(writer, number, () => {
        text(writer, 1, key);
        any(writer, 2, value);
      });
}

function schema(writer: Writer, value: Json): void {
  text(writer, 1, value['$ref']);
  text(writer, 2, value['format']);
  text(writer, 3, value['title']);
  text(writer, 4, value['description']);
  if (value['default'] !== undefined) any(writer, 5, value['default']);
  number(writer, 6, value['multipleOf']);
  number(writer, 7, value['maximum']);
  flag(writer, 8, value['exclusiveMaximum']);
  number(writer, 9, value['minimum']);
  flag(writer, 10, value['exclusiveMinimum']);
  count(writer, 11, value['maxLength']);
  count(writer, 12, value['minLength']);
  text(writer, 13, value['pattern']);
  count(writer, 14, value['maxItems']);
  count(writer, 15, value['minItems']);
  flag(writer, 16, value['uniqueItems']);
  count(writer, 17, value['maxProperties']);
  count(writer, 18, value['minProperties']);
  texts(writer, 19, value['required']);
  for (const one of listOf(value['enum'])) any(writer, 20, one);
  const additional = value['additionalProperties'];
  if (typeof additional === 'object') message(writer, 21, () => message(writer, 1, () => schema(writer, additional as Json)));
  if (additional === true) message(writer, 21, () => flag(writer, 2, true));
  const type = value['type'];
  if (type !== undefined) message(writer, 22, () => texts(writer, 1, [type]));
  const items = value['items'];
  if (items !== undefined) message(writer, 23, () => message(writer, 1, () => schema(writer, items as Json)));
  const properties = value['properties'];
  if (properties !== undefined)
    message(writer, 25, () => {
      for (const [name, property] of entriesOf(properties)) named(writer, 1, name, () => schema(writer, property as Json));
    });
  extensions(writer, 31, value);
}

function parameter(writer: Writer, number: number, value: Json): void {
  // ParametersItem → Parameter → body, or NonBodyParameter → query or path.
  message(writer, number, () =>
    message(writer, 1, () => {
      if (value['in'] === 'body') {
        message(writer, 1, () => {
          text(writer, 1, value['description']);
          text(writer, 2, value['name']);
          text(writer, 3, value['in']);
          flag(writer, 4, value['required']);
          message(writer, 5, () => schema(writer, (value['schema'] as Json | undefined) ?? {}));
        });
        return;
      }
      const inPath = value['in'] === 'path';
      message(writer, 2, () =>
        message(writer, inPath ? 4 : 3, () => {
          flag(writer, 1, value['required']);
          text(writer, 2, value['in']);
          text(writer, 3, value['description']);
          text(writer, 4, value['name']);
          // Query parameters have one field more in front of their type.
          text(writer, inPath ? 5 : 6, value['type']);
          flag(writer, inPath ? 19 : 20, value['uniqueItems']);
        }),
      );
    }),
  );
}

function operation(writer: Writer, value: Json): void {
  texts(writer, 1, value['tags']);
  text(writer, 3, value['description']);
  text(writer, 5, value['operationId']);
  texts(writer, 6, value['produces']);
  texts(writer, 7, value['consumes']);
  for (const one of listOf(value['parameters'])) parameter(writer, 8, one as Json);
  message(writer, 9, () => {
    for (const [code, answer] of entriesOf(value['responses']))
      named(writer, 1, code, () =>
        message(writer, 1, () => {
          const { description, schema: body } = answer as Json;
          text(writer, 1, description);
          if (body !== undefined) message(writer, 2, () => message(writer, 1, () => schema(writer, body as Json)));
        }),
      );
  });
  texts(writer, 10, value['schemes']);
  extensions(writer, 13, value);
}

const methodNumbers: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, options: 6, head: 7, patch: 8 };

/** The bytes of a Swagger document as `openapi.v2.Document`. */
export function encodeSwagger(document: Json): Uint8Array {
  const writer = protobuf.Writer.create();
  text(writer, 1, document['swagger']);
  const info = document['info'] as Json;
  message(writer, 2, () => {
    text(writer, 1, info['title']);
    text(writer, 2, info['version']);
  });
  message(writer, 8, () => {
    for (const [path, item] of entriesOf(document['paths']))
      named(writer, 2, path, () => {
        for (const [method, number] of Object.entries(methodNumbers)) {
          const one = (item as Json)[method];
          if (one !== undefined) message(writer, number, () => operation(writer, one as Json));
        }
        for (const one of listOf((item as Json)['parameters'])) parameter(writer, 9, one as Json);
      });
  });
  message(writer, 9, () => {
    for (const [name, definition] of entriesOf(document['definitions'])) named(writer, 1, name, () => schema(writer, definition as Json));
  });
  for (const requirement of listOf(document['security']))
    message(writer, 12, () => {
      for (const [name] of entriesOf(requirement)) named(writer, 1, name, () => {});
    });
  message(writer, 13, () => {
    for (const [name, definition] of entriesOf(document['securityDefinitions'])) {
      const { type, name: header, in: place, description } = definition as Json;
      named(writer, 1, name, () =>
        message(writer, 2, () => {
          text(writer, 1, type);
          text(writer, 2, header);
          text(writer, 3, place);
          text(writer, 4, description);
        }),
      );
    }
  });
  return writer.finish();
}
