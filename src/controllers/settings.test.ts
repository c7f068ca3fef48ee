// Tests which controllers run by what was asked for.
import { expect, test } from 'vitest';
import { isEnabled } from './settings.ts';

test.each([
  [['*'], 'a', true],
  [['*', '-a'], 'a', false],
  [['-a', '*'], 'a', false],
  [['b'], 'a', false],
  [['a'], 'a', true],
])('controllers %j: does %s run? %s', (controllers, name, expected) => expect(isEnabled({ controllers }, name)).toBe(expected));
