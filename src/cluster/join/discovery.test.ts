// Tests whom a machine that joins trusts: nobody whose token or hash does not fit, and what it says then.
import { beforeAll, expect, test } from 'vitest';
import type { ConfigMap } from '../../api/core/v1.ts';
import { detachedSignature } from '../../controllers/bootstrap-token/plan.ts';
import { makeCa } from '../certificates.ts';
import { contextlessKubeconfig } from '../kubeconfig-file.ts';
import { caHashOf, parseCaHash, trustedCa } from './discovery.ts';

const token = { id: 'abcdef', secret: '0123456789abcdef' };
let ca = '';
let other = '';
beforeAll(async () => {
  ca = (await makeCa(0)).cert;
  other = (await makeCa(0)).cert;
});

const info = (data: Readonly<Record<string, string>>): ConfigMap => ({ metadata: { name: 'cluster-info' }, data }) as unknown as ConfigMap;
const signed = (pem: string, secret = token.secret): ConfigMap => {
  const kubeconfig = contextlessKubeconfig('https://192.0.2.1:6443', pem);
  return info({ kubeconfig, 'jws-kubeconfig-abcdef': detachedSignature(kubeconfig, 'abcdef', secret) });
};

test('what the token signed and the hash names is trusted', () => {
  expect(trustedCa(signed(ca), token, [caHashOf(other), caHashOf(ca)])).toBe(ca);
});

test.each([
  ['nothing is told', () => info({}), /run peapod token create/],
  ['the token is not known', () => info({ kubeconfig: 'x' }), /expired, was deleted, or is another cluster's/],
  ['the token has another secret', () => signed(ca, 'fedcba9876543210'), /second part/],
  ['another authority', () => signed(other), /somebody is in between/],
  ['no authority at all', () => signed(''), /cannot be used/],
])('nobody is trusted: %s', (_, map, message) => expect(() => trustedCa(map(), token, [caHashOf(ca)])).toThrow(message));

test('a hash is sha256 and 64 digits', () => {
  const hash = caHashOf(ca);
  expect(parseCaHash(hash.toUpperCase().replace('SHA256', 'sha256'))).toBe(hash);
  expect(() => parseCaHash('sha256:12')).toThrow('--ca-hash');
});
