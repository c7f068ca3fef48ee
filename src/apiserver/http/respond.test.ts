// Owns the tests of warning headers: what is told, once, and what happens where there is too much to tell.
import { expect, test } from 'vitest';
import { warningHeaders } from './respond.ts';

test.each<[string, readonly string[], readonly string[]]>([
  ['each text once', ['a', 'b', 'a'], ['299 - "a"', '299 - "b"']],
  ['quotes and backslashes', ['say "x\\y"'], ['299 - "say \\"x\\\\y\\""']],
  ['no text with control characters, and no empty one', ['a\nb', '', 'c\u0085', 'd'], ['299 - "d"']],
  ['UTF-8', ['ä'], [`299 - "${Buffer.from('ä').toString('latin1')}"`]],
])('they tell %s', (_, texts, headers) => expect(warningHeaders(texts)).toEqual(headers));

test('all are cut where together they are too long, and the last ones left out', () => {
  const long = (index: number): string => `${index}`.padEnd(1000, 'ä');
  expect(warningHeaders(Array.from({ length: 4 }, (_, index) => long(index)))).toHaveLength(4);
  const headers = warningHeaders(Array.from({ length: 100 }, (_, index) => long(index)));
  expect(headers).toHaveLength(16);
  const cut = [...long(0)].slice(0, 256).join('');
  expect(headers[0]).toBe(`299 - "${Buffer.from(cut).toString('latin1')}"`);
});
