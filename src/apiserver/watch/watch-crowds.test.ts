// Owns the proof that watches which share a field are told what a watch alone would be: from the past on, what comes, moves and goes.
import { expect, test } from 'vitest';
import { memoryStore } from '../../store/memory.ts';
import type { Entry, Store } from '../../store/store.ts';
import { WatchCrowds } from './watch-crowds.ts';
import { WatchFeed } from './watch-feed.ts';

const range = { start: '/a/', end: '/a0' };
const textOf = ({ value }: Entry): string => Buffer.from(value).toString();

async function put(store: Store, key: string, text: string): Promise<void> {
  await store.transact({ compare: [], writes: [{ type: 'put', key, value: Buffer.from(text) }] });
}

function feedOf(store: Store, crowds: WatchCrowds | undefined, value: string, afterRevision: number, of = textOf): WatchFeed {
  const matches = (entry: Entry): boolean => textOf(entry) === value;
  return new WatchFeed(store, { range, afterRevision, initial: [], initialEnd: false, matches, share: { field: 'f', value, of } }, crowds);
}

const seen = (feed: WatchFeed): readonly string[] =>
  feed.take().map((change) => (change.type === 'BOOKMARK' ? 'BOOKMARK' : `${change.type} ${change.entry.key} ${change.revision}`));

test('each value is told what a watch alone is told', async () => {
  const store = memoryStore();
  const crowds = new WatchCrowds();
  await put(store, '/a/old', 'x');
  const values = ['x', 'y', 'z'];
  const together = values.map((value) => feedOf(store, crowds, value, 1));
  const alone = values.map((value) => feedOf(store, undefined, value, 1));
  for (const [key, text] of [
    ['/a/1', 'x'],
    ['/a/2', 'y'],
    ['/a/1', 'y'],
    ['/b/1', 'x'],
    ['/a/old', 'x'],
    ['/a/old', 'nobody asks for this'],
    ['/a/2', 'x'],
  ] as const)
    await put(store, key, text);
  await store.transact({ compare: [], writes: [{ type: 'delete', key: '/a/1' }] });
  const told = together.map(seen);
  expect(told).toEqual(alone.map(seen));
  expect(told).toEqual([
    ['ADDED /a/old 2', 'ADDED /a/1 3', 'DELETED /a/1 5', 'MODIFIED /a/old 7', 'DELETED /a/old 8', 'ADDED /a/2 9'],
    ['ADDED /a/2 4', 'ADDED /a/1 5', 'DELETED /a/2 9', 'DELETED /a/1 10'],
    [],
  ]);
});

test('a field is read once a change, however many watch; who joins later hears nothing twice; who leaves hears no more', async () => {
  const store = memoryStore();
  const crowds = new WatchCrowds();
  let reads = 0;
  const of = (entry: Entry): string => {
    reads++;
    return textOf(entry);
  };
  const feeds = Array.from({ length: 50 }, (_, index) => feedOf(store, crowds, `v${index}`, 1, of));
  await put(store, '/a/1', 'v7');
  const late = feedOf(store, crowds, 'v7', 1, of);
  await put(store, '/a/1', 'v8');
  expect(reads).toBe(2);
  expect(seen(late)).toEqual(['ADDED /a/1 2', 'DELETED /a/1 3']);
  for (const feed of [...feeds, late]) feed.close();
  await put(store, '/a/1', 'v7');
  expect(reads).toBe(2);
  expect(seen(feeds[7] as WatchFeed)).toEqual(['ADDED /a/1 2', 'DELETED /a/1 3']);
});
