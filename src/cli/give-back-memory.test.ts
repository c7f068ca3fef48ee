// Owns proving that a collection follows a start.
import { expect, test, vi } from 'vitest';
import { giveBackMemory } from './give-back-memory.ts';

const garbage = (): WeakRef<object> => new WeakRef(Array.from({ length: 1000 }, (_, index) => ({ index })));

test('what nobody holds is gone shortly after', async () => {
  const held = garbage();
  giveBackMemory();
  // Only whether: a failed expectation would hold what it was about.
  await vi.waitFor(() => expect(held.deref() === undefined).toBe(true), { timeout: 10_000, interval: 200 });
});
