// Owns the proof of volumes on files in memory: what is projected, how it is replaced at once, what hostPath checks say.
import { expect, test } from 'vitest';
import type { Pod, Volume } from '../../api/core/v1.ts';
import { memoryFiles } from '../../runtime/simulated/memory-files.ts';
import { writeAtomically } from './atomic-writer.ts';
import { checkHostPath } from './host-path.ts';
import { PodVolumes } from './pod-volumes.ts';
import { type Payload, type ProjectionSources, payloadOf } from './projection.ts';

const pod = {
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { b: '2', a: '1' } },
  spec: { containers: [{ name: 'c' }] },
} as unknown as Pod;

const sources: ProjectionSources = {
  configMap: (name) => (name === 'conf' ? ({ data: { a: 'alpha', b: 'beta' }, binaryData: { bin: 'AAEC' } } as never) : undefined),
  secret: (name) => (name === 'hush' ? ({ data: { key: Buffer.from('k').toString('base64') } } as never) : undefined),
  token: ({ audience }) => `token for ${audience ?? 'the API'}`,
  facts: { nodeName: 'node1', hostIps: [], podIps: [], allocatable: {} },
};

function shown(volume: Omit<Volume, 'name'>, of: Pod = pod): Record<string, string> {
  const { payload } = payloadOf(of, { name: 'v', ...volume }, sources);
  return Object.fromEntries(
    [...payload].map(([path, { content, mode }]) => [path, `${mode.toString(8)} ${Buffer.from(content).toString('latin1')}`]),
  );
}

test.each<[string, Omit<Volume, 'name'>, Record<string, string>]>([
  ['a config map', { configMap: { name: 'conf' } }, { a: '644 alpha', b: '644 beta', bin: '644 \x00\x01\x02' }],
  [
    'items with paths and modes',
    {
      configMap: {
        name: 'conf',
        defaultMode: 0o440,
        items: [
          { key: 'a', path: 'deep/er/one' },
          { key: 'b', path: 'two', mode: 0o755 },
        ],
      },
    },
    { 'deep/er/one': '440 alpha', two: '755 beta' },
  ],
  ['a secret', { secret: { secretName: 'hush', defaultMode: 0o400 } }, { key: '400 k' }],
  ['an optional map that is absent', { configMap: { name: 'no', optional: true } }, {}],
  [
    'labels, sorted and quoted',
    { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { labels: '644 a="1"\nb="2"' },
  ],
  [
    'projected',
    {
      projected: {
        defaultMode: 0o444,
        sources: [{ secret: { name: 'hush' } }, { serviceAccountToken: { path: 'token', audience: 'vault' } }],
      },
    },
    { key: '444 k', token: '444 token for vault' },
  ],
])('%s shows its files', (_, volume, expected) => {
  expect(shown(volume)).toEqual(expected);
});

test('a token belongs to the one user that all containers run as', () => {
  const owned = { ...pod, spec: { containers: [{ name: 'c' }], securityContext: { runAsUser: 1000 } } } as unknown as Pod;
  const volume = { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  expect(payloadOf(owned, volume, sources).payload.get('token')).toMatchObject({ mode: 0o600, uid: 1000 });
});

test.each<[Omit<Volume, 'name'>, readonly string[]]>([
  [{ configMap: { name: 'nosuch' } }, ['configmap "nosuch" not found']],
  [{ configMap: { name: 'conf', items: [{ key: 'zz', path: 'z' }] } }, ['configmap references non-existent config key: zz']],
  [{ secret: { secretName: 'hush', items: [{ key: 'zz', path: 'z' }] } }, ['references non-existent secret key: zz']],
  [
    { projected: { sources: [{ configMap: { name: 'nosuch' } }, { secret: { name: 'nosuch-either' } }] } },
    ['configmap "nosuch" not found', 'secret "nosuch-either" not found'],
  ],
])('%o is refused', (volume, errors) => {
  expect(payloadOf(pod, { name: 'v', ...volume }, sources).errors).toEqual(errors);
});

function payload(files: Readonly<Record<string, string>>): Payload {
  return new Map(Object.entries(files).map(([path, text]) => [path, { content: Buffer.from(text), mode: 0o644 }]));
}

test('versions replace one another at once; names point through ..data; what is gone is gone', async () => {
  const files = memoryFiles();
  const read = async (path: string): Promise<string> =>
    Buffer.from(await files.readFile((await files.resolve(`/v/${path}`)) ?? '')).toString();
  await files.makeDirectory('/v');
  expect(await writeAtomically(files, '/v', payload({ a: 'one', 'deep/b': 'two' }), {}, 0, 0)).toBe(true);
  expect((await files.list('/v')).toSorted()).toEqual(['..1970_01_01_00_00_00.000000000', '..data', 'a', 'deep']);
  expect(await files.readLink('/v/a')).toBe('..data/a');
  expect(await read('deep/b')).toBe('two');
  expect(await writeAtomically(files, '/v', payload({ a: 'one', 'deep/b': 'two' }), {}, 0, 1)).toBe(false);
  expect(await writeAtomically(files, '/v', payload({ a: 'new' }), {}, 0, 2)).toBe(true);
  expect((await files.list('/v')).toSorted()).toEqual(['..1970_01_01_00_00_00.000000002', '..data', 'a']);
  expect(await read('a')).toBe('new');
});

test.each([
  ['/etc/passwd', 'Directory', 'hostPath type check failed: /etc/passwd is not a directory'],
  ['/absent', 'File', 'hostPath type check failed: /absent is not a file'],
  ['/etc', 'FileOrCreate', 'hostPath type check failed: /etc is not a file'],
  ['/etc/passwd', 'Socket', 'hostPath type check failed: /etc/passwd is not a socket file'],
  ['/etc/passwd', 'BlockDevice', 'hostPath type check failed: /etc/passwd is not a block device'],
])('%s as %s is refused', async (path, type, message) => {
  const files = memoryFiles();
  await files.writeFile('/etc/passwd', 'root');
  await expect(checkHostPath(files, path, type)).rejects.toThrow(message);
});

test.each([
  ['/made/directory', 'DirectoryOrCreate', 'directory'],
  ['/made/file', 'FileOrCreate', 'file'],
])('%s as %s is made', async (path, type, kind) => {
  const files = memoryFiles();
  await checkHostPath(files, path, type);
  expect((await files.stat(path))?.kind).toBe(kind);
});

test('secrets lie in one memory for all pods, linked from where volumes are, and go with their pod', async () => {
  const files = memoryFiles();
  const references = { acquire: async () => {}, release: () => {}, secret: () => sources.secret('hush') };
  const volumes = new PodVolumes({
    client: undefined as never,
    clock: { now: () => 0 } as never,
    files,
    references: references as never,
    tokens: { forget: () => {} } as never,
    rootDir: '/root',
  });
  const podOf = (uid: string) =>
    ({
      metadata: { name: 'p', namespace: 'ns', uid },
      spec: { containers: [], volumes: [{ name: 'v', secret: { secretName: 'hush' } }] },
    }) as unknown as Pod;
  for (const uid of ['u1', 'u2']) {
    const result = await volumes.mount(podOf(uid), sources.facts);
    const path = 'mounted' in result ? result.mounted.get('v')?.hostPath : undefined;
    expect(path).toBe(`/root/memory/${uid}/volumes/kubernetes.io~secret/v`);
    expect(Buffer.from(await files.readFile(`/root/pods/${uid}/volumes/kubernetes.io~secret/v/key`)).toString()).toBe('k');
  }
  expect(await files.mountsBelow('/root')).toEqual(['/root/memory']);
  await volumes.unmount('u1');
  expect(await files.list('/root/memory')).toEqual(['u2']);
  expect(await files.list('/root/pods')).toEqual(['u2']);
});

const claim = { metadata: { name: 'data', namespace: 'ns' }, spec: { volumeName: 'disk' }, status: { phase: 'Bound' } };
const byClaim = { persistentVolumeClaim: { claimName: 'data' } };
const attach = 'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]';

test.each<[string, object, object, object, string]>([
  [
    'a local volume that nobody made',
    byClaim,
    claim,
    { local: { path: '/mnt/none' } },
    'MountVolume.NewMounter initialization failed for volume "disk" : path "/mnt/none" does not exist',
  ],
  [
    'a path that is something else',
    byClaim,
    claim,
    { hostPath: { path: '/etc/passwd', type: 'Directory' } },
    'MountVolume.SetUp failed for volume "disk" : hostPath type check failed: /etc/passwd is not a directory',
  ],
  [
    'a claim that goes',
    byClaim,
    { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    { hostPath: { path: '/etc' } },
    `${attach}: error processing PVC ns/data: PVC is being deleted`,
  ],
  [
    'a claim of that name that is not the pod’s',
    { ephemeral: {} },
    claim,
    { hostPath: { path: '/etc' } },
    `${attach}: PVC ns/p-v was not created for pod ns/p (pod is not owner)`,
  ],
])('a claimed volume: %s', async (_, source, claimed, spec, message) => {
  const files = memoryFiles();
  await files.writeFile('/etc/passwd', 'root');
  const volumes = new PodVolumes({
    client: {
      get: async ({ kind }: { readonly kind: string }) => (kind === 'PersistentVolume' ? { metadata: { name: 'disk' }, spec } : claimed),
    } as never,
    clock: { now: () => 0, sleep: async () => {} } as never,
    files,
    references: { acquire: async () => {} } as never,
    tokens: undefined as never,
    rootDir: '/root',
  });
  const result = await volumes.mount({ ...pod, spec: { ...pod.spec, volumes: [{ name: 'v', ...source }] } } as Pod, sources.facts);
  expect(result).toEqual({ errors: [{ volume: 'v', message, unresolved: message.startsWith('Unable') }] });
});
