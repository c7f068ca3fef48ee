// Owns the form in which objects are stored: JSON with a hole where resourceVersion goes, and the frozen objects that in-process readers share.
import type { AnyObject } from '../api/object.ts';
import type { Entry } from '../store/store.ts';

const metadata = Buffer.from('"metadata":{');
const itemHead = Buffer.from('{');
const uid = Buffer.from('"uid":"');
const quote = 0x22;
const versionFixed = ',"resourceVersion":""'.length;

// Both caches hang on the bytes: one parse a revision, gone with the entry.
const written = new WeakMap<Uint8Array, AnyObject>();
const parsed = new WeakMap<Uint8Array, AnyObject>();

/**
 * The bytes of an object: kind, apiVersion and metadata (with its uid) first, resourceVersion left out. `object` must carry the storage version's apiVersion
 * and kind; it must not be changed afterwards, because readers will share it.
 */
export function encodeStored(object: AnyObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(meta)}`;
  const tail = JSON.stringify(rest);
  const value = Buffer.from(tail === '{}' ? `${head}}` : `${head},${tail.slice(1)}`);
  written.set(value, object);
  return value;
}

/** Where metadata begins, as items of typed lists do. */
function startOf(value: Buffer): number {
  return value.indexOf(metadata);
}

/** Where resourceVersion belongs: behind metadata.uid. No name before it can hold a bare quote. */
function holeOf(value: Buffer): number {
  return value.indexOf(quote, value.indexOf(uid, startOf(value)) + uid.length) + 1;
}

function asBuffer(value: Uint8Array): Buffer {
  return value instanceof Buffer ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** The JSON of an entry as its readers see it, with `revision` in the hole (another one than the entry's for a deletion) and `end` after it. */
export function jsonOf(entry: Entry, revision = entry.modRevision, end = ''): Buffer {
  const value = asBuffer(entry.value);
  const hole = holeOf(value);
  const version = `,"resourceVersion":"${revision}"`;
  const json = Buffer.allocUnsafe(value.length + version.length + end.length);
  value.copy(json, 0, 0, hole);
  json.write(version, hole, 'latin1');
  value.copy(json, hole + version.length, hole);
  if (end !== '') json.write(end, json.length - end.length, 'latin1');
  return json;
}

/** How long an entry is as an item of a typed list, which shows neither kind nor apiVersion. */
export function itemLengthOf({ value, modRevision }: Entry): number {
  return itemHead.length + versionFixed + String(modRevision).length + value.length - startOf(asBuffer(value));
}

/** Writes an entry as an item into `target` at `offset`; answers the offset behind it. */
export function writeItem(entry: Entry, target: Buffer, offset: number): number {
  const value = asBuffer(entry.value);
  const hole = holeOf(value);
  let at = offset + itemHead.copy(target, offset);
  at += value.copy(target, at, startOf(value), hole);
  at += target.write(`,"resourceVersion":"${entry.modRevision}"`, at, 'latin1');
  return at + value.copy(target, at, hole);
}

/** The object of an entry: frozen, shared by all who ask, parsed at most once a revision. */
export function objectOf(entry: Entry): AnyObject {
  const known = parsed.get(entry.value);
  if (known !== undefined) return known;
  const source = written.get(entry.value) ?? (JSON.parse(asBuffer(entry.value).toString()) as AnyObject);
  const object = freezeDeeply(withRevision(source, entry.modRevision));
  written.delete(entry.value);
  parsed.set(entry.value, object);
  return object;
}

/** The object with this resourceVersion, in its place behind the uid. */
export function withRevision(object: AnyObject, revision: number): AnyObject {
  const metadata: Record<string, unknown> = {};
  const resourceVersion = String(revision);
  for (const [key, value] of Object.entries(object.metadata)) {
    metadata[key] = value;
    if (key === 'uid') metadata['resourceVersion'] = resourceVersion;
  }
  return { ...object, metadata: { ...metadata, resourceVersion } as AnyObject['metadata'] };
}

/** Freezes a JSON value through and through. What is frozen already is taken to be frozen below. */
export function freezeDeeply<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freezeDeeply(inner);
  return value;
}
