// Proves the regular expressions: RE2's syntax and preferences, Go's refusals, and that no expression makes matching slow.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Regex } from './regex.ts';

test.each([
  ['^[a-z]+$', 'abc', true],
  ['^[a-z]+$', 'a c', false],
  ['a|b', 'xbx', true],
  ['^(a|ab)(c|bcd)$', 'abcd', true],
  ['(?i)ABC', 'xabcx', true],
  ['^\\d{2,3}$', '1234', false],
  ['^\\d{2,3}$', '123', true],
  ['^[[:alpha:]_]+$', 'a_b', true],
  ['\\bfoo\\b', 'a foo b', true],
  ['\\bfoo\\b', 'afoo', false],
  ['^\\pL+$', 'äß', true],
  ['^.$', '😀', true],
  ['^$', '', true],
  ['^a.b$', 'a\nb', false],
  ['(?s)^a.b$', 'a\nb', true],
  ['\\Qa.b\\E', 'a.b', true],
  ['\\Qa.b\\E', 'axb', false],
  ['^a{,2}$', 'a{,2}', true],
  ['^(?:x(?i:y)z)$', 'xYz', true],
  ['^[^\\]]$', ']', false],
  ['^[]a]$', ']', true],
  ['(?i)^[^a]$', 'A', false],
])('%s on %j: %s', (source, text, expected) => expect(new Regex(source).test(text)).toBe(expected));

test.each([
  ['a+', 'baaac', 'aaa'],
  ['a+?', 'baaac', 'a'],
  ['(a|ab)', 'ab', 'a'],
  ['x*', 'aaa', ''],
])('%s finds in %s: %j', (source, text, expected) => {
  const found = new Regex(source).find(text);
  expect(text.slice(found?.start, found?.end)).toBe(expected);
});

test('all matches, one after the other', () => {
  expect(new Regex('\\d+').findAll('1 22 333', 2)).toEqual(['1', '22']);
  expect(new Regex('a*').findAll('baac', 10)).toEqual(['', 'aa', '']);
});

test.each([
  ['a(b', 'missing closing ): `a(b`'],
  ['a)b', 'unexpected ): `a)b`'],
  ['[a', 'missing closing ]: `[a`'],
  ['*a', 'missing argument to repetition operator: `*`'],
  ['a**', 'invalid nested repetition operator: `**`'],
  ['\\y', 'invalid escape sequence: `\\y`'],
  ['a{1001}', 'invalid repeat count: `{1001}`'],
  ['[z-a]', 'invalid character class range: `z-a`'],
  ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
  ['a\\', 'trailing backslash at end of expression: ``'],
])('%s is refused', (source, why) => expect(() => new Regex(source)).toThrow(`error parsing regexp: ${why}`));

describe('whatever comes', () => {
  test('hard expressions take no longer', () => {
    expect(new Regex('^(a+)+$').test(`${'a'.repeat(5000)}!`)).toBe(false);
    expect(new Regex('(x+x+)+y').test('x'.repeat(2000))).toBe(false);
  });

  test('any text is an expression or a syntax error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|^$\\.,-01:=<>P!dwpLi'), maxLength: 20 }),
        fc.string(),
        (source, text) => {
          try {
            new Regex(source).test(text);
          } catch (error) {
            expect((error as Error).name).toBe('RegexSyntaxError');
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('agrees with the engine of the platform where both understand', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(?:ab)', 'a?', 'b*', 'a+', '(a*b)?', 'a{1,2}');
    fc.assert(
      fc.property(fc.array(atom, { maxLength: 5 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 }), (atoms, text) => {
        const source = atoms.join('');
        expect(new Regex(`^${source}$`).test(text)).toBe(new RegExp(`^${source}$`, 'u').test(text));
        const match = new RegExp(source, 'u').exec(text);
        const found = new Regex(source).find(text);
        expect(found === undefined ? undefined : text.slice(found.start, found.end)).toBe(match?.[0]);
      }),
      { numRuns: 300 },
    );
  });
});
