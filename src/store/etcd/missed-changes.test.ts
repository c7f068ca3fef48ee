// Proves what is made of two looks at the same keys with something unheard between.
import { expect, test } from 'vitest';
import type { Entry } from '../store.ts';
import { changesBetween } from './missed-changes.ts';

const entry = (key: string, createRevision: number, modRevision: number): Entry => ({
  key,
  value: Buffer.from('x'),
  createRevision,
  modRevision,
});
const told = (before: readonly Entry[], after: readonly Entry[], from: number, to: number): readonly string[] =>
  changesBetween(before, after, from, to).map((events) =>
    events.map((event) => `${event.revision} ${event.type} ${event.type === 'put' ? event.entry.key : event.key}`).join(', '),
  );

test.each([
  ['nothing', [entry('/a', 2, 3)], [entry('/a', 2, 3)], []],
  ['a change', [entry('/a', 2, 3)], [entry('/a', 2, 12)], ['12 put /a']],
  ['a new key', [], [entry('/a', 11, 12)], ['12 put /a']],
  ['a deletion', [entry('/a', 2, 3)], [], ['20 delete /a']],
  ['a key that was made anew', [entry('/a', 2, 3)], [entry('/a', 14, 16)], ['13 delete /a', '16 put /a']],
  ['two at one revision', [], [entry('/a', 12, 12), entry('/b', 12, 12)], ['12 put /a, 12 put /b']],
  ['out of key order', [], [entry('/a', 15, 15), entry('/b', 12, 12)], ['12 put /b', '15 put /a']],
])('%s', (_, before, after, expected) => {
  expect(told(before, after, 10, 20)).toEqual(expected);
});
