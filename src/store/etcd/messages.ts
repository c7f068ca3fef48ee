// Owns the messages of etcd's v3 API that the engine speaks (etcdserverpb, by their field numbers): requests to bytes, answers to values.
import { fieldsOf, MessageWriter } from './wire.ts';

/** One key as etcd has it. `value` is a copy of its own. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** A range of keys, `end` exclusive; one key where `end` is absent. `revision`: as of then. */
export interface RangeRequest {
  readonly key: string;
  readonly end?: string;
  readonly limit?: number;
  readonly revision?: number;
}

/** `revision` is the store's newest, whatever revision was asked for. */
export interface RangeAnswer {
  readonly revision: number;
  readonly entries: readonly KeyValue[];
  readonly more: boolean;
}

/** Guards on mod revisions, what to write where all hold, and which keys to read where one does not. */
export interface TxnRequest {
  readonly compare: readonly { readonly key: string; readonly modRevision: number }[];
  readonly puts: readonly { readonly key: string; readonly value: Uint8Array }[];
  readonly deletes: readonly string[];
  readonly otherwiseRead: readonly string[];
}

/** `read` is there where a guard failed: in the order of `otherwiseRead`, undefined for keys that are not there. */
export interface TxnAnswer {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly read: readonly (KeyValue | undefined)[];
}

/** One change in a watch. A deletion has the revision at which it happened as its `modRevision`, and no value. */
export interface WatchedChange {
  readonly type: 'put' | 'delete';
  readonly entry: KeyValue;
}

/** One message of a watch. `compactRevision` above 0: what was asked for is gone. `fragment`: more of the same revision follows. */
export interface WatchAnswer {
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly changes: readonly WatchedChange[];
}

const modTarget = 2;

const rangeMessage = ({ key, end = '', limit = 0, revision = 0 }: RangeRequest): MessageWriter =>
  new MessageWriter().bytes(1, key).bytes(2, end).number(3, limit).number(4, revision);

/** KV/Range. */
export function encodeRange(request: RangeRequest): Buffer {
  return rangeMessage(request).finish();
}

/** KV/Txn. */
export function encodeTxn({ compare, puts, deletes, otherwiseRead }: TxnRequest): Buffer {
  const message = new MessageWriter();
  for (const { key, modRevision } of compare)
    message.message(1, new MessageWriter().number(2, modTarget).bytes(3, key).union(6, modRevision));
  for (const { key, value } of puts) message.message(2, new MessageWriter().message(2, new MessageWriter().bytes(1, key).bytes(2, value)));
  for (const key of deletes) message.message(2, new MessageWriter().message(3, new MessageWriter().bytes(1, key)));
  for (const key of otherwiseRead) message.message(3, new MessageWriter().message(1, rangeMessage({ key })));
  return message.finish();
}

/** KV/Compact. */
export function encodeCompaction(revision: number): Buffer {
  return new MessageWriter().number(1, revision).finish();
}

/** Watch/Watch: begins one. Answers may come in fragments. */
export function encodeWatch(start: string, end: string, startRevision: number): Buffer {
  const create = new MessageWriter().bytes(1, start).bytes(2, end).number(3, startRevision).number(8, 1);
  return new MessageWriter().message(1, create).finish();
}

function revisionOfHeader(bytes: Buffer): number {
  for (const { number, value } of fieldsOf(bytes)) if (number === 3) return value;
  return 0;
}

function keyValueOf(bytes: Buffer): KeyValue {
  let key = '';
  let value = Buffer.alloc(0);
  let [createRevision, modRevision] = [0, 0];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = field.bytes.toString();
    else if (field.number === 2) createRevision = field.value;
    else if (field.number === 3) modRevision = field.value;
    // A copy: a small value must not keep a large message alive.
    else if (field.number === 5) value = Buffer.from(field.bytes);
  }
  return { key, value, createRevision, modRevision };
}

/** The answer of KV/Range. */
export function decodeRange(bytes: Buffer): RangeAnswer {
  let revision = 0;
  let more = false;
  const entries: KeyValue[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) revision = revisionOfHeader(field.bytes);
    else if (field.number === 2) entries.push(keyValueOf(field.bytes));
    else if (field.number === 3) more = field.value !== 0;
  }
  return { revision, entries, more };
}

/** The answer of KV/Txn. */
export function decodeTxn(bytes: Buffer): TxnAnswer {
  let revision = 0;
  let succeeded = false;
  const read: (KeyValue | undefined)[] = [];
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) revision = revisionOfHeader(field.bytes);
    else if (field.number === 2) succeeded = field.value !== 0;
    else if (field.number === 3)
      for (const one of fieldsOf(field.bytes)) if (one.number === 1) read.push(decodeRange(one.bytes).entries[0]);
  }
  return { revision, succeeded, read: succeeded ? [] : read };
}

/** A message of Watch/Watch. */
export function decodeWatch(bytes: Buffer): WatchAnswer {
  const answer = { created: false, canceled: false, compactRevision: 0, cancelReason: '', fragment: false };
  const changes: WatchedChange[] = [];
  for (const field of fieldsOf(bytes)) {
    switch (field.number) {
      case 3:
        answer.created = field.value !== 0;
        break;
      case 4:
        answer.canceled = field.value !== 0;
        break;
      case 5:
        answer.compactRevision = field.value;
        break;
      case 6:
        answer.cancelReason = field.bytes.toString();
        break;
      case 7:
        answer.fragment = field.value !== 0;
        break;
      case 11: {
        let type: WatchedChange['type'] = 'put';
        let entry: KeyValue | undefined;
        for (const one of fieldsOf(field.bytes)) {
          if (one.number === 1 && one.value === 1) type = 'delete';
          else if (one.number === 2) entry = keyValueOf(one.bytes);
        }
        if (entry !== undefined) changes.push({ type, entry });
      }
    }
  }
  return { ...answer, changes };
}
