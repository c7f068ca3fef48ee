// Owns the tests of whose credentials are whose: certificates, tokens of all sorts, what ends them, and acting as somebody else.
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, ExtendedKeyUsageExtension, X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, expect, test } from 'vitest';
import type { TokenRequest } from '../../api/authentication/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { createAuthenticator } from './authenticator.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import { bootstrapTokens } from './bootstrap-tokens.ts';
import { clientCertificates } from './client-certificates.ts';
import { headersOf, impersonate } from './impersonation.ts';
import { memoryObjects } from './memory-objects.ts';
import { reviewToken } from './reviews.ts';
import { serviceAccountTokens } from './service-account-tokens.ts';
import { staticTokens } from './static-tokens.ts';
import { cachedTokens } from './token-cache.ts';
import { requestToken } from './token-request.ts';
import type { User } from './user.ts';

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const core = (resource: string) => ({ group: '', resource });
const object = (name: string, uid: string, rest: object = {}): AnyObject =>
  ({ metadata: { name, namespace: 'ns', uid }, ...rest }) as unknown as AnyObject;

function cluster() {
  const clock = new VirtualClock();
  const objects = memoryObjects();
  objects.put(core('serviceaccounts'), object('s', 'sa-uid'));
  objects.put(core('pods'), object('p', 'pod-uid', { spec: { serviceAccountName: 's', nodeName: 'n', containers: [] } }));
  objects.put(core('pods'), object('other', 'other-uid', { spec: { serviceAccountName: 'x', containers: [] } }));
  const tokens = serviceAccountTokens({ privateKey, clock, entropy: seededEntropy(1), objects });
  const ask = (spec: object, name = 's'): Promise<TokenRequest> =>
    requestToken({ tokens, objects, clock }, { namespace: 'ns', name }, { spec } as unknown as TokenRequest);
  return { clock, objects, tokens, ask };
}

const pod = { apiVersion: 'v1', kind: 'Pod', name: 'p' };

test('a token says who it is for, and ends', async () => {
  const { clock, tokens, ask } = cluster();
  const answer = await ask({});
  expect(answer).toMatchObject({
    metadata: { name: 's', namespace: 'ns', uid: 'sa-uid' },
    spec: { audiences: ['https://kubernetes.default.svc'], boundObjectRef: null, expirationSeconds: 3600 },
    status: { expirationTimestamp: '2026-01-01T01:00:00Z' },
  });
  const authenticator = createAuthenticator({ tokens: [tokens] });
  const authorization = `Bearer ${answer.status?.token}`;
  expect(await authenticator.authenticate({ authorization })).toMatchObject({
    name: 'system:serviceaccount:ns:s',
    uid: 'sa-uid',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
  });
  await clock.advance(3_601_000);
  await expect(authenticator.authenticate({ authorization })).rejects.toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
});

test('a pod’s token names pod and node, and outlives neither pod nor account', async () => {
  const { objects, tokens, ask } = cluster();
  const { status } = await ask({ boundObjectRef: pod });
  const token = status?.token ?? '';
  expect((await tokens.authenticateToken(token))?.user.extra).toMatchObject({
    'authentication.kubernetes.io/pod-name': ['p'],
    'authentication.kubernetes.io/pod-uid': ['pod-uid'],
    'authentication.kubernetes.io/node-name': ['n'],
  });
  objects.put(core('pods'), object('p', 'another-uid'));
  await expect(tokens.authenticateToken(token)).rejects.toThrow('pod has been deleted');
  objects.put(core('serviceaccounts'), object('s', 'another-uid'));
  await expect(tokens.authenticateToken(token)).rejects.toThrow('service account ns/s has been deleted');
});

test.each<[string, object, string, string]>([
  [
    'too short',
    { expirationSeconds: 10 },
    's',
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
  ],
  [
    'too long',
    { expirationSeconds: 2 ** 32 + 1 },
    's',
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
  ],
  ['no such account', {}, 'none', 'serviceaccounts "none" not found'],
  ['no such pod', { boundObjectRef: { ...pod, name: 'none' } }, 's', 'pods "none" not found'],
  [
    'a pod of another account',
    { boundObjectRef: { ...pod, name: 'other' } },
    's',
    'cannot bind token for serviceaccount "s" to pod running with different serviceaccount name.',
  ],
  [
    'nothing to bind to',
    { boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } },
    's',
    'cannot bind token to object of type /v1, Kind=ConfigMap',
  ],
])('a token is refused: %s', async (_, spec, name, message) => {
  await expect(cluster().ask(spec, name)).rejects.toMatchObject({ message });
});

test.each<[string, object, (at: ReturnType<typeof cluster>) => unknown]>([
  ['has expired', { expirationSeconds: 600 }, ({ clock }) => clock.advance(601_000)],
  ['is for another audience', { audiences: ['https://other'] }, () => {}],
  ['is of an account that is gone', {}, ({ objects }) => objects.remove(core('serviceaccounts'), 'ns', 's')],
  ['is of an account that was made anew', {}, ({ objects }) => objects.put(core('serviceaccounts'), object('s', 'another-uid'))],
  ['is of a pod that is gone', { boundObjectRef: pod }, ({ objects }) => objects.remove(core('pods'), 'ns', 'p')],
  ['is of a pod that was made anew', { boundObjectRef: pod }, ({ objects }) => objects.put(core('pods'), object('p', 'another-uid'))],
])('a request is refused whose token %s', async (_, spec, change) => {
  const at = cluster();
  const token = (await at.ask(spec)).status?.token;
  await change(at);
  const authenticator = createAuthenticator({ tokens: [at.tokens] });
  const asked = authenticator.authenticate({ authorization: `Bearer ${token}` });
  await expect(asked).rejects.toMatchObject({ reason: 'Unauthorized', code: 401 });
});

test('tokens for others, forged and foreign ones are told apart', async () => {
  const { tokens, ask } = cluster();
  const own = ['https://kubernetes.default.svc'];
  const { status } = await ask({});
  const review = async (spec: object) => (await reviewToken([tokens], own, { metadata: {}, spec } as never)).status;
  expect(await review({ token: status?.token })).toMatchObject({ authenticated: true, audiences: own });
  expect(await review({ token: status?.token, audiences: ['other'] })).toEqual({
    user: {},
    error: '[invalid bearer token, token audiences ["https://kubernetes.default.svc"] is invalid for the target audiences ["other"]]',
  });
  expect(await review({ token: 'wrong' })).toEqual({ user: {}, error: 'invalid bearer token' });
  const [head, body] = (status?.token ?? '').split('.');
  await expect(tokens.authenticateToken(`${head}.${body}.${Buffer.alloc(64).toString('base64url')}`)).rejects.toThrow();
  await expect(review({})).rejects.toMatchObject({ reason: 'BadRequest' });
});

test('an accepted token is remembered for ten seconds, a refused one never', async () => {
  const clock = new VirtualClock();
  let calls = 0;
  const inner = {
    async authenticateToken(token: string) {
      calls++;
      return token === 'good' ? { user: { name: 'u', groups: [] }, audiences: [] } : undefined;
    },
  };
  const cached = cachedTokens(inner, clock);
  for (const token of ['good', 'good', 'bad', 'bad']) await cached.authenticateToken(token);
  expect(calls).toBe(3);
  await clock.advance(10_000);
  await cached.authenticateToken('good');
  expect(calls).toBe(4);
});

test.each<[string, Record<string, string>, string, string[] | undefined]>([
  ['a good one', {}, 'abcdef.0123456789abcdef', ['system:bootstrappers', 'system:bootstrappers:x', 'system:authenticated']],
  ['a wrong secret', {}, 'abcdef.0123456789abcdee', undefined],
  ['an expired one', { expiration: '2025-01-01T00:00:00Z' }, 'abcdef.0123456789abcdef', undefined],
  ['one for other uses', { 'usage-bootstrap-authentication': 'false' }, 'abcdef.0123456789abcdef', undefined],
])('bootstrap tokens: %s', async (_, change, token, groups) => {
  const objects = memoryObjects();
  const fields = {
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:x',
    ...change,
  };
  const data = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
  const secret = { metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token', data };
  objects.put(core('secrets'), secret as unknown as AnyObject);
  const authenticator = createAuthenticator({ tokens: [bootstrapTokens(objects, new VirtualClock(), [])] });
  const answer = authenticator.authenticate({ authorization: `Bearer ${token}` });
  if (groups === undefined) await expect(answer).rejects.toBeInstanceOf(StatusError);
  else expect(await answer).toEqual({ name: 'system:bootstrap:abcdef', groups });
});

test.each<[string, object, string | undefined]>([
  ['nothing', {}, 'system:anonymous'],
  ['an empty bearer', { authorization: 'Bearer ' }, 'system:anonymous'],
  ['another scheme', { authorization: 'Basic YTpi' }, 'system:anonymous'],
  ['a wrong token', { authorization: 'Bearer wrong' }, undefined],
  ['a known token', { authorization: 'bearer secret' }, 'admin'],
  [
    'a token in a websocket’s protocols',
    { webSocketProtocols: `x, base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}` },
    'admin',
  ],
])('credentials: %s', async (_, credentials, name) => {
  const authenticator = createAuthenticator({
    tokens: [staticTokens(new Map([['secret', { name: 'admin', groups: ['system:masters'] }]]), [])],
  });
  const answer = authenticator.authenticate(credentials);
  if (name === undefined) await expect(answer).rejects.toMatchObject({ code: 401 });
  else expect((await answer).name).toBe(name);
});

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const made: Record<string, string> = {};

beforeAll(async () => {
  const crypto = webcrypto as unknown as Parameters<typeof X509CertificateGenerator.createSelfSigned>[1] & typeof webcrypto;
  const notBefore = new Date(Date.UTC(2026, 0, 1));
  const notAfter = new Date(Date.UTC(2027, 0, 1));
  const authority = async (name: string) => {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const extensions = [new BasicConstraintsExtension(true, 0, true)];
    const certificate = await X509CertificateGenerator.createSelfSigned(
      { name, keys, notBefore, notAfter, signingAlgorithm: algorithm, extensions },
      crypto,
    );
    return { keys, certificate };
  };
  const [own, foreign] = [await authority('CN=ca'), await authority('CN=ca')];
  const leaf = async (signer: typeof own, subject: string, usage: string, until = notAfter) => {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await X509CertificateGenerator.create(
      {
        subject,
        issuer: signer.certificate.subject,
        publicKey: keys.publicKey,
        signingKey: signer.keys.privateKey,
        notBefore,
        notAfter: until,
        signingAlgorithm: algorithm,
        extensions: [new ExtendedKeyUsageExtension([usage])],
      },
      crypto,
    );
    return certificate.toString('pem');
  };
  made['ca'] = own.certificate.toString('pem');
  made['client'] = await leaf(own, 'CN=alice, O=team, O=system:masters', '1.3.6.1.5.5.7.3.2');
  made['server'] = await leaf(own, 'CN=alice', '1.3.6.1.5.5.7.3.1');
  made['old'] = await leaf(own, 'CN=alice', '1.3.6.1.5.5.7.3.2', new Date(Date.UTC(2026, 0, 1, 1)));
  made['foreign'] = await leaf(foreign, 'CN=alice', '1.3.6.1.5.5.7.3.2');
});

test.each<[string, string, User | undefined]>([
  ['one of the cluster', 'client', { name: 'alice', groups: ['team', 'system:masters'] }],
  ['one for servers', 'server', undefined],
  ['an expired one', 'old', undefined],
  ['one of another authority with the same name', 'foreign', undefined],
])('certificates: %s', (_, which, expected) => {
  const certificates = clientCertificates([made['ca'] ?? ''], new VirtualClock(Date.UTC(2026, 5, 1)));
  const user = certificates.authenticateCertificate(made[which] ?? '');
  if (expected === undefined) expect(user).toBeUndefined();
  else expect(user).toMatchObject(expected);
});

function allowing(...verbs: readonly string[]): Authorizer {
  const allowed = (attributes: Attributes): boolean =>
    verbs.includes(`${attributes.verb} ${'resource' in attributes ? attributes.resource : attributes.path}`);
  return {
    authorize: (_, attributes) => ({ verdict: allowed(attributes) ? 'allow' : 'noOpinion', reason: '' }),
    rulesFor: () => ({ rules: [], errors: [], incomplete: false }),
  };
}

const bob: User = { name: 'bob', groups: [] };
const listing: Attributes = { verb: 'list', group: '', version: 'v1', resource: 'configmaps', subresource: '', namespace: 'ns', name: '' };

test.each<[string, readonly string[], readonly string[], object | string]>([
  ['nobody', [], [], bob],
  ['a user', ['impersonate users'], ['Impersonate-User', 'eve'], { name: 'eve', groups: ['system:authenticated'] }],
  [
    'a user in groups, with more',
    ['impersonate users', 'impersonate groups', 'impersonate uids', 'impersonate userextras'],
    [
      'Impersonate-User',
      'eve',
      'Impersonate-Group',
      'a, b',
      'Impersonate-Group',
      'c',
      'Impersonate-Uid',
      'u',
      'Impersonate-Extra-acme.com%2fproject',
      'x',
    ],
    { name: 'eve', uid: 'u', groups: ['a, b', 'c', 'system:authenticated'], extra: { 'acme.com/project': ['x'] } },
  ],
  [
    'a service account',
    ['impersonate serviceaccounts'],
    ['Impersonate-User', 'system:serviceaccount:ns:s'],
    { groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'] },
  ],
  [
    'nobody known',
    ['impersonate users'],
    ['Impersonate-User', 'system:anonymous'],
    { name: 'system:anonymous', groups: ['system:unauthenticated'] },
  ],
  [
    'a user for lists alone',
    ['impersonate-on:user-info:list configmaps', 'impersonate:user-info users'],
    ['Impersonate-User', 'eve'],
    { name: 'eve' },
  ],
  [
    'a user, without the right',
    [],
    ['Impersonate-User', 'eve'],
    'configmaps is forbidden: User "bob" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "ns"',
  ],
  [
    'a group it may not',
    ['impersonate users'],
    ['Impersonate-User', 'eve', 'Impersonate-Group', 'g'],
    'configmaps is forbidden: User "bob" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "ns"',
  ],
  [
    'a group without a user',
    ['impersonate groups'],
    ['Impersonate-Group', 'g'],
    'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
  ],
])('acting as %s', (_, verbs, raw, expected) => {
  const act = (): User => impersonate(allowing(...verbs), bob, headersOf(raw), listing);
  if (typeof expected === 'string') expect(act).toThrow(expected);
  else expect(act()).toMatchObject(expected);
});
