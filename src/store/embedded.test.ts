// Owns proving that the embedded engine keeps the store's contract, and what only a disk can show: reopening, damage, two owners.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { storeConformance } from './conformance.ts';
import { openEmbedded } from './embedded.ts';
import { prefixEnd, type Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'peapod-store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = (): string => join(folder, `${files++}.db`);
const everything = { start: '/', end: prefixEnd('/') };
const write = (store: Store, key: string, value: string): Promise<unknown> =>
  store.transact({ compare: [], writes: [{ type: 'put', key, value: new TextEncoder().encode(value) }] });
const show = (store: Store): readonly string[] =>
  store
    .range(everything)
    .entries.map((entry) => `${entry.key}=${new TextDecoder().decode(entry.value)}@${entry.createRevision}/${entry.modRevision}`);
const past = (store: Store, after: number): readonly string[] => {
  const seen: string[] = [];
  store
    .watch(everything, after, (events) => {
      for (const event of events) {
        const value = event.type === 'put' ? `=${new TextDecoder().decode(event.entry.value)}` : ' gone';
        const was =
          event.previous === undefined ? '' : ` was ${new TextDecoder().decode(event.previous.value)}@${event.previous.modRevision}`;
        seen.push(`${event.revision} ${event.type === 'put' ? event.entry.key : event.key}${value}${was}`);
      }
    })
    [Symbol.dispose]();
  return seen;
};

storeConformance('embedded', () => openEmbedded(fresh()));

test('what was acknowledged is there after reopening: entries, revision, and the past since compaction', async () => {
  const path = fresh();
  const first = await openEmbedded(path);
  await write(first, '/a', '1');
  await write(first, '/b', '1');
  await write(first, '/c', '1');
  await first.compact(4);
  await write(first, '/a', '2');
  await first.transact({ compare: [], writes: [{ type: 'delete', key: '/b' }] });
  await write(first, '/b', '3');
  const [shown, watched] = [show(first), past(first, 4)];
  await first.close();
  const second = await openEmbedded(path);
  expect([second.revision, second.compactedRevision]).toEqual([7, 4]);
  expect(show(second)).toEqual(shown);
  expect(past(second, 4)).toEqual(watched);
  await second.compact(5);
  await write(second, '/c', '4');
  const again = past(second, 5);
  await second.close();
  const third = await openEmbedded(path);
  expect(past(third, 5)).toEqual(again);
  expect(again).toEqual(['6 /b gone was 1@3', '7 /b=3', '8 /c=4 was 1@4']);
  await third.close();
});

test('a second owner is refused and told what to do', async () => {
  const path = fresh();
  const owner = await openEmbedded(path);
  await write(owner, '/a', '1');
  await expect(openEmbedded(path)).rejects.toThrow(/in use by another process.*peapod down/);
  await owner.close();
});

test('a damaged file is refused, named, and left as it is', async () => {
  const path = fresh();
  writeFileSync(path, 'this is no database, and long enough to be told from an empty one '.repeat(40));
  await expect(openEmbedded(path)).rejects.toThrow(new RegExp(`${path} cannot be read .*backup`));
});
