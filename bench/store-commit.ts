// Owns durable writes a second of the embedded store, 64 writers, beside bare SQLite doing the same in one thread and one commit a write.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openEmbedded } from '../src/store/embedded.ts';

const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
const value = new Uint8Array(2048).fill(97);
const count = 20_000;

async function ours(writers: number): Promise<number> {
  const store = await openEmbedded(join(dir, `ours-${writers}.db`));
  let next = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let i = next++; i < count; i = next++)
        await store.transact({ compare: [{ key: `/k/${i}`, modRevision: 0 }], writes: [{ type: 'put', key: `/k/${i}`, value }] });
    }),
  );
  const perSecond = count / ((performance.now() - startMs) / 1000);
  await store.close();
  return perSecond;
}

function bare(): number {
  const db = new DatabaseSync(join(dir, 'bare.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID');
  const put = db.prepare('INSERT INTO entries VALUES (?, ?)');
  const startMs = performance.now();
  for (let i = 0; i < 5000; i++) put.run(`/k/${i}`, value);
  const perSecond = 5000 / ((performance.now() - startMs) / 1000);
  db.close();
  return perSecond;
}

const one = bare();
const grouped = await ours(64);
rmSync(dir, { recursive: true, force: true });
console.log(`bare SQLite, one commit a write: ${Math.round(one)}/s; embedded store, 64 writers: ${Math.round(grouped)}/s`);
console.log(`store-commit: ${(grouped / one).toFixed(2)} times bare SQLite`);
