// Owns who may approve and sign which certificate requests, and reading a request's subject.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { expect, test } from 'vitest';
import { requestSubject } from '../../api/certificates/request-subject.ts';
import type { KindDescription } from '../../api/kind.ts';
import type { Attributes } from '../auth/authorizer.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin } from './plugin.ts';

async function requestFor(name: Record<string, string[]>[]): Promise<string> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } });
  return request.toString('pem');
}

test('the subject of a request', async () => {
  expect(requestSubject(await requestFor([{ O: ['system:nodes'] }, { O: ['é'] }, { CN: ['system:node:a'] }]))).toEqual({
    commonName: 'system:node:a',
    organizations: ['system:nodes', 'é'],
  });
  for (const bad of ['', 'x', '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----'])
    expect(requestSubject(bad)).toBeUndefined();
});

const kind = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', version: 'v1' } as KindDescription;

async function verdict(plugin: AdmissionPlugin, may: string, attributes: object): Promise<string> {
  const authorizer = {
    authorize: (_user: unknown, asked: Attributes) => ({
      verdict: 'name' in asked && `${asked.verb} ${asked.name}` === may ? 'allow' : 'noOpinion',
      reason: '',
    }),
  };
  const whole = {
    kind,
    subresource: '',
    namespace: '',
    name: 'c',
    user: { name: 'u', groups: [] },
    dryRun: false,
    operation: 'UPDATE',
    ...attributes,
  };
  try {
    await plugin.validate?.(whole as unknown as AdmissionAttributes, { authorizer } as unknown as AdmissionContext);
    return 'allowed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const csr = (status: object = {}): object => ({ metadata: {}, spec: { signerName: 'example.com/a' }, status });
const refusal = (what: string): string =>
  `certificatesigningrequests.certificates.k8s.io "c" is forbidden: user not permitted to ${what} requests with signerName "example.com/a"`;

test.each<[string, AdmissionPlugin, string, object, string]>([
  ['approving', certificateApproval, '', { subresource: 'approval', oldObject: csr(), object: csr() }, refusal('approve')],
  ['approving with the right', certificateApproval, 'approve example.com/a', { subresource: 'approval', oldObject: csr() }, 'allowed'],
  [
    'approving with the right to all',
    certificateApproval,
    'approve example.com/*',
    { subresource: 'approval', oldObject: csr() },
    'allowed',
  ],
  [
    'approving with another right',
    certificateApproval,
    'sign example.com/a',
    { subresource: 'approval', oldObject: csr() },
    refusal('approve'),
  ],
  ['anything else', certificateApproval, '', { subresource: 'status', oldObject: csr(), object: csr() }, 'allowed'],
  ['signing', certificateSigning, '', { subresource: 'status', oldObject: csr(), object: csr({ certificate: 'eA==' }) }, refusal('sign')],
  [
    'failing it',
    certificateSigning,
    '',
    { subresource: 'status', oldObject: csr(), object: csr({ conditions: [{ type: 'Failed' }] }) },
    refusal('sign'),
  ],
  [
    'signing with the right',
    certificateSigning,
    'sign example.com/*',
    { subresource: 'status', oldObject: csr(), object: csr({ certificate: 'eA==' }) },
    'allowed',
  ],
  ['changing nothing of it', certificateSigning, '', { subresource: 'status', oldObject: csr(), object: csr() }, 'allowed'],
])('%s', async (_, plugin, may, attributes, expected) => {
  expect(await verdict(plugin, may, attributes)).toBe(expected);
});

test('nobody asks to become a master', async () => {
  const create = async (signerName: string, group: string): Promise<string> => {
    const request = Buffer.from(await requestFor([{ O: [group] }])).toString('base64');
    return verdict(certificateSubjectRestriction, '', { operation: 'CREATE', object: { metadata: {}, spec: { signerName, request } } });
  };
  expect(await create('kubernetes.io/kube-apiserver-client', 'system:masters')).toBe(
    'certificatesigningrequests.certificates.k8s.io "c" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  );
  expect(await create('kubernetes.io/kube-apiserver-client', 'others')).toBe('allowed');
  expect(await create('example.com/a', 'system:masters')).toBe('allowed');
});
