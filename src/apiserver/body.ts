// Owns turning a request's body into an object: JSON, YAML and protobuf in, refusals in upstream's words. It refuses to know what to do with it.
import { type Decoded, type DecodeOptions, decodeObject, type FieldValidation, notAnObject } from '../api/decode.ts';
import { type JsonDocument, JsonSyntaxError, parseJson } from '../api/decode-json.ts';
import type { KindDescription } from '../api/kind.ts';
import type { KindCatalog } from '../api/kinds/catalog.ts';
import { apiVersionOf, parseApiVersion } from '../api/object.ts';
import { decodeProtobuf, isProtobuf, notProtobuf } from '../api/protobuf/envelope.ts';
import { badRequest } from '../api/status-error.ts';
import { bodyFormatOf } from './negotiation.ts';
import type { RequestBody } from './request.ts';
import { readYaml, YamlSyntaxError } from './yaml-document.ts';

const noRepeats: JsonDocument['repeats'] = new Map();

/** A body read as far as its syntax. */
export interface ParsedBody extends JsonDocument {
  /** Members of a YAML map that came twice, a line each. */
  readonly repeatedLines?: readonly string[];
}

const shownBytes = 30;

/** A body read as far as its syntax: the value, and the fields that came twice. Throws BadRequest or UnsupportedMediaType. */
export function parseBody(
  body: RequestBody | undefined,
  catalog: KindCatalog,
  refuse: (why: string, bytes: Uint8Array) => Error,
  expected?: KindDescription,
): ParsedBody {
  if (body?.is === 'object') return { value: body.object, repeats: noRepeats };
  const bytes = body?.bytes ?? new Uint8Array();
  const format = bodyFormatOf(body?.contentType);
  if (format === 'protobuf') {
    if (!isProtobuf(bytes)) throw refuse(notProtobuf, bytes);
    return { value: decodeProtobuf(catalog, bytes, expected).object, repeats: noRepeats };
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    if (format !== 'yaml') return parseJson(text);
    const { value, repeats } = readYaml(text);
    return { value, repeats: noRepeats, repeatedLines: repeats };
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw refuse(`couldn't get version/kind; json parse error: ${error.message}`, bytes);
    if (error instanceof YamlSyntaxError) throw refuse(`yaml: ${error.message}`, bytes);
    throw error;
  }
}

/** How upstream shows a body that it could not understand: its first bytes, in hexadecimal where they are not an object's. */
function excerptOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const head = Buffer.from(bytes.subarray(0, shownBytes));
  return `${bytes[0] === 0x7b ? head.toString() : head.toString('hex')}${bytes.length > shownBytes ? ' ...' : ''}`;
}

/** The object of a create or update. Missing kind and apiVersion are those of `kind`. Throws what upstream would say. */
export function objectOfBody(
  body: RequestBody | undefined,
  kind: KindDescription,
  catalog: KindCatalog,
  fieldValidation: FieldValidation,
): Decoded {
  const refuse = (why: string, bytes: Uint8Array): Error =>
    badRequest(`the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${excerptOf(bytes)})`);
  const { value, repeats, repeatedLines = [] } = parseBody(body, catalog, refuse, kind);
  if (typeof value === 'object' && !Array.isArray(value)) {
    const version = (value as { readonly apiVersion?: unknown } | null)?.apiVersion;
    if (typeof version === 'string' && version.split('/').length > 2 && body?.is === 'bytes')
      throw refuse(`unexpected GroupVersion string: ${version}`, body.bytes);
    const strict = repeatedLines.length === 0 || fieldValidation === 'Ignore' ? [] : strictLines(repeatedLines, fieldValidation);
    return decodeObject(kind, value ?? {}, { fieldValidation, repeats, strict, ...kindsOf(catalog) });
  }
  throw refuse(`couldn't get version/kind; json parse error: ${notAnObject(value)}`, body?.is === 'bytes' ? body.bytes : new Uint8Array());
}

/** Members that came twice in YAML: one complaint for all of them, and a warning each. */
export function strictLines(lines: readonly string[], fieldValidation: 'Warn' | 'Strict'): readonly string[] {
  return fieldValidation === 'Warn' ? lines : [`yaml: unmarshal errors:\n${lines.map((line) => `  ${line}`).join('\n')}`];
}

/** How a catalog's kinds are told to a reader of objects. */
export function kindsOf(catalog: KindCatalog): Required<Pick<DecodeOptions, 'isRegistered' | 'kindNamed'>> {
  const kindNamed = (apiVersion: string, kind: string): KindDescription | undefined => {
    const parsed = parseApiVersion(apiVersion);
    return parsed === undefined ? undefined : catalog.byKind(parsed.group, parsed.version, kind);
  };
  return { kindNamed, isRegistered: (apiVersion, kind) => kindNamed(apiVersion, kind) !== undefined };
}

/** `apiVersion` and `kind` as a kind's objects carry them. */
export function typeOf(kind: KindDescription): { readonly kind: string; readonly apiVersion: string } {
  return { kind: kind.kind, apiVersion: apiVersionOf(kind.group, kind.version) };
}
