// Owns the proof of watches: what a selector sees, where they begin, that they end for the slow.
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/memory.ts';
import type { Entry, Store } from '../../store/store.ts';
import { transitionOf } from './transition.ts';
import { WatchFeed } from './watch-feed.ts';

test.each([
  [false, true, 'ADDED'],
  [true, true, 'MODIFIED'],
  [true, false, 'DELETED'],
  [false, false, undefined],
])('matched before: %s, now: %s → %s', (before, now, type) => {
  expect(transitionOf(before, now)).toBe(type);
});

const range = { start: '/a/', end: '/a0' };

async function put(store: Store, key: string, text: string): Promise<void> {
  await store.transact({ compare: [], writes: [{ type: 'put', key, value: Buffer.from(text) }] });
}

function seen(feed: WatchFeed): readonly string[] {
  return feed.take().map((change) => (change.type === 'BOOKMARK' ? `BOOKMARK ${change.revision}` : `${change.type} ${change.entry.key}`));
}

describe('a feed', () => {
  test('tells what is there, its end, and what comes', async () => {
    const store = memoryStore();
    await put(store, '/a/1', 'x');
    await put(store, '/b/1', 'x');
    const initial = store.range(range).entries;
    const feed = new WatchFeed(store, { range, afterRevision: store.revision, initial, initialEnd: true, matches: undefined });
    await put(store, '/a/2', 'x');
    expect(seen(feed)).toEqual(['ADDED /a/1']);
    expect(seen(feed)).toEqual(['BOOKMARK 3']);
    expect(seen(feed)).toEqual(['ADDED /a/2']);
    feed.bookmark();
    expect(seen(feed)).toEqual(['BOOKMARK 4']);
  });

  test('shows what leaves a selection as it was', async () => {
    const store = memoryStore();
    const matches = (entry: Entry): boolean => Buffer.from(entry.value).toString() === 'in';
    const feed = new WatchFeed(store, { range, afterRevision: store.revision, initial: [], initialEnd: false, matches });
    for (const text of ['out', 'in', 'out', 'in']) await put(store, '/a/1', text);
    expect(seen(feed)).toEqual(['ADDED /a/1', 'DELETED /a/1', 'ADDED /a/1']);
  });

  test('is cut off where nobody reads it', async () => {
    const store = memoryStore();
    const feed = new WatchFeed(store, { range, afterRevision: store.revision, initial: [], initialEnd: false, matches: undefined });
    for (let index = 0; index < 16_500 && !feed.closed; index++) await put(store, `/a/${index % 10}`, String(index));
    expect(feed.closed).toBe(true);
    expect(await feed.next()).toBeUndefined();
  });
});
