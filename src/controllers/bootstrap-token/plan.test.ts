// Tests when bootstrap tokens end and what they sign.
import { expect, test } from 'vitest';
import type { Secret } from '../../api/core/v1.ts';
import { detachedSignature, endsInMs, planSignatures } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const startMs = Date.parse(metadata.creationTimestamp);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const token = (data: Record<string, string>): Secret => ({
  metadata: { ...metadata, name: 'bootstrap-token-abcdef' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({ 'token-id': 'abcdef', 'token-secret': 's', ...data }).map(([name, text]) => [name, base64(text)]),
  ),
});
test('bootstrap tokens end, and sign as long as they may', () => {
  expect([endsInMs(token({}), 0), endsInMs(token({ expiration: 'x' }), 0)]).toEqual([undefined, 0]);
  expect(endsInMs(token({ expiration: metadata.creationTimestamp }), startMs - 5)).toBe(5);
  const map = { metadata, data: { kubeconfig: 'k', 'jws-kubeconfig-gone': 'x' } };
  const signing = token({ 'usage-bootstrap-signing': 'true' });
  expect(planSignatures(map, [signing], 0)).toEqual({ kubeconfig: 'k', 'jws-kubeconfig-abcdef': detachedSignature('k', 'abcdef', 's') });
  expect(planSignatures(map, [token({})], 0)).toEqual({ kubeconfig: 'k' });
  expect(detachedSignature('k', 'abcdef', 's')).toMatch(/^[\w-]+\.\.[\w-]+$/);
});
