// Owns the tests of quantities: spellings as upstream keeps and changes them, rounding, arithmetic.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  milliValue,
  parseQuantity,
  QuantityError,
  subtractQuantity,
  value,
} from './quantity.ts';

describe('spelling', () => {
  test.each([
    ['1e3', '1e3'],
    ['1E3', '1E3'],
    ['+1', '+1'],
    ['1.', '1.'],
    ['0.1', '100m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['12e-1', '1200e-3'],
    ['1024Ei', '9223372036854775807'],
    ['1000', '1k'],
    ['0.5Ki', '512'],
    ['100Ki', '100Ki'],
    ['-1500m', '-1500m'],
  ])('%s becomes %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));
});

test.each(['', 'abc', '1KB', '1 Gi', '1e', '.', 'Gi', '1e99999'])('%j is refused', (text) => {
  expect(() => parseQuantity(text)).toThrow(QuantityError);
});

test.each([
  ['100m', 100, 1],
  ['1.5', 1500, 2],
  ['1u', 1, 1],
  ['-1500m', -1500, -2],
  ['2Gi', 2147483648000, 2147483648],
])('%s is %i thousandths and %i units, rounded away from zero', (text, milli, units) => {
  expect([milliValue(text), value(text)]).toEqual([milli, units]);
});

test('sums and differences keep the family of suffixes', () => {
  expect(formatQuantity(addQuantity('1Gi', '512Mi'))).toBe('1536Mi');
  expect(formatQuantity(subtractQuantity('1', '250m'))).toBe('750m');
  expect(formatQuantity(addQuantity('0', '1Gi'))).toBe('1Gi');
});

test('a canonical spelling means the same amount and is its own canonical spelling', () => {
  const suffixes = fc.constantFrom('', 'm', 'u', 'n', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E-2');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 9 }), suffixes, (number, suffix) => {
      const canonical = canonicalQuantity(`${number}${suffix}`);
      expect(compareQuantity(canonical, `${number}${suffix}`)).toBe(0);
      expect(canonicalQuantity(canonical)).toBe(canonical);
    }),
    { numRuns: 300 },
  );
});
