// Owns the last step of a write: one compare-and-swap of one key, with a bound on tries where a write may start over.

import { sameValue } from '../api/equal.ts';
import { inFieldOrder } from '../api/field-order.ts';
import type { KindDescription } from '../api/kind.ts';
import type { AnyObject } from '../api/object.ts';
import type { Compare, Entry, Store, Transaction, Write } from '../store/store.ts';
import { beginWrite, encodeStored, endWrite, objectOf } from './stored-object.ts';

/** What is written in the same transaction as an object, and what must hold for it. */
export interface Companions {
  readonly compare: readonly Compare[];
  readonly writes: readonly Write[];
}

const alone: Companions = { compare: [], writes: [] };

/** Creates an object of the stored `kind`. Undefined where the key exists already, or where what goes with it does not hold. */
export async function putNew(
  store: Store,
  kind: KindDescription,
  key: string,
  object: AnyObject,
  { compare, writes } = alone,
): Promise<Entry | undefined> {
  const stored = storedForm(kind, object);
  const value = encodeStored(stored);
  const transaction: Transaction = { compare: [{ key, modRevision: 0 }, ...compare], writes: [{ type: 'put', key, value }, ...writes] };
  beginWrite(value, stored);
  try {
    const result = await store.transact(transaction);
    return result.ok ? { key, value, createRevision: result.revision, modRevision: result.revision } : undefined;
  } finally {
    endWrite(value);
  }
}

/** Replaces `current` by an object of the stored `kind`: the same entry where nothing would change; undefined where somebody else was faster. */
export async function replace(
  store: Store,
  kind: KindDescription,
  current: Entry,
  object: AnyObject,
  { compare, writes } = alone,
): Promise<Entry | undefined> {
  const stored = storedForm(kind, object);
  const value = encodeStored(stored);
  if (value.length === current.value.length && (value.equals(current.value) || sameObject(stored, objectOf(current)))) return current;
  const { key, createRevision, modRevision } = current;
  const transaction: Transaction = { compare: [{ key, modRevision }, ...compare], writes: [{ type: 'put', key, value }, ...writes] };
  beginWrite(value, stored);
  try {
    const result = await store.transact(transaction);
    return result.ok ? { key, value, createRevision, modRevision: result.revision } : undefined;
  } finally {
    endWrite(value);
  }
}

/** What is written: in wire order, and a custom resource in its version of storage. */
function storedForm(kind: KindDescription, object: AnyObject): AnyObject {
  return inFieldOrder(kind, kind.custom?.toStorage(object) ?? object);
}

function sameObject(one: AnyObject, other: AnyObject): boolean {
  const version = { resourceVersion: '' };
  return sameValue({ ...one, metadata: { ...one.metadata, ...version } }, { ...other, metadata: { ...other.metadata, ...version } });
}

/** Removes `current`: the revision of the removal; undefined where somebody else was faster. */
export async function remove(store: Store, { key, modRevision }: Entry, { compare, writes } = alone): Promise<number | undefined> {
  const result = await store.transact({ compare: [{ key, modRevision }, ...compare], writes: [{ type: 'delete', key }, ...writes] });
  return result.ok ? result.revision : undefined;
}

/** How often a write that may start over does so before it gives up with a Conflict. */
export const triesBound = 64;

/** The reason of a Conflict when somebody else was faster. */
export const modifiedText = 'the object has been modified; please apply your changes to the latest version and try again';
