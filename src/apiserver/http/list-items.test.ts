// Owns proving that a long list is put together once for those who ask for the same, and anew as soon as one item is another.
import { expect, test } from 'vitest';
import type { Entry } from '../../store/store.ts';
import { encodeStored } from '../stored-object.ts';
import { type ListItems, listItems } from './list-items.ts';

function entry(index: number, revision: number, bytes: number): Entry {
  const metadata = {
    name: `c${index}`,
    namespace: 'default',
    uid: `u${index}`,
    creationTimestamp: '2026-01-01T00:00:00Z',
    resourceVersion: '',
  };
  const value = encodeStored({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { blob: 'x'.repeat(bytes) } });
  return { key: `/c${index}`, value, createRevision: revision, modRevision: revision };
}

const entriesOf = (count: number, bytes: number): Entry[] => Array.from({ length: count }, (_, index) => entry(index, index + 2, bytes));
const textOf = ({ blocks }: ListItems): string => Buffer.concat([...blocks]).toString();
const versionsIn = (text: string): readonly string[] =>
  (JSON.parse(`[${text}]`) as { readonly metadata: { readonly resourceVersion: string } }[]).map((item) => item.metadata.resourceVersion);

test.each([
  ['none', 0, 10],
  ['a few', 3, 10],
  ['many', 900, 2000],
  ['some that are longer than a block', 2, 700_000],
])('items of a list with %s', (_, count, bytes) => {
  const entries = entriesOf(count, bytes);
  const items = listItems(entries);
  const text = textOf(items);
  expect(text.length).toBe(items.size);
  expect(versionsIn(text)).toEqual(entries.map(({ modRevision }) => String(modRevision)));
});

test('whoever asks for the same entries gets the same bytes; one that changed makes them anew', () => {
  const entries = entriesOf(500, 2000);
  const text = textOf(listItems(entries));
  const [again, more] = [listItems([...entries]), listItems([...entries])];
  expect([...again.blocks][0]).toBe([...more.blocks][0]);
  expect(textOf(again)).toBe(text);
  const later = entries.with(499, entry(499, 9_000, 2000));
  const changed = textOf(listItems(later));
  expect(versionsIn(changed).at(-1)).toBe('9000');
  expect(textOf(listItems(later.slice(1)))).toBe(changed.slice(changed.indexOf('},{') + 2));
});

test('readers who stop midway are no reason to keep nothing for those who come after', () => {
  const entries = entriesOf(600, 2000);
  for (let reader = 0; reader < 5; reader++) for (const _ of listItems(entries).blocks) break;
  const [first] = [...listItems(entries).blocks];
  expect([...listItems(entries).blocks][0]).toBe(first);
});
