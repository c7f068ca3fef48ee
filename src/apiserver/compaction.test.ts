// Owns what is forgotten when: the pure decision as a table, and the loop on a virtual clock.
import { expect, test } from 'vitest';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import { memoryStore } from '../store/memory.ts';
import { compactTo, keepCompacting } from './compaction.ts';

const minute = 60_000;

test.each([
  ['nothing is old enough', [{ atMs: 0, revision: 10 }], 4 * minute, 20, 0, undefined],
  [
    'what is older than five minutes goes',
    [
      { atMs: 0, revision: 10 },
      { atMs: minute, revision: 15 },
    ],
    5 * minute,
    20,
    0,
    10,
  ],
  ['nothing is forgotten twice', [{ atMs: 0, revision: 10 }], 9 * minute, 20, 10, undefined],
  ['a flood is cut before its time', [{ atMs: 0, revision: 10 }], minute, 300_000, 10, 250_000],
])('%s', (_, samples, nowMs, revision, compacted, target) => {
  expect(compactTo(samples, nowMs, revision, compacted)).toBe(target);
});

test('the loop keeps five minutes', async () => {
  const clock = new VirtualClock();
  const store = memoryStore();
  const write = (): Promise<unknown> => store.transact({ compare: [], writes: [{ type: 'put', key: '/a', value: new Uint8Array() }] });
  using _compacting = keepCompacting(store, clock, silentLog);
  await write();
  await clock.advance(minute);
  expect(store.compactedRevision).toBe(0);
  const before = store.revision;
  await clock.advance(minute);
  await write();
  await clock.advance(4.5 * minute);
  expect(store.compactedRevision).toBe(before);
});
