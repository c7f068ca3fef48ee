// Tests how nodes' shares of the pod ranges are given out and taken back.
import { expect, test } from 'vitest';
import { NodeRanges } from './plan.ts';

const masks = { 4: 24, 6: 64 };

test('shares of the pod range go round, and one that was given back rests', () => {
  const ranges = new NodeRanges('10.42.0.0/22', masks);
  ranges.occupy('10.42.1.0/24');
  expect([ranges.take(), ranges.take()]).toEqual([['10.42.0.0/24'], ['10.42.2.0/24']]);
  ranges.release('10.42.0.0/24');
  expect([ranges.take(), ranges.take(), ranges.take()]).toEqual([['10.42.3.0/24'], ['10.42.0.0/24'], undefined]);
  expect(() => new NodeRanges('10.42.0.0/24', { 4: 16, 6: 64 })).toThrow(RangeError);
  expect(() => new NodeRanges('fd42::/32', masks)).toThrow(RangeError);
});

test('with two ranges a node has a share of each, or none', () => {
  const ranges = new NodeRanges('fd42::/63,10.42.0.0/16', masks);
  expect(ranges.take()).toEqual(['fd42::/64', '10.42.0.0/24']);
  expect(ranges.take()).toEqual(['fd42:0:0:1::/64', '10.42.1.0/24']);
  expect(ranges.take()).toBeUndefined();
  ranges.release('fd42::/64');
  expect(ranges.take()).toEqual(['fd42::/64', '10.42.2.0/24']);
});

test('a range wider than all shares takes them all', () => {
  const ranges = new NodeRanges('fd42::/60', masks);
  ranges.occupy('fd42::/32');
  expect(ranges.take()).toBeUndefined();
});
