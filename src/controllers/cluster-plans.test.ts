// Owns the tables of what the controllers of the cluster itself plan: mirrors, quotas, tokens, certificates, ranges, evictions, nodes' shares.
import { expect, test } from 'vitest';
import type { CertificateSigningRequest } from '../api/certificates/v1.ts';
import type { Endpoints, Pod, ResourceQuota, Secret, Service, ServiceAccount, Taint, Toleration } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import type { AnyObject } from '../api/object.ts';
import { detachedSignature, endsInMs, planSignatures } from './bootstrap-token/plan.ts';
import { isSwept, lifeOf, planSigning, recognizersFor } from './certificates/plan.ts';
import { isMirrored, planMirror } from './endpoint-slice-mirroring/plan.ts';
import { planEphemeral } from './ephemeral-volume/plan.ts';
import { NodeRanges } from './node-ipam/plan.ts';
import { secondsOf, stepFor } from './node-ttl/plan.ts';
import { countedResources, planQuota } from './resource-quota/plan.ts';
import { planToken, withoutSecret } from './service-account-token/plan.ts';
import { cidrFinalizer, planCidr } from './service-cidr/plan.ts';
import { isEnabled } from './settings.ts';
import { planEviction } from './taint-eviction/plan.ts';
import { podUses } from './volume-protection/plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const startMs = Date.parse(metadata.creationTimestamp);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const taint: Taint = { key: 'k', effect: 'NoExecute' };
const other: Taint = { key: 'l', effect: 'NoExecute' };
const tolerate = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const due = (decidedMs: number, dueMs: number) => ({ do: 'evict', scheduled: { decidedMs, dueMs } });
test.each([
  ['no taint', [], [], undefined, { do: 'cancel' }],
  ['not tolerated', [taint], [], undefined, due(9, 9)],
  ['one of two not tolerated', [taint, other], [tolerate('k')], undefined, due(9, 9)],
  ['tolerated for ever', [taint], [tolerate('k')], undefined, { do: 'cancel' }],
  ['tolerated for a while', [taint], [tolerate('k', 2)], undefined, due(9, 2009)],
  ['the least counts', [taint, other], [tolerate('k', 5), tolerate('l', 2)], undefined, due(9, 2009)],
  ['less than nothing is at once', [taint], [tolerate('k', -1)], undefined, due(9, 9)],
  ['decided before', [taint], [tolerate('k', 2)], { decidedMs: 1, dueMs: 2001 }, { do: 'keep' }],
])('eviction: %s', (_, taints, tolerations, scheduled, expected) => {
  expect(planEviction(taints, tolerations, scheduled, 9)).toEqual(expected);
});

test('shares of the pod range go round, and one that was given back rests', () => {
  const ranges = new NodeRanges('10.42.0.0/22', 24);
  ranges.occupy('10.42.1.0/24');
  expect([ranges.take(), ranges.take()]).toEqual(['10.42.0.0/24', '10.42.2.0/24']);
  ranges.release('10.42.0.0/24');
  expect([ranges.take(), ranges.take(), ranges.take()]).toEqual(['10.42.3.0/24', '10.42.0.0/24', undefined]);
  expect(() => new NodeRanges('10.42.0.0/24', 16)).toThrow(RangeError);
});

test.each([
  [1, 0, '0'],
  [100, 0, '0'],
  [101, 0, '15'],
  [95, 1, '15'],
  [89, 1, '0'],
  [3000, 0, '300'],
])('%i nodes, coming from step %i: %s seconds', (nodes, from, seconds) => expect(secondsOf(stepFor(nodes, from))).toBe(seconds));

const service = { metadata, spec: {} } as Service;
const endpoints = (more: Partial<Endpoints> = {}): Endpoints => ({ metadata: { ...metadata, labels: { mine: 'x' } }, ...more });
test.each([
  ['somebody’s own', endpoints(), service, true],
  ['no Service', endpoints(), undefined, false],
  ['a Service that selects', endpoints(), { metadata, spec: { selector: { a: 'b' } } } as Service, false],
  ['a controller’s', endpoints({ metadata: { ...metadata, labels: { 'endpoints.kubernetes.io/managed-by': 'x' } } }), service, false],
  [
    'to be left alone',
    endpoints({ metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } }),
    service,
    false,
  ],
  ['a lock', endpoints({ metadata: { ...metadata, annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } } }), service, false],
])('endpoints are mirrored: %s', (_, one, of, expected) => expect(isMirrored(one, of)).toBe(expected));

test('mirrors: one a family and set of ports, reused where ports change, addresses that are none are counted', () => {
  const subsets = [{ addresses: [{ ip: '192.0.2.7' }, { ip: '2001:db8::1' }], notReadyAddresses: [{ ip: 'x' }], ports: [{ port: 80 }] }];
  const plan = planMirror(endpoints({ subsets }), [], 1000);
  expect(plan.create.map(({ addressType, endpoints: list }) => [addressType, list?.length])).toEqual([
    ['IPv4', 1],
    ['IPv6', 1],
  ]);
  expect([plan.skipped, plan.invalid]).toEqual([0, 1]);
  const [slice] = plan.create;
  const present = { ...slice, metadata: { ...metadata, ...slice?.metadata } } as EndpointSlice;
  const again = planMirror(endpoints({ subsets: [{ addresses: [{ ip: '192.0.2.7' }], ports: [{ port: 81 }] }] }), [present], 1000);
  expect([again.create.length, again.update[0]?.ports?.[0]?.port, again.delete.length]).toEqual([0, 81, 0]);
  expect(planMirror(endpoints(), [present], 1000).delete).toEqual([present]);
});

const quota = (hard: Record<string, string>, status?: ResourceQuota['status']): ResourceQuota => ({
  metadata,
  spec: { hard },
  ...(status === undefined ? {} : { status }),
});
test('a quota names what it counts, and counts it', () => {
  const hard = { pods: '5', 'requests.cpu': '2', configmaps: '3', 'count/deployments.apps': '2' };
  const counted = countedResources(quota(hard)).map(({ resource }) => resource);
  expect(counted).toEqual(['pods', 'configmaps', 'deployments']);
  const pod = (phase: string) => ({
    metadata,
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' } } }] },
    status: { phase },
  });
  const objects: Record<string, readonly unknown[]> = { pods: [pod('Running'), pod('Succeeded')], configmaps: [{ metadata }] };
  const status = planQuota(quota(hard), ({ resource }) => (objects[resource] ?? []) as readonly AnyObject[], 0);
  expect(status?.used).toEqual({ configmaps: '1', 'count/deployments.apps': '0', pods: '1', 'requests.cpu': '250m' });
  expect(planQuota(quota(hard, status), ({ resource }) => (objects[resource] ?? []) as readonly AnyObject[], 0)).toBeUndefined();
  expect(planQuota(quota({ pods: '1' }, status), () => [], 0)).toEqual({ hard: { pods: '1' }, used: { pods: '0' } });
});

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

const cidr = (more: Partial<ServiceCIDR['metadata']> = {}, status: ServiceCIDR['status'] = {}): ServiceCIDR => ({
  metadata: { ...metadata, ...more },
  spec: { cidrs: ['10.96.0.0/24'] },
  status,
});
const going = { deletionTimestamp: metadata.creationTimestamp, finalizers: [cidrFinalizer] };
test.each([
  ['new', cidr(), [], [], 'finalizer'],
  ['with its finalizer', cidr({ finalizers: [cidrFinalizer] }), [], [], 'True'],
  [
    'ready',
    cidr(
      { finalizers: [cidrFinalizer] },
      { conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastTransitionTime: '' }] },
    ),
    [],
    [],
    'nothing',
  ],
  ['going, addresses in use', cidr(going), [], ['10.96.0.7'], 'False'],
  ['going, addresses of others', cidr(going), [], ['10.97.0.7'], 'release'],
  ['going, covered by another', cidr(going), [{ ...cidr(), spec: { cidrs: ['10.96.0.0/16'] } }], ['10.96.0.7'], 'release'],
])('a Service range: %s', (_, one, others, addresses, expected) => {
  const plan = planCidr(one, others, addresses, 0);
  expect(plan.do === 'condition' ? plan.status?.conditions?.[0]?.status : plan.do).toBe(expected);
});

test('an ephemeral volume is made once, and not out of somebody else’s claim', () => {
  const template = { spec: { accessModes: ['ReadWriteOnce'] as const, resources: {} } };
  const pod = {
    metadata,
    spec: { containers: [], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: template } }] },
  } as unknown as Pod;
  const claim = (uid: string) => ({
    metadata: { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'n', uid, controller: true }] },
    spec: {},
  });
  expect(planEphemeral(pod, () => undefined)[0]?.claim?.metadata).toMatchObject({
    name: 'n-v',
    ownerReferences: [{ uid: 'u', controller: true }],
  });
  expect(planEphemeral(pod, () => claim('u'))).toEqual([]);
  expect(planEphemeral(pod, () => claim('x'))).toEqual([{ volume: 'v', claim: undefined }]);
});

test('a pod keeps a claim from the moment it has a node', () => {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'n' } }];
  const claim = { metadata, spec: {} };
  expect(podUses({ metadata, spec: { containers: [], volumes, nodeName: 'a' } }, claim)).toBe(true);
  expect(podUses({ metadata, spec: { containers: [], volumes } }, claim)).toBe(false);
});

test.each([
  [['*'], 'a', true],
  [['*', '-a'], 'a', false],
  [['-a', '*'], 'a', false],
  [['b'], 'a', false],
  [['a'], 'a', true],
])('controllers %j: does %s run? %s', (controllers, name, expected) => expect(isEnabled({ controllers }, name)).toBe(expected));
