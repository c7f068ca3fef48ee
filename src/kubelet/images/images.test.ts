// Tests registry-auth.ts and image-puller.ts: what credentials fit, and how overlapping pulls behave.
import { expect, test } from 'vitest';
import type { Pod, Secret } from '../../api/core/v1.ts';
import { notFound } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import type { Client } from '../../client/client.ts';
import type { RegistryAuth, Runtime } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { bytesToFree, unusedImages } from './image-collector.ts';
import { imagePuller, missingSecretsMessage } from './image-puller.ts';
import { authsFor, credentialsOf, repositoryOf } from './registry-auth.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretOf = (auths: object, type = 'kubernetes.io/dockerconfigjson'): Secret =>
  ({ metadata: { name: 's' }, type, data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) } }) as unknown as Secret;

test.each([
  ['busybox', 'index.docker.io/library/busybox'],
  ['busybox:1.36', 'index.docker.io/library/busybox'],
  ['me/app@sha256:00', 'index.docker.io/me/app'],
  ['docker.io/me/app:1', 'index.docker.io/me/app'],
  ['registry.example/team/app:1', 'registry.example/team/app'],
  ['localhost:5000/app', 'localhost:5000/app'],
  ['localhost/app', 'localhost/app'],
])('the repository of %s is %s', (image, expected) => expect(repositoryOf(image)).toBe(expected));

test.each([
  ['the host', 'registry.example', 'registry.example/app', true],
  ['another host', 'registry.example', 'other.example/app', false],
  ['a host is no prefix', 'registry.example', 'registry.example.org/app', false],
  ['with scheme and version', 'https://registry.example/v1/', 'registry.example/app', true],
  ['a glob for one label', '*.example', 'registry.example/app', true],
  ['a glob is not for two labels', '*.example', 'a.registry.example/app', false],
  ['the port counts', 'registry.example:5000', 'registry.example/app', false],
  ['a path', 'registry.example/team', 'registry.example/team/app', true],
  ['a path by whole names', 'registry.example/team', 'registry.example/teams/app', false],
  ['Docker’s registry by its old URL', 'https://index.docker.io/v1/', 'busybox', true],
  ['Docker’s registry by its name', 'docker.io', 'me/app', true],
])('credentials fit: %s', (_, server, image, fits) => {
  const credentials = credentialsOf(secretOf({ [server]: { username: 'u', password: 'p' } }));
  expect(authsFor(image, credentials)).toHaveLength(fits ? 1 : 0);
});

test('the most specific credentials come first, and auth holds user and password', () => {
  const credentials = credentialsOf(
    secretOf({ 'r.example': { auth: base64('wide:w') }, 'r.example/team': { auth: base64('narrow:a:b') } }),
  );
  expect(authsFor('r.example/team/app', credentials)).toMatchObject([
    { username: 'narrow', password: 'a:b' },
    { username: 'wide', password: 'w' },
  ]);
});

test.each([
  ['another type', secretOf({ 'r.example': {} }, 'Opaque')],
  ['no JSON', { ...secretOf({}), data: { '.dockerconfigjson': base64('{') } } as Secret],
  ['no data', { ...secretOf({}), data: undefined } as unknown as Secret],
])('a secret without credentials gives none: %s', (_, secret) => expect(credentialsOf(secret)).toEqual([]));

interface Call {
  readonly image: string;
  readonly auth: RegistryAuth | undefined;
  readonly signal: AbortSignal | undefined;
  readonly result: PromiseWithResolvers<string>;
}

function setup(secrets: Readonly<Record<string, Secret>> = {}) {
  const clock = new VirtualClock();
  const calls: Call[] = [];
  const runtime = {
    pullImage(image: string, auth: RegistryAuth | undefined, signal?: AbortSignal) {
      const result = Promise.withResolvers<string>();
      signal?.addEventListener('abort', () => result.reject(signal.reason));
      calls.push({ image, auth, signal, result });
      return result.promise;
    },
  } as unknown as Runtime;
  const client = {
    async get(_: unknown, { name }: { name: string }) {
      const secret = secrets[name];
      if (secret === undefined) throw notFound({ group: '', resource: 'secrets' }, name);
      return secret;
    },
  } as unknown as Client;
  const missing: string[][] = [];
  const puller = imagePuller({ client, runtime, clock, onMissingSecrets: (_, names) => missing.push([...names]) });
  return { clock, calls, puller, missing };
}

const podWith = (...names: readonly string[]): Pod =>
  ({ metadata: { namespace: 'ns', name: 'p' }, spec: { imagePullSecrets: names.map((name) => ({ name })) } }) as unknown as Pod;
const forever = new AbortController().signal;

test('two who want the same image share one pull, and each learns what it waited', async () => {
  const { clock, calls, puller } = setup();
  const first = puller.pull('a', podWith(), forever);
  await clock.advance(1000);
  const second = puller.pull('a', podWith(), forever);
  await clock.advance(500);
  calls[0]?.result.resolve('sha256:1');
  expect(await first).toEqual({ id: 'sha256:1', pullMs: 1500, waitedMs: 1500 });
  expect(await second).toEqual({ id: 'sha256:1', pullMs: 500, waitedMs: 500 });
  expect(calls).toHaveLength(1);
});

test('four images are pulled at once, the fifth waits, and its waiting is counted', async () => {
  const { clock, calls, puller } = setup();
  const pulls = ['a', 'b', 'c', 'd', 'e'].map((image) => puller.pull(image, podWith(), forever));
  await clock.advance(2000);
  expect(calls.map(({ image }) => image)).toEqual(['a', 'b', 'c', 'd']);
  calls[1]?.result.reject(new RuntimeError('NotFound', 'gone'));
  await expect(pulls[1]).rejects.toThrow('gone');
  await clock.advance(1000);
  calls[4]?.result.resolve('e');
  expect(await pulls[4]).toEqual({ id: 'e', pullMs: 1000, waitedMs: 3000 });
});

test('a pull is given up when the last who waits for it goes, and begins anew for the next', async () => {
  const { clock, calls, puller } = setup();
  const [one, two] = [new AbortController(), new AbortController()];
  const pulls = [puller.pull('a', podWith(), one.signal), puller.pull('a', podWith(), two.signal)];
  await clock.advance(1);
  one.abort(new Error('one left'));
  await expect(pulls[0]).rejects.toThrow('one left');
  expect(calls[0]?.signal?.aborted).toBe(false);
  two.abort(new Error('two left'));
  await expect(pulls[1]).rejects.toThrow('two left');
  expect(calls[0]?.signal?.aborted).toBe(true);
  const again = puller.pull('a', podWith(), forever);
  await clock.advance(1);
  calls[1]?.result.resolve('sha256:2');
  expect((await again).id).toBe('sha256:2');
});

test('fitting credentials are tried one after the other; the last failure is told', async () => {
  const secret = secretOf({ 'r.example': { username: 'wide' }, 'r.example/team': { username: 'narrow' } });
  const { clock, calls, puller, missing } = setup({ s: secret });
  const pull = puller.pull('r.example/team/app', podWith('s', 'nosuch'), forever);
  pull.catch(() => {});
  await clock.advance(1);
  calls[0]?.result.reject(new RuntimeError('Unknown', 'first'));
  await clock.advance(1);
  calls[1]?.result.reject(new RuntimeError('Unknown', 'second'));
  await expect(pull).rejects.toThrow('second');
  expect(calls.map(({ auth }) => auth?.username)).toEqual(['narrow', 'wide']);
  expect(missing).toEqual([['nosuch']]);
  expect(missingSecretsMessage(['nosuch'])).toBe(
    'Unable to retrieve some image pull secrets (nosuch); attempting to pull the image may not succeed.',
  );
});

const onNode = (id: string, pinned = false) => ({ id, repoTags: [id], repoDigests: [], sizeBytes: 10, pinned });

test('unused images go in the order of their last use; pinned, used and young ones stay', () => {
  const images = [onNode('old'), onNode('older'), onNode('young'), onNode('used'), onNode('pause', true)];
  const uses = new Map([
    ['old', { firstSeenMs: 0, lastUsedMs: 500 }],
    ['older', { firstSeenMs: 0, lastUsedMs: 100 }],
    ['young', { firstSeenMs: 199_000, lastUsedMs: 0 }],
    ['used', { firstSeenMs: 0, lastUsedMs: 0 }],
  ]);
  const names = (leastAgeMs: number) => unusedImages(images, new Set(['used']), uses, 200_000, leastAgeMs).map(({ id }) => id);
  expect(names(120_000)).toEqual(['older', 'old']);
  expect(names(0)).toEqual(['young', 'older', 'old']);
});

test.each([
  [100, 20, 0],
  [100, 16, 0],
  [100, 10, 10],
])('of %d bytes with %d left, %d are to be freed', (capacityBytes, availableBytes, bytes) => {
  expect(bytesToFree({ capacityBytes, availableBytes, inodes: 0, inodesFree: 0 })).toBe(bytes);
});
