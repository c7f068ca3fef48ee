// Owns which files of static tokens are understood.
import { expect, test } from 'vitest';
import { parseTokenFile } from './token-file.ts';

test('users, uids and groups', () => {
  const text = '# people\nsecret,alice,1,"a,b"\n\nother,bob,2\r\n"quo""ted",eve,,one\n';
  expect(Object.fromEntries(parseTokenFile(text))).toEqual({
    secret: { name: 'alice', uid: '1', groups: ['a', 'b'] },
    other: { name: 'bob', uid: '2', groups: [] },
    'quo"ted': { name: 'eve', groups: ['one'] },
  });
});

test.each([
  ['t,u', /line 1 has 2 columns/],
  ['a,u,1\n,u,1', /line 2 has an empty token/],
  ['a,u,1\na,v,1', /line 2 has the token of an earlier line/],
])('%j is refused', (text, why) => {
  expect(() => parseTokenFile(text)).toThrow(why);
});
