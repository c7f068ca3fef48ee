// Owns the bytes of an answer: JSON spliced from what is stored, or made where another form was asked for. Pure but for nothing.
import { stringify as stringifyYaml } from 'yaml';
import type { KindDescription } from '../../api/kind.ts';
import type { Status } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { apiVersionOf } from '../../api/object.ts';
import { encodeProtobuf, encodeStatusProtobuf, hasProtobuf } from '../../api/protobuf/envelope.ts';
import { StatusError } from '../../api/status-error.ts';
import { shownMetadata } from '../../api/tables/shown-metadata.ts';
import type { Entry } from '../../store/store.ts';
import type { Media, Transform } from '../negotiation.ts';
import { mediaTypes } from '../negotiation.ts';
import type { Answer } from '../request.ts';
import { bytesAsServed, objectAs, storedAsServed } from '../serving.ts';
import { jsonOf } from '../stored-object.ts';
import { listItems } from './list-items.ts';
import { type IncludeObject, tableFor } from './table-answer.ts';

/** An answer that is to be written as a whole. */
export interface Rendered {
  readonly code: number;
  readonly contentType: string;
  /** All pieces together, in bytes. */
  readonly size: number;
  /** To be written one after the other. Made as they are asked for, once. */
  readonly pieces: Iterable<Uint8Array>;
}

/** An answer of one piece. */
export function whole(code: number, contentType: string, bytes: Uint8Array): Rendered {
  return { code, contentType, size: bytes.length, pieces: [bytes] };
}

/** How an answer is to look beside its media. */
export interface View {
  readonly media: Media;
  readonly pretty: boolean;
  /** `includeObject` of table requests. */
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
}

type Whole = Extract<Answer, { is: 'entry' | 'object' | 'list' | 'status' }>;

/** Renders an answer that is an object, a list or a Status. Throws NotAcceptable for a transformation that does not fit. */
export function render(answer: Whole, view: View): Rendered {
  const { media } = view;
  if (answer.is === 'status') return renderStatus(answer.status, view, answer.status.code ?? 200);
  const code = answer.is === 'list' ? 200 : answer.code;
  const { transform } = media;
  if (transform !== undefined && answer.kind !== undefined)
    return made(transformed(answer, answer.kind, transform, view), answer.kind, code, view);
  if (media.format === 'json' && !view.pretty) return jsonAnswer(answer, code);
  return made(wholeObject(answer), answer.kind, code, view);
}

/** Renders a Status. What asked for a table or protobuf of something without it gets JSON. */
export function renderStatus(status: Status, view: View, code: number): Rendered {
  const { format } = view.media;
  if (format === 'protobuf') return whole(code, mediaTypes.protobuf, encodeStatusProtobuf({ ...status }));
  return made(status as unknown as AnyObject, undefined, code, view);
}

function made(object: unknown, kind: KindDescription | undefined, code: number, { media, pretty }: View): Rendered {
  if (media.format === 'yaml') {
    return whole(code, mediaTypes.yaml, Buffer.from(yamlOf(object)));
  }
  const table = media.transform?.kind === 'Table';
  if (media.format === 'protobuf' && kind !== undefined && !table) {
    if (!hasProtobuf(kind))
      throw new StatusError('NotAcceptable', 'only the following media types are accepted: application/json, application/yaml');
    return whole(code, mediaTypes.protobuf, encodeProtobuf(kind, object as Readonly<Record<string, unknown>>));
  }
  const text = `${JSON.stringify(kindFirst(object), undefined, pretty ? 2 : 0)}\n`;
  return whole(code, mediaTypes.json, Buffer.from(text));
}

/** An object as YAML, spelled as Go's printer does. */
export function yamlOf(object: unknown): string {
  return stringifyYaml(object, { sortMapEntries: true, indentSeq: false, lineWidth: 0, version: '1.1', aliasDuplicateObjects: false });
}

/** People read what an object is before what is in it, and stored objects begin so. */
function kindFirst(object: unknown): unknown {
  if (typeof object !== 'object' || object === null || !('kind' in object)) return object;
  const { kind, apiVersion, ...rest } = object as Readonly<Record<string, unknown>>;
  return { kind, apiVersion, ...rest };
}

function jsonAnswer(answer: Exclude<Whole, { is: 'status' }>, code: number): Rendered {
  if (answer.is === 'object') return whole(code, mediaTypes.json, Buffer.from(`${JSON.stringify(kindFirst(answer.object))}\n`));
  if (answer.is === 'entry') return whole(code, mediaTypes.json, jsonOfEntry(answer.kind, answer.entry));
  const { kind, entries } = answer;
  if (kind.custom !== undefined) return customList(answer, code);
  const { kind: listKind, apiVersion } = {
    kind: JSON.stringify(kind.listKind),
    apiVersion: JSON.stringify(apiVersionOf(kind.group, kind.version)),
  };
  const head = Buffer.from(`{"kind":${listKind},"apiVersion":${apiVersion},"metadata":${JSON.stringify(listMetadata(answer))},"items":[`);
  if (!storedAsServed(kind)) {
    const items = entries.map((entry) => JSON.stringify(bare(objectAs(kind, entry))));
    return whole(code, mediaTypes.json, Buffer.concat([head, Buffer.from(items.join(',')), listEnd]));
  }
  const items = listItems(entries);
  const pieces = (function* (): Generator<Uint8Array, void, undefined> {
    yield head;
    yield* items.blocks;
    yield listEnd;
  })();
  return { code, contentType: mediaTypes.json, size: head.length + items.size + listEnd.length, pieces };
}

/** Lists of custom resources carry kind and apiVersion on each item, and always say how they go on. */
function customList(answer: Extract<Answer, { is: 'list' }>, code: number): Rendered {
  const { kind, entries } = answer;
  const { remainingItemCount, ...metadata } = { continue: '', ...listMetadata(answer) } as Readonly<Record<string, unknown>>;
  const shown = remainingItemCount === undefined ? metadata : { ...metadata, remainingItemCount };
  const head = `{"apiVersion":${JSON.stringify(apiVersionOf(kind.group, kind.version))},"items":[`;
  const tail = Buffer.from(`],"kind":${JSON.stringify(kind.listKind)},"metadata":${JSON.stringify(shown)}}\n`);
  const items = entries.map((entry) => (bytesAsServed(kind, entry) ? jsonOf(entry) : Buffer.from(JSON.stringify(objectAs(kind, entry)))));
  const pieces = [Buffer.from(head), ...items.flatMap((item, index) => (index === 0 ? [item] : [listComma, item])), tail];
  return { code, contentType: mediaTypes.json, size: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces };
}

const listComma = Buffer.from(',');

const listEnd = Buffer.from(']}\n');

/** One entry as JSON in the version of `kind`. */
export function jsonOfEntry(kind: KindDescription, entry: Entry): Buffer {
  return bytesAsServed(kind, entry) ? jsonOf(entry, entry.modRevision, '\n') : Buffer.from(`${JSON.stringify(objectAs(kind, entry))}\n`);
}

/** An item of a typed list carries no kind and apiVersion. */
function bare(object: AnyObject): unknown {
  const { kind: _kind, apiVersion: _version, ...rest } = object;
  return rest;
}

function listMetadata({ revision, remaining, continue: token }: Extract<Answer, { is: 'list' }>): AnyObject['metadata'] {
  const metadata = {
    resourceVersion: String(revision),
    ...(token === '' ? {} : { continue: token }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
  return metadata as unknown as AnyObject['metadata'];
}

function wholeObject(answer: Exclude<Whole, { is: 'status' }>): AnyObject {
  if (answer.is === 'object') return answer.object;
  if (answer.is === 'entry') return objectAs(answer.kind, answer.entry);
  const { kind, entries } = answer;
  const items = entries.map((entry) => (kind.custom === undefined ? bare(objectAs(kind, entry)) : objectAs(kind, entry)));
  return { kind: kind.listKind, apiVersion: apiVersionOf(kind.group, kind.version), metadata: listMetadata(answer), items };
}

function transformed(answer: Exclude<Whole, { is: 'status' }>, kind: KindDescription, transform: Transform, view: View): unknown {
  const isList = answer.is === 'list';
  const objects = isList ? answer.entries.map((entry) => objectAs(kind, entry)) : [wholeObject(answer)];
  const metadata = isList ? listMetadata(answer) : { resourceVersion: objects[0]?.metadata.resourceVersion };
  if (transform.kind === 'Table') return tableFor(kind, objects, { ...view, version: transform.version, metadata, columns: true });
  const goKind = `*${kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '')}.${isList ? kind.listKind : kind.kind}`;
  if (transform.kind === 'PartialObjectMetadata' && isList)
    throw new StatusError('NotAcceptable', `you requested PartialObjectMetadata, but the requested object is a list (${goKind})`);
  if (transform.kind === 'PartialObjectMetadataList' && !isList)
    throw new StatusError('NotAcceptable', `you requested PartialObjectMetadataList, but the requested object is not a list (${goKind})`);
  const apiVersion = `meta.k8s.io/${transform.version}`;
  const partial = (object: AnyObject): unknown => partialOf(kind, object, transform);
  if (!isList) return partial(objects[0] ?? wholeObject(answer));
  return { kind: 'PartialObjectMetadataList', apiVersion, metadata, items: objects.map(partial) };
}

/** An object's metadata alone. */
export function partialOf(kind: KindDescription, object: AnyObject, transform: Transform): unknown {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${transform.version}`, metadata: shownMetadata(kind, object) };
}
