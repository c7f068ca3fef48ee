// Owns the form in which objects are stored: JSON with a hole where resourceVersion goes, and the frozen objects that in-process readers share.
import type { AnyObject } from '../api/object.ts';
import { Recent } from '../base/recent.ts';
import type { Entry } from '../store/store.ts';

const itemHead = Buffer.from('{');
const [quote, backslash] = [0x22, 0x5c];
const versionFixed = ',"resourceVersion":""'.length;

// By the bytes. Objects take several times the memory of their JSON: those of late are shared, the others parsed again when asked for.
const parsedBytes = 2 * 1024 * 1024;
// Whoever wants what was written asks as soon as it is on disk; what is kept for longer is what the collector has to copy and to carry into old age.
const written = new Recent<Uint8Array, AnyObject>(parsedBytes / 16);
// As many as wait for the disk, which is thousands where a controller makes thousands: whoever is told of one of them first need not read it again.
const underWay = new Map<Uint8Array, AnyObject>();
const parsed = new Recent<Uint8Array, AnyObject>(parsedBytes);

/**
 * The bytes of an object: kind, apiVersion and metadata (with its uid) first, resourceVersion left out. `object` must carry the storage version's apiVersion
 * and kind; it must not be changed afterwards, because readers will share it.
 */
export function encodeStored(object: AnyObject): Buffer {
  const { kind, apiVersion, metadata, ...rest } = object;
  const { name, generateName, namespace, uid, resourceVersion: _, ...more } = metadata;
  const head = { kind, apiVersion, metadata: { name, generateName, namespace, uid, ...more } };
  const text = startsWithNumber(rest)
    ? `${JSON.stringify(head).slice(0, -1)},${JSON.stringify(rest).slice(1)}`
    : JSON.stringify({ ...head, ...rest });
  return keptBytes(text);
}

/** A write of what `encodeStored` made of an object begins: until it ends, whoever asks for it is given `object` and not what would be read of its bytes. */
export function beginWrite(value: Uint8Array, object: AnyObject): void {
  underWay.set(value, object);
}

/** Ends what `beginWrite` began, however it went. Whoever wrote it may still ask for it. */
export function endWrite(value: Uint8Array): void {
  const object = underWay.get(value);
  if (object !== undefined && parsed.get(value) === undefined) written.set(value, object, value.length);
  underWay.delete(value);
}

/** Members that are numbers, which custom resources may have, would come before all others. */
function startsWithNumber(members: object): boolean {
  for (const first in members) return first >= '0' && first < ':';
  return false;
}

// What is stored stays for long: it must not share memory with answers, of which each would keep its neighbours' dead bytes alive.
const slabBytes = 64 * 1024;
let slab = Buffer.alloc(0);
let used = 0;

/** A text as bytes in memory that only stored bytes share. */
function keptBytes(text: string): Buffer {
  if (text.length > slabBytes / 8) return Buffer.from(text);
  // A character takes three bytes at most: where those fit nobody need count.
  if (used + text.length * 3 > slab.length) {
    const length = Buffer.byteLength(text);
    if (length > slabBytes / 8) return Buffer.from(text);
    if (used + length > slab.length) [slab, used] = [Buffer.allocUnsafeSlow(slabBytes), 0];
  }
  const start = used;
  used += slab.write(text, start);
  return slab.subarray(start, used);
}

/** Where metadata begins, as items of typed lists do: behind kind and apiVersion, which hold no quotes themselves. */
function startOf(value: Uint8Array): number {
  let at = 0;
  for (let quotes = 0; quotes < 8 && at < value.length; at++) if (value[at] === quote) quotes++;
  return at + 1;
}

/** The offset of the quote that ends the string whose first character is at `from`. */
function endOfText(value: Uint8Array, from: number): number {
  let at = from;
  while (at < value.length && value[at] !== quote) at += value[at] === backslash ? 2 : 1;
  return at;
}

/**
 * Where resourceVersion belongs: behind metadata.uid, before which there are only members with texts. Read byte by byte, as lists ask for
 * every item and searching through Buffer costs more than all else about a list together.
 */
function holeOf(value: Uint8Array, start: number): number {
  let at = start + '"metadata":{'.length;
  while (at < value.length) {
    const keyEnd = endOfText(value, at + 1);
    const isUid = keyEnd - at === 4 && value[at + 1] === 0x75 && value[at + 2] === 0x69 && value[at + 3] === 0x64;
    const end = endOfText(value, keyEnd + 3) + 1;
    if (isUid) return end;
    at = end + 1;
  }
  throw new Error('a stored object has no uid');
}

function asBuffer(value: Uint8Array): Buffer {
  return value instanceof Buffer ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** The JSON of an entry as its readers see it, with `revision` in the hole (another one than the entry's for a deletion) and `end` after it. */
export function jsonOf(entry: Entry, revision = entry.modRevision, end = ''): Buffer {
  const value = asBuffer(entry.value);
  const hole = holeOf(value, startOf(value));
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
  return itemHead.length + versionFixed + String(modRevision).length + value.length - startOf(value);
}

/** Writes an entry as an item into `target` at `offset`; answers the offset behind it. */
export function writeItem(entry: Entry, target: Buffer, offset: number): number {
  const value = asBuffer(entry.value);
  const start = startOf(value);
  const hole = holeOf(value, start);
  let at = offset + itemHead.copy(target, offset);
  at += value.copy(target, at, start, hole);
  at += target.write(`,"resourceVersion":"${entry.modRevision}"`, at, 'latin1');
  return at + value.copy(target, at, hole);
}

/** The object of an entry: frozen, shared by all who ask at about the same time. */
export function objectOf(entry: Entry): AnyObject {
  const known = parsed.get(entry.value);
  if (known !== undefined) return known;
  const source = underWay.get(entry.value) ?? written.get(entry.value) ?? (JSON.parse(asBuffer(entry.value).toString()) as AnyObject);
  const object = freezeDeeply(withRevision(source, entry.modRevision));
  written.delete(entry.value);
  parsed.set(entry.value, object, entry.value.length);
  return object;
}

const labelsHead = ',"labels":{';

/** The labels of an entry's object, read without the rest of it. */
export function labelsOf(entry: Entry): Readonly<Record<string, string>> {
  const known = parsed.get(entry.value);
  if (known !== undefined) return known.metadata.labels ?? {};
  const value = asBuffer(entry.value);
  const at = value.indexOf(labelsHead, 0, 'latin1');
  if (at === -1) return {};
  // Of all that metadata hold, labels are the first that have braces: what comes later are those of a template, say.
  const end = value.indexOf('}');
  if (at > end) return objectOf(entry).metadata.labels ?? {};
  return JSON.parse(value.toString('utf8', at + labelsHead.length - 1, end + 1)) as Readonly<Record<string, string>>;
}

/** The object with this resourceVersion, in its place behind the uid. */
export function withRevision(object: AnyObject, revision: number): AnyObject {
  const metadata: Record<string, unknown> = {};
  const resourceVersion = String(revision);
  for (const key in object.metadata) {
    metadata[key] = object.metadata[key as keyof AnyObject['metadata']];
    if (key === 'uid') metadata['resourceVersion'] = resourceVersion;
  }
  metadata['resourceVersion'] = resourceVersion;
  return { ...object, metadata: metadata as unknown as AnyObject['metadata'] };
}

/** Freezes a JSON value through and through. What is frozen already is taken to be frozen below. */
export function freezeDeeply<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  // Without a list of its values: of all there is to a small object's freezing that was half.
  if (Array.isArray(value)) for (let index = 0; index < value.length; index++) freezeDeeply(value[index]);
  else for (const name in value) freezeDeeply(value[name]);
  return value;
}
