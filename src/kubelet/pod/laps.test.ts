// Owns the proof that what leads back to itself is slowed down, and nothing else is.
import { expect, test } from 'vitest';
import { Laps } from './laps.ts';

test('twenty beginnings within a second are fine, the next one waits, and a second later all is forgotten', () => {
  let nowMs = 0;
  const laps = new Laps({ now: () => nowMs });
  expect(Array.from({ length: 20 }, () => laps.tooMany('deletePod')).some((many) => many)).toBe(false);
  expect(laps.tooMany('deletePod')).toBe(true);
  expect(laps.tooMany('volumes')).toBe(false);
  nowMs = 1000;
  expect(laps.tooMany('deletePod')).toBe(false);
});
