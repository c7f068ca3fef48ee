// Owns proving that OrderedKeys behaves as a sorted set, across many chunks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedKeys } from './ordered-keys.ts';

test('adding and removing any keys leaves what sorting a set would', () => {
  const key = fc.integer({ min: 0, max: 3000 }).map((n) => `/k${n}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 4000, minLength: 2000 }), key, key, (steps, start, end) => {
      const keys = new OrderedKeys();
      const model = new Set<string>();
      for (const [add, name] of steps) {
        if (add) keys.add(name);
        else keys.remove(name);
        if (add) model.add(name);
        else model.delete(name);
      }
      const expected = [...model].sort().filter((name) => name >= start && name < end);
      expect([...keys.range(start, end)]).toEqual(expected);
      expect(keys.count(start, end)).toBe(expected.length);
    }),
    { numRuns: 15 },
  );
});
