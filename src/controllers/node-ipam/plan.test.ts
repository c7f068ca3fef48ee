// Tests how nodes' shares of the pod range are given out and taken back.
import { expect, test } from 'vitest';
import { NodeRanges } from './plan.ts';

test('shares of the pod range go round, and one that was given back rests', () => {
  const ranges = new NodeRanges('10.42.0.0/22', 24);
  ranges.occupy('10.42.1.0/24');
  expect([ranges.take(), ranges.take()]).toEqual(['10.42.0.0/24', '10.42.2.0/24']);
  ranges.release('10.42.0.0/24');
  expect([ranges.take(), ranges.take(), ranges.take()]).toEqual(['10.42.3.0/24', '10.42.0.0/24', undefined]);
  expect(() => new NodeRanges('10.42.0.0/24', 16)).toThrow(RangeError);
});
