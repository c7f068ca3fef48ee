// Tests which certificate requests are approved, signed or swept away, and for how long a certificate lives.
import { expect, test } from 'vitest';
import type { CertificateSigningRequest } from '../../api/certificates/v1.ts';
import { isSwept, lifeOf, planSigning, recognizersFor } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const startMs = Date.parse(metadata.creationTimestamp);
const facts = {
  commonName: 'system:node:n9',
  organizations: ['system:nodes'],
  dnsNames: [],
  emailAddresses: [],
  ipAddresses: [],
  uris: [],
};
const request = (more: Partial<CertificateSigningRequest['spec']> = {}, status: CertificateSigningRequest['status'] = {}) =>
  ({
    metadata,
    spec: { request: '', signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'], ...more },
    status,
  }) as CertificateSigningRequest;
const serving = { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] } as const;
test.each([
  ['a kubelet’s', request(), facts, 'sign'],
  ['not of system:nodes', request(), { ...facts, organizations: ['team'] }, 'subject organization is not system:nodes'],
  ['another name', request(), { ...facts, commonName: 'jane' }, 'subject common name does not begin with system:node:'],
  ['with addresses', request(), { ...facts, ipAddresses: ['192.0.2.1'] }, 'IP subjectAltNames are not allowed'],
  ['other usages', request({ usages: ['client auth'] }), facts, 'usages did not match [client auth digital signature key encipherment]'],
  ['serving without names', request(serving), facts, 'DNS or IP subjectAltName is required'],
  ['serving', request(serving), { ...facts, dnsNames: ['n9'] }, 'sign'],
  ['a client', request({ signerName: 'kubernetes.io/kube-apiserver-client' }), { ...facts, commonName: 'jane', organizations: [] }, 'sign'],
  [
    'a client that wants to serve',
    request({ signerName: 'kubernetes.io/kube-apiserver-client', usages: ['server auth'] }),
    facts,
    'invalid usage for client certificate: server auth',
  ],
  ['somebody else’s', request({ signerName: 'example.com/mine' }), facts, 'ignore'],
])('a certificate request is signed: %s', (_, one, of, expected) => {
  const plan = planSigning(one, of);
  expect(plan.do === 'fail' ? plan.message : plan.do).toBe(expected);
});
test('a kubelet may have its own request approved, and another’s for whom that right is given', () => {
  expect(recognizersFor(request({ username: 'system:node:n9' }), facts).map(({ subresource }) => subresource)).toEqual([
    'selfnodeclient',
    'nodeclient',
  ]);
  expect(recognizersFor(request({ username: 'joiner' }), facts).map(({ subresource }) => subresource)).toEqual(['nodeclient']);
  expect(recognizersFor(request(serving), facts)).toEqual([]);
});
test.each([
  ['the longest', undefined, 31_536_000 - 300],
  ['as asked', 86_400, 86_400 - 300],
  ['a short one has all its time', 3600, 3600],
  ['never less than ten minutes', 1, 600],
])('the life of a certificate: %s', (_, expirationSeconds, seconds) => {
  const life = lifeOf(request(expirationSeconds === undefined ? {} : { expirationSeconds }), 31_536_000_000, 0);
  expect([life.notBeforeMs, life.notAfterMs / 1000]).toEqual([-300_000, seconds]);
});
const hourMs = 3_600_000;
const told = (type: 'Approved' | 'Denied' | 'Failed') => ({
  conditions: [{ type, status: 'True' as const, lastUpdateTime: metadata.creationTimestamp }],
});
test.each([
  ['pending for less than a day', request(), undefined, 24 * hourMs, false],
  ['pending for longer', request(), undefined, 24 * hourMs + 1, true],
  ['denied an hour ago', request({}, told('Denied')), undefined, hourMs + 1, true],
  ['approved just now', request({}, told('Approved')), undefined, hourMs, false],
  ['its certificate has ended', request({}, told('Approved')), startMs - 1, 0, true],
])('a request is swept away: %s', (_, one, endsMs, afterMs, expected) => expect(isSwept(one, endsMs, startMs + afterMs)).toBe(expected));
