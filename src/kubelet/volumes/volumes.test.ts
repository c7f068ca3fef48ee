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

/** A container that mounts these volumes. */
const using = (...names: readonly string[]) => ({ name: 'c', volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) });

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
      spec: { containers: [using('v')], volumes: [{ name: 'v', secret: { secretName: 'hush' } }] },
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

interface Disk {
  readonly source?: object;
  readonly claim?: object;
  readonly spec?: object;
  readonly use?: object;
  readonly context?: object;
}

const attach = 'Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]';

/** A node with some files, whose pods have the volume `disk` by the claim `data`. */
function nodeWithDisk(disk: Disk) {
  const files = memoryFiles();
  const claim = {
    metadata: { name: 'data', namespace: 'ns', uid: 'c' },
    spec: { volumeName: 'disk' },
    status: { phase: 'Bound' },
    ...disk.claim,
  };
  const found = { metadata: { name: 'disk' }, spec: { claimRef: { uid: 'c' }, ...disk.spec } };
  const get = async ({ kind }: { readonly kind: string }) => (kind === 'PersistentVolume' ? found : claim);
  const volumes = new PodVolumes({
    client: { get } as never,
    clock: { now: () => 0, sleep: async () => {} } as never,
    files,
    references: { acquire: async () => {}, release: () => {} } as never,
    tokens: { forget: () => {} } as never,
    rootDir: '/root',
  });
  const mount = (uid = 'u', context = disk.context) => {
    const spec = {
      containers: [{ name: 'c', ...(disk.use ?? { volumeMounts: [{ name: 'v', mountPath: '/v' }] }) }],
      volumes: [{ name: 'v', ...(disk.source ?? { persistentVolumeClaim: { claimName: 'data' } }) }],
      ...(context === undefined ? {} : { securityContext: context }),
    };
    return volumes.mount({ metadata: { name: 'p', namespace: 'ns', uid }, spec } as never, { ...sources.facts, labels: { zone: 'a' } });
  };
  return { files, volumes, mount };
}

const zone = (value: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] }] },
});
const asDevice = { volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] };

test.each<[string, Disk, string]>([
  [
    'a local volume that nobody made',
    { spec: { local: { path: '/mnt/none' } } },
    'MountVolume.NewMounter initialization failed for volume "disk" : path "/mnt/none" does not exist',
  ],
  [
    'a local volume that is a file',
    { spec: { local: { path: '/etc/passwd' } } },
    'MountVolume.NewMounter initialization failed for volume "disk" : only directory and block device are supported',
  ],
  [
    'a local volume of another node',
    { spec: { local: { path: '/etc' }, nodeAffinity: zone('b') } },
    'MountVolume.NodeAffinity check failed for volume "disk" : no matching NodeSelectorTerms',
  ],
  [
    'a path that is something else',
    { spec: { hostPath: { path: '/etc/passwd', type: 'Directory' } } },
    'MountVolume.SetUp failed for volume "disk" : hostPath type check failed: /etc/passwd is not a directory',
  ],
  [
    'a path with options',
    { spec: { hostPath: { path: '/etc' }, mountOptions: ['ro'] } },
    'MountVolume.MountOptionSupport check failed for volume "disk" : mount options are not supported for this volume type',
  ],
  [
    'a device that is none',
    { spec: { local: { path: '/dev/none' }, volumeMode: 'Block' }, use: asDevice },
    'MapVolume.EvalHostSymlinks failed for volume "disk" : lstat /dev/none: no such file or directory',
  ],
  [
    'a device that is to be a directory',
    { spec: { local: { path: '/dev/x' }, volumeMode: 'Block' } },
    `${attach}: volume v has volumeMode Block, but is specified in volumeMounts`,
  ],
  [
    'a directory that is to be a device',
    { spec: { local: { path: '/etc' } }, use: asDevice },
    `${attach}: volume v has volumeMode Filesystem, but is specified in volumeDevices`,
  ],
  [
    'a claim that goes, and that nothing holds',
    { claim: { metadata: { uid: 'c', deletionTimestamp: '2026-01-01T00:00:00Z' } }, spec: { hostPath: { path: '/etc' } } },
    `${attach}: error processing PVC ns/data: PVC is being deleted`,
  ],
  ['a claim without volume', { claim: { status: { phase: 'Pending' } } }, `${attach}: error processing PVC ns/data: PVC is not bound`],
  [
    'a volume of another claim',
    { spec: { claimRef: { uid: 'd' } } },
    `${attach}: error processing PVC ns/data: found PV object disk but its pv.Spec.ClaimRef.UID d does not point to claim.UID c`,
  ],
  [
    'a claim of that name that is not the pod’s',
    { source: { ephemeral: {} }, spec: { hostPath: { path: '/etc' } } },
    `${attach}: PVC ns/p-v was not created for pod ns/p (pod is not owner)`,
  ],
])('a claimed volume: %s', async (_, disk, message) => {
  const { files, mount } = nodeWithDisk(disk);
  await files.writeFile('/etc/passwd', 'root');
  const reason = message.startsWith('MapVolume') ? 'FailedMapVolume' : 'FailedMount';
  expect(await mount()).toEqual({ errors: [{ reason, message, unresolved: message.startsWith('Unable') }] });
});

test('a claim that goes serves as long as it is held, and a volume of one pod no other', async () => {
  const metadata = { uid: 'c', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes.io/pvc-protection'] };
  const spec = { hostPath: { path: '/etc' }, accessModes: ['ReadWriteOncePod'], nodeAffinity: zone('a') };
  const { volumes, mount } = nodeWithDisk({ claim: { metadata }, spec });
  expect(await mount('u')).toMatchObject({ mounted: new Map([['v', { hostPath: '/etc' }]]) });
  expect(await mount('u')).toMatchObject({ mounted: new Map([['v', { hostPath: '/etc' }]]) });
  const message =
    'MountVolume.SetUp failed for volume "disk" : volume uses the ReadWriteOncePod access mode and is already in use by another pod';
  expect(await mount('w')).toMatchObject({ errors: [{ message }] });
  await volumes.unmount('u');
  expect(await mount('w')).toMatchObject({ mounted: new Map([['v', { hostPath: '/etc' }]]) });
});

test('a local volume is given to the group of its first pod, once; another pod of another group is told', async () => {
  const { files, mount } = nodeWithDisk({ spec: { local: { path: '/mnt' } } });
  await files.writeFile('/mnt/deep/file', '', { mode: 0o600 });
  await files.symlink('file', '/mnt/deep/link');
  await mount('u', { fsGroup: 4000 });
  expect(await files.stat('/mnt/deep/file')).toMatchObject({ gid: 4000, mode: 0o660 });
  expect(await files.stat('/mnt/deep')).toMatchObject({ gid: 4000, mode: 0o2775 });
  await files.writeFile('/mnt/later', '', { mode: 0o600 });
  await mount('u', { fsGroup: 4000 });
  const message = 'The requested fsGroup is 5000, but the volume disk has GID 4000. The volume may not be shareable.';
  expect(await mount('w', { fsGroup: 5000 })).toMatchObject({ told: [{ reason: 'AlreadyMountedVolume', message }] });
  expect(await files.stat('/mnt/later')).toMatchObject({ gid: 0, mode: 0o600 });
});

test.each([
  ['Always', 0o660],
  ['OnRootMismatch', 0o600],
])('where the root is the group’s already, %s leaves a file within at %o', async (fsGroupChangePolicy, mode) => {
  const { files, mount } = nodeWithDisk({ spec: { local: { path: '/mnt' } } });
  await files.writeFile('/mnt/file', '', { mode: 0o600 });
  await files.chown('/mnt', 0, 4000);
  await files.chmod('/mnt', 0o2770);
  await mount('u', { fsGroup: 4000, fsGroupChangePolicy });
  expect((await files.stat('/mnt/file'))?.mode).toBe(mode);
});

test('what could not be found out is told of together, the rest one by one', async () => {
  const source = { persistentVolumeClaim: { claimName: 'data' } };
  const { files, volumes } = nodeWithDisk({ claim: { status: {} } });
  await files.makeDirectory('/root');
  const spec = {
    containers: [using('a', 'b', 'h')],
    volumes: [
      { name: 'b', ...source },
      { name: 'a', ...source },
      { name: 'h', hostPath: { path: '/no', type: 'File' } },
    ],
  };
  const result = await volumes.mount({ metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec } as never, sources.facts);
  const told = 'errors' in result ? result.errors.map(({ message }) => message) : [];
  expect(told).toEqual([
    'MountVolume.SetUp failed for volume "h" : hostPath type check failed: /no is not a file',
    'Unable to attach or mount volumes: unmounted volumes=[a b h], unattached volumes=[], failed to process volumes=[a b]: error processing PVC ns/data: PVC is not bound',
  ]);
});

test('a volume that no container uses is never set up', async () => {
  const { volumes } = nodeWithDisk({});
  const spec = {
    containers: [using('w')],
    volumes: [
      { name: 'v', hostPath: { path: '/no', type: 'File' } },
      { name: 'w', emptyDir: {} },
    ],
  };
  const result = await volumes.mount({ metadata: { uid: 'u' }, spec } as never, sources.facts);
  expect('mounted' in result ? [...result.mounted.keys()] : result.errors).toEqual(['w']);
});

test.each<[string, object, object, object, number | string]>([
  ['what the node can give', {}, {}, { memory: '8Mi' }, 2 ** 23],
  ['its own limit', { sizeLimit: '1Mi' }, {}, { memory: '8Mi' }, 2 ** 20],
  ['what the pod can have', { sizeLimit: '4Mi' }, { limits: { memory: '2Mi' } }, { memory: '8Mi' }, 2 ** 21],
])('a volume in memory is bounded by %s', async (_, source, resources, allocatable, size) => {
  const { files, volumes } = nodeWithDisk({});
  const spec = { containers: [{ ...using('v'), resources }], volumes: [{ name: 'v', emptyDir: { medium: 'Memory', ...source } }] };
  await volumes.mount({ metadata: { uid: 'u' }, spec } as never, { ...sources.facts, allocatable } as never);
  expect((await files.capacity('/root/pods/u/volumes/kubernetes.io~empty-dir/v/')).sizeBytes).toBe(size);
});

test.each([
  ['HugePages', {}, 'medium HugePages: hugePages storage requested, but there is no resource request for huge pages'],
  [
    'HugePages-1Gi',
    { 'hugepages-2Mi': '2Mi' },
    'medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages',
  ],
  [
    'HugePages',
    { 'hugepages-2Mi': '2Mi', 'hugepages-1Gi': '1Gi' },
    "medium: HugePages can't be used if container requests multiple huge page sizes",
  ],
])('%s where %j is asked for', async (medium, requests, message) => {
  const { volumes } = nodeWithDisk({});
  const spec = { containers: [{ ...using('v'), resources: { requests } }], volumes: [{ name: 'v', emptyDir: { medium } }] };
  const result = await volumes.mount({ metadata: { uid: 'u' }, spec } as never, sources.facts);
  expect(result).toMatchObject({ errors: [{ message: `MountVolume.SetUp failed for volume "v" : ${message}` }] });
});

test('volumes within a volume that nobody may write to have their places there, also after a change', async () => {
  const files = memoryFiles();
  let data: Record<string, string> = { a: '1' };
  const references = { acquire: async () => {}, release: () => {}, configMap: () => ({ data }) };
  const volumes = new PodVolumes({
    client: undefined as never,
    clock: { now: () => 0 } as never,
    files,
    references: references as never,
    tokens: {} as never,
    rootDir: '/root',
  });
  const volumeMounts = ['/etc/conf', '/etc/conf/in', '/etc/conf/in/deeper', '/etc/config', '/etc/conf/./also/'].map((mountPath, at) => ({
    name: at === 0 ? 'v' : 'e',
    mountPath,
  }));
  const spec = {
    containers: [{ name: 'c', volumeMounts }],
    volumes: [
      { name: 'v', configMap: { name: 'conf' } },
      { name: 'e', emptyDir: {} },
    ],
    securityContext: { fsGroup: 4000 },
  };
  const mount = () => volumes.mount({ metadata: { uid: 'u' }, spec } as never, sources.facts);
  const path = '/root/pods/u/volumes/kubernetes.io~configmap/v';
  await mount();
  data = { b: '2' };
  await mount();
  expect((await files.list(path)).filter((name) => !name.startsWith('..'))).toEqual(['also', 'b', 'in']);
  expect(await files.stat(path)).toMatchObject({ gid: 4000, mode: 0o2777 });
  expect(await files.stat(`${path}/${await files.readLink(`${path}/..data`)}/b`)).toMatchObject({ gid: 4000, mode: 0o644 });
});
