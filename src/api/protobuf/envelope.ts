// Owns `application/vnd.kubernetes.protobuf`: the `k8s\0` envelope around one object, and the frames of a watch.
import protobuf from 'protobufjs/minimal.js';
import type { KindDescription } from '../kind.ts';
import type { KindCatalog } from '../kinds/catalog.ts';
import { parseApiVersion } from '../object.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { codecOf } from './message-codec.ts';

const magic = Buffer.from('k8s\0');
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const metaTypes: Readonly<Record<string, string>> = {
  Status: `${meta}Status`,
  PartialObjectMetadata: `${meta}PartialObjectMetadata`,
  PartialObjectMetadataList: `${meta}PartialObjectMetadataList`,
};

/** A body as it was read: what its envelope says it is, and its JSON wire form (with `kind` and `apiVersion` in it). */
export interface DecodedBody {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: Record<string, unknown>;
}

/** True where bytes begin as a Kubernetes protobuf body does. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && magic.equals(bytes.subarray(0, 4));
}

/** Upstream's words for bytes that are none. */
export const notProtobuf = 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]';

/** True where the kind's objects have a protobuf form: built-in ones do, custom resources don't. */
export function hasProtobuf(kind: KindDescription): boolean {
  return codecOf(kind.type) !== undefined;
}

/**
 * The object in a protobuf body. `expected` is what the URL names; it stands in where the body doesn't say its kind.
 * Zero values come out as Go's JSON has them: gone where they mean nothing, kept where they were set on purpose.
 * @throws StatusError BadRequest for bytes that are no such body or a kind that isn't served, UnsupportedMediaType for one without protobuf.
 */
export function decodeProtobuf(catalog: KindCatalog, bytes: Uint8Array, expected?: KindDescription): DecodedBody {
  if (!isProtobuf(bytes)) throw badRequest(notProtobuf);
  try {
    const { apiVersion: said, kind: saidKind, raw } = readEnvelope(bytes.subarray(4));
    const named = said === '' && saidKind === '' ? expected : kindNamed(catalog, said, saidKind);
    const found = named ?? (expected?.kind === saidKind ? expected : undefined);
    if (found === undefined) throw badRequest(`no kind "${saidKind}" is registered for version "${said}" in scheme`);
    const apiVersion = said === '' ? (found.group === '' ? found.version : `${found.group}/${found.version}`) : said;
    const kind = saidKind === '' ? found.kind : saidKind;
    const codec = codecOf(kind === found.listKind ? `${found.type}List` : found.type);
    if (codec === undefined)
      throw new StatusError('UnsupportedMediaType', `objects of kind ${kind} in ${apiVersion} have no protobuf form`);
    const object = codec.read(delimited(raw), 0) as Record<string, unknown>;
    return { apiVersion, kind, object: { kind, apiVersion, ...object } };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw badRequest(`the protobuf body cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A reader over a message that begins with its length, as codecs want it. */
function delimited(raw: Uint8Array): protobuf.Reader {
  return protobuf.Reader.create(protobuf.Writer.create().bytes(raw).finish());
}

function kindNamed(catalog: KindCatalog, apiVersion: string, kind: string): KindDescription | undefined {
  const place = parseApiVersion(apiVersion);
  if (place === undefined) return undefined;
  const found = catalog.byKind(place.group, place.version, kind);
  if (found !== undefined || !kind.endsWith('List')) return found;
  const listed = catalog.byKind(place.group, place.version, kind.slice(0, -4));
  return listed?.listKind === kind ? listed : undefined;
}

function readEnvelope(bytes: Uint8Array): { readonly apiVersion: string; readonly kind: string; readonly raw: Uint8Array } {
  const reader = protobuf.Reader.create(bytes);
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === 10) {
      for (const end = reader.uint32() + reader.pos; reader.pos < end; ) {
        const inner = reader.uint32();
        if (inner === 10) apiVersion = reader.string();
        else if (inner === 18) kind = reader.string();
        else reader.skipType(inner & 7);
      }
    } else if (tag === 18) raw = reader.bytes();
    else if (tag === 26) {
      const encoding = reader.string();
      if (encoding !== '') throw badRequest(`content encoding ${encoding} of the protobuf body is not known`);
    } else reader.skipType(tag & 7);
  }
  return { apiVersion, kind, raw };
}

/** Writes `k8s\0` and the envelope around what `codec` makes of the object. */
function sealed(type: string, object: Readonly<Record<string, unknown>>): Uint8Array {
  const codec = codecOf(type);
  if (codec === undefined) throw new StatusError('NotAcceptable', `objects of type ${type} have no protobuf form`);
  const writer = protobuf.Writer.create().uint32(10).fork();
  // A watch event is wrapped without its kind.
  const plain = type === `${meta}WatchEvent`;
  writer.uint32(10).string(plain ? '' : String(object['apiVersion'] ?? ''));
  writer.uint32(18).string(plain ? '' : String(object['kind'] ?? ''));
  writer.ldelim().uint32(18);
  codec.write(writer, object);
  return Buffer.concat([magic, writer.uint32(26).string('').uint32(34).string('').finish()]);
}

/**
 * An object of the kind, a list of them, their metadata alone (PartialObjectMetadata and its list) or a Status as a protobuf answer.
 * @throws StatusError NotAcceptable for a kind without protobuf.
 */
export function encodeProtobuf(kind: KindDescription, object: Readonly<Record<string, unknown>>): Uint8Array {
  const named = String(object['kind'] ?? '');
  if (named === kind.listKind && named !== '') return sealed(`${kind.type}List`, object);
  return sealed(named === kind.kind ? kind.type : (metaTypes[named] ?? kind.type), object);
}

/** A document of discovery (APIGroup, APIGroupList, APIResourceList, APIVersions) as a protobuf answer. */
export function encodeMetaProtobuf(document: Readonly<Record<string, unknown>>): Uint8Array {
  return sealed(`${meta}${String(document['kind'])}`, document);
}

/** The document of aggregated discovery (APIGroupDiscoveryList of apidiscovery.k8s.io/v2) as a protobuf answer. */
export function encodeAggregatedProtobuf(document: Readonly<Record<string, unknown>>): Uint8Array {
  return sealed('io.k8s.api.apidiscovery.v2.APIGroupDiscoveryList', document);
}

/** A Status as a protobuf answer. */
export function encodeStatusProtobuf(status: Readonly<Record<string, unknown>>): Uint8Array {
  return sealed(`${meta}Status`, { apiVersion: 'v1', kind: 'Status', ...status });
}

/** One frame of a protobuf watch: four bytes of length, then the event; the object in it is a whole `encodeProtobuf` body. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  const event = protobuf.Writer.create().uint32(10).string(type).uint32(18).fork().uint32(10).bytes(object).ldelim().finish();
  const frame = Buffer.alloc(4 + event.length);
  frame.writeUInt32BE(event.length, 0);
  frame.set(event, 4);
  return frame;
}
