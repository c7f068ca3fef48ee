// Owns proving that the memory engine keeps the store's contract.
import { expect, test } from 'vitest';
import { storeConformance } from './conformance.ts';
import { memoryStore } from './memory.ts';

storeConformance('memory', async () => memoryStore());

test('an empty store is at revision 1', () => {
  expect(memoryStore().revision).toBe(1);
});
