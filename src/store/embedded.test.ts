// Owns proving that the embedded engine keeps the store's contract, and what only a disk can show: reopening, damage, two owners.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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

const rowsOf = (path: string): readonly string[] => {
  const db = new DatabaseSync(path);
  const rows = db.prepare('SELECT place, key, value FROM rows ORDER BY place').all();
  db.close();
  return rows.map(({ place, key, value }) => `${Number(place) / 128} ${key}${value === null ? ' gone' : ''}`);
};

test('compaction drops what was superseded and the deletions, and keeps what is present', async () => {
  const path = fresh();
  const store = await openEmbedded(path);
  for (const key of ['/a', '/b', '/a', '/a']) await write(store, key, key);
  await store.transact({ compare: [], writes: [{ type: 'delete', key: '/b' }] });
  await store.compact(4);
  await store.close();
  expect(rowsOf(path)).toEqual(['3 /b', '4 /a', '5 /a', '6 /b gone']);
  const again = await openEmbedded(path);
  await again.compact(6);
  await again.close();
  expect(rowsOf(path)).toEqual(['5 /a']);
  const third = await openEmbedded(path);
  expect([third.revision, third.compactedRevision, show(third)]).toEqual([6, 6, ['/a=/a@2/5']]);
  await third.close();
});

test('rows that an interrupted compaction left are dropped by the next start', async () => {
  const path = fresh();
  const store = await openEmbedded(path);
  for (const value of ['1', '2', '3']) await write(store, '/a', value);
  await store.close();
  const db = new DatabaseSync(path);
  db.exec("UPDATE meta SET number = 3 WHERE name = 'compacted'");
  db.close();
  const again = await openEmbedded(path);
  expect(past(again, 3)).toEqual(['4 /a=3 was 2@3']);
  await again.close();
  expect(rowsOf(path)).toEqual(['3 /a', '4 /a']);
});

test('a file of the first format is taken over with its past', async () => {
  const path = fresh();
  const db = new DatabaseSync(path);
  db.exec(`
    CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE changes (revision INTEGER NOT NULL, key TEXT NOT NULL, value BLOB, created INTEGER NOT NULL, PRIMARY KEY (revision, key)) WITHOUT ROWID;
    CREATE TABLE before (key TEXT NOT NULL, value BLOB NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, PRIMARY KEY (key, modified)) WITHOUT ROWID;
    CREATE TABLE meta (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('revision', 6), ('compacted', 3);
    INSERT INTO entries VALUES ('/a', CAST('2' AS BLOB), 2, 4), ('/b', CAST('1' AS BLOB), 3, 3), ('/d', CAST('1' AS BLOB), 6, 6);
    INSERT INTO before VALUES ('/a', CAST('1' AS BLOB), 2, 2), ('/c', CAST('1' AS BLOB), 3, 3);
    INSERT INTO changes VALUES (4, '/a', CAST('2' AS BLOB), 2), (5, '/c', NULL, 3), (6, '/d', CAST('1' AS BLOB), 6);
    PRAGMA user_version = 1;`);
  db.close();
  const store = await openEmbedded(path);
  expect([store.revision, store.compactedRevision]).toEqual([6, 3]);
  expect(show(store)).toEqual(['/a=2@2/4', '/b=1@3/3', '/d=1@6/6']);
  expect(past(store, 3)).toEqual(['4 /a=2 was 1@2', '5 /c gone was 1@3', '6 /d=1']);
  await store.close();
});
