// Where resourceVersion stands in stored bytes, in lists and in memory.
import { expect, test } from 'vitest';
import type { AnyObject } from '../api/object.ts';
import { beginWrite, encodeStored, endWrite, itemLengthOf, jsonOf, labelsOf, objectOf, writeItem } from './stored-object.ts';

const object = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'n', namespace: 'd', uid: 'u-1', annotations: { text: ',"uid":"no","metadata":{' } },
  data: { k: 'v' },
} as unknown as AnyObject;
const entry = { key: '/k', value: encodeStored(object), createRevision: 7, modRevision: 7 };
const metadata =
  '"metadata":{"name":"n","namespace":"d","uid":"u-1","resourceVersion":"7","annotations":{"text":",\\"uid\\":\\"no\\",\\"metadata\\":{"}},"data":{"k":"v"}}';

test('the version stands behind the uid', () => {
  expect(jsonOf(entry).toString()).toBe(`{"kind":"ConfigMap","apiVersion":"v1",${metadata}`);
  expect(jsonOf(entry, 12, '\n').toString()).toBe(`{"kind":"ConfigMap","apiVersion":"v1",${metadata}\n`.replace('"7"', '"12"'));
});

test('an item of a list shows neither kind nor apiVersion', () => {
  const target = Buffer.alloc(itemLengthOf(entry));
  expect(writeItem(entry, target, 0)).toBe(target.length);
  expect(target.toString()).toBe(`{${metadata}`);
});

test('in-process readers see the version in the same place', () => {
  expect(JSON.stringify(objectOf(entry))).toBe(jsonOf(entry).toString());
});

test('kind, apiVersion and metadata come first even where members are numbers, and every character is kept', () => {
  const { data: _, ...bare } = object as unknown as Readonly<Record<string, unknown>>;
  const odd = { ...bare, 7: 'seven', text: 'grün €𝄞' } as unknown as AnyObject;
  const value = encodeStored(odd);
  expect(value.toString()).toMatch(/^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"n".*\},"7":"seven","text":"grün €𝄞"\}$/);
  for (let count = 0; count < 3000; count++) expect(encodeStored(odd).equals(value)).toBe(true);
});

const labels = { 'app.kubernetes.io/name': 'n', empty: '' };
test.each<readonly [string, object, object, object]>([
  ['of the object', { labels }, { data: {} }, labels],
  ['none', {}, { data: {} }, {}],
  ['none that are empty', { labels: {} }, {}, {}],
  ['not those of a template', {}, { spec: { template: { metadata: { name: 't', labels } } } }, {}],
  ['not those in a text', { annotations: { text: ',"labels":{"a":"b"}' } }, {}, {}],
  ['not a text that ends like one', { name: 'x}', annotations: { text: '}' } }, { labels }, {}],
])('labels read without the rest: %s', (_, more, rest, expected) => {
  const value = encodeStored({
    kind: 'Thing',
    apiVersion: 'v1',
    metadata: { name: 'n', uid: 'u', ...more },
    ...rest,
  } as unknown as AnyObject);
  // As after a restart: nobody has seen the object.
  expect(labelsOf({ key: '/k', value: Buffer.from(value), createRevision: 1, modRevision: 1 })).toEqual(expected);
});

test('of thousands under way each is what was written, not read again; and so is the last once it is on disk', () => {
  const writes = Array.from({ length: 3000 }, (_, index) => {
    const made = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: `n-${index}`, uid: `u-${index}` }, data: { k: 'v'.repeat(500) } };
    const value = encodeStored(made as unknown as AnyObject);
    beginWrite(value, made as unknown as AnyObject);
    return { made, entry: { key: `/${index}`, value, createRevision: index, modRevision: index } };
  });
  const last = writes.pop();
  for (const { made, entry } of writes) expect(objectOf(entry)['data']).toBe(made.data);
  for (const { entry } of writes) endWrite(entry.value);
  if (last === undefined) throw new Error('nothing was written');
  endWrite(last.entry.value);
  expect(objectOf(last.entry)['data']).toBe(last.made.data);
});
