// Owns the proof that what is taken for JSON is what its text says.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isJson } from './is-json.ts';

test('what its text says again is JSON, and nothing else is', () => {
  fc.assert(
    fc.property(
      fc.anything({ withDate: true, withNullPrototype: true, withSparseArray: true, withTypedArray: true, maxDepth: 4 }),
      (value) => {
        if (!isJson(value)) return;
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      },
    ),
  );
  fc.assert(fc.property(fc.jsonValue(), (value) => isJson(JSON.parse(JSON.stringify(value)))));
});

test.each([
  ['a member that is undefined', { a: undefined }],
  ['an item that is undefined', [undefined]],
  ['a hole', new Array(1)],
  ['a date', { a: new Date(0) }],
  ['what spells itself', { toJSON: () => 1 }],
  ['no number', Number.NaN],
  ['a negative zero', -0],
  ['a map', new Map()],
])('%s is none', (_, value) => {
  expect(isJson(value)).toBe(false);
});

test('what is too deep is none, a circle included', () => {
  const circle: Record<string, unknown> = {};
  circle['a'] = circle;
  expect(isJson(circle)).toBe(false);
});
