// Tests what becomes of Secrets that hold tokens.
import { expect, test } from 'vitest';
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';
import { planToken, withoutSecret } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const account: ServiceAccount = { metadata: { ...metadata, name: 'bot', uid: 'bot-uid' }, secrets: [{ name: 'a' }, { name: 'b' }] };
const secret = (more: Partial<Secret> = {}, uid?: string): Secret => ({
  type: 'kubernetes.io/service-account-token',
  metadata: {
    ...metadata,
    annotations: {
      'kubernetes.io/service-account.name': 'bot',
      ...(uid === undefined ? {} : { 'kubernetes.io/service-account.uid': uid }),
    },
  },
  ...more,
});
const full = { token: 'dA==', 'ca.crt': base64('CA'), namespace: base64('ns') };
test.each([
  ['no account', secret(), undefined, { do: 'remove' }],
  ['another account of that name', secret({}, 'old'), account, { do: 'remove' }],
  ['empty', secret(), account, { do: 'fill', token: true, data: { 'ca.crt': base64('CA'), namespace: base64('ns') } }],
  ['another CA', secret({ data: { ...full, 'ca.crt': 'x' } }, 'bot-uid'), account, { do: 'fill', token: false, data: full }],
  ['all there', secret({ data: full }, 'bot-uid'), account, { do: 'nothing' }],
])('a token’s Secret: %s', (_, one, of, expected) => expect(planToken(one, of, 'CA')).toEqual(expected));
test('a Secret that is gone is taken off its account', () => {
  expect(withoutSecret(account, 'a')?.secrets).toEqual([{ name: 'b' }]);
  expect(withoutSecret(account, 'x')).toBeUndefined();
});
