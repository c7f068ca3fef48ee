// Owns proving that a collection follows a start, and what makes another one worth its while.
import { expect, test, vi } from 'vitest';
import { giveBackMemory, worthCollecting } from './give-back-memory.ts';

const garbage = (): WeakRef<object> => new WeakRef(Array.from({ length: 1000 }, (_, index) => ({ index })));

test('what nobody holds is gone shortly after', async () => {
  const held = garbage();
  using _ = giveBackMemory();
  // Only whether: a failed expectation would hold what it was about.
  await vi.waitFor(() => expect(held.deref() === undefined).toBe(true), { timeout: 50_000, interval: 200 });
});

const megabytes = (used: number, left: number, busyShare: number) => ({ usedBytes: used * 1e6, leftBytes: left * 1e6, busyShare });

test.each([
  ['a burst is over', megabytes(250, 60, 0.01), true],
  ['a burst is under way', megabytes(250, 60, 0.5), false],
  ['little has come', megabytes(85, 60, 0.01), false],
  ['little beside what stays', megabytes(240, 200, 0.01), false],
])('collecting when %s', (_, look, worth) => {
  expect(worthCollecting(look)).toBe(worth);
});
