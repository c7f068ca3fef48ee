// Tests tokens as people write and read them: their form, their Secrets, the list.
import { expect, test } from 'vitest';
import type { Secret } from '../../api/core/v1.ts';
import { bootstrapUser } from '../../apiserver/auth/bootstrap-tokens.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { joinersGroup, newToken, parseToken, tokenChoices, tokenIdOf, tokenRow, tokenSecret, tokenText } from './bootstrap-token.ts';

const usual = { ttlMs: 3_600_000, usages: 'signing,authentication', groups: joinersGroup, description: '' };

test('a new token is one, and its Secret lets its user in until it ends', () => {
  const token = newToken(seededEntropy(1));
  expect(parseToken(tokenText(token))).toEqual(token);
  const secret = tokenSecret(token, tokenChoices(usual), 0) as Secret;
  expect(bootstrapUser(secret, token.id, token.secret, 3_599_000)?.groups).toContain(joinersGroup);
  expect(bootstrapUser(secret, token.id, token.secret, 3_600_000)).toBeUndefined();
});

test.each(['', 'abcdef', 'ABCDEF.0123456789abcdef', 'abcdef.0123', 'abcdef.0123456789abcdefg'])('no token: %j', (text) =>
  expect(() => parseToken(text)).toThrow('a token is six'),
);

test.each([
  [{ ...usual, usages: 'magic' }, '--usages'],
  [{ ...usual, usages: '' }, '--usages'],
  [{ ...usual, groups: 'system:masters' }, '--groups'],
])('choices that cannot be: %j', (raw, message) => expect(() => tokenChoices(raw)).toThrow(message));

test.each([
  ['an hour and a half', 5_400_000, 0, ['1h30m', '1970-01-01T01:30:00Z', 'authentication,signing']],
  ['two days', 172_800_000, 0, ['2d', '1970-01-03T00:00:00Z', 'authentication,signing']],
  ['for ever', 0, 0, ['<forever>', '<never>', 'authentication,signing']],
  ['over', 1000, 1000, ['<invalid>', '1970-01-01T00:00:01Z', 'authentication,signing']],
])('the list says %s', (_, ttlMs, nowMs, expected) => {
  const secret = tokenSecret({ id: 'abcdef', secret: '0123456789abcdef' }, tokenChoices({ ...usual, ttlMs }), 0) as Secret;
  expect(tokenRow(secret, nowMs)).toEqual(['abcdef.0123456789abcdef', ...expected, '<none>', joinersGroup]);
});

test('a token is named by itself or its first part', () => {
  expect(['abcdef', 'abcdef.0123456789abcdef'].map(tokenIdOf)).toEqual(['abcdef', 'abcdef']);
  expect(() => tokenIdOf('abc')).toThrow();
});
