// Tests how long nodes may keep what they read, by the size of the cluster.
import { expect, test } from 'vitest';
import { secondsOf, stepFor } from './plan.ts';

test.each([
  [1, 0, '0'],
  [100, 0, '0'],
  [101, 0, '15'],
  [95, 1, '15'],
  [89, 1, '0'],
  [3000, 0, '300'],
])('%i nodes, coming from step %i: %s seconds', (nodes, from, seconds) => expect(secondsOf(stepFor(nodes, from))).toBe(seconds));
