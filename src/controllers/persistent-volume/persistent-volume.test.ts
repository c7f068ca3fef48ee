// Tests binding of claims and volumes: which fits, what is planned for either, and whole lives in virtual time up to a directory for a pod.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { bestMatch, misfit } from './match.ts';
import { type ClaimPlan, planClaim } from './plan-claim.ts';
import { boundVolume, planVolume, unboundVolume } from './plan-volume.ts';

const metadata = (name: string, annotations: Record<string, string> = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
  annotations,
});
interface Given {
  readonly size?: string;
  readonly spec?: Partial<PersistentVolumeSpec>;
  readonly phase?: 'Available' | 'Bound' | 'Pending' | 'Released';
  readonly annotations?: Record<string, string>;
}
const volume = (name: string, { size = '1Gi', spec = {}, phase = 'Available', annotations = {} }: Given = {}): PersistentVolume => ({
  metadata: metadata(name, annotations),
  spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], storageClassName: 'c', ...spec },
  status: { phase },
});
const claim = (spec: Partial<PersistentVolumeClaim['spec']> = {}, annotations = {}): PersistentVolumeClaim => ({
  metadata: { ...metadata('claim', annotations), namespace: 'ns' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'c', ...spec },
  status: { phase: 'Pending' },
});
const to = (name: string, uid?: string) => ({ namespace: 'ns', name, ...(uid === undefined ? {} : { uid }) });

test.each([
  ['the smallest that is large enough', [volume('l', { size: '5Gi' }), volume('m', { size: '2Gi' }), volume('s', { size: '1Mi' })], 'm'],
  [
    'fewest access modes before size',
    [volume('a', { spec: { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] } }), volume('b', { size: '9Gi' })],
    'b',
  ],
  ['one that is reserved for it', [volume('free'), volume('mine', { size: '9Gi', spec: { claimRef: to('claim') } })], 'mine'],
  ['none that is reserved for another', [volume('theirs', { spec: { claimRef: to('other') } })], undefined],
  ['none of another class', [volume('x', { spec: { storageClassName: 'd' } })], undefined],
  ['none with another mode', [volume('x', { spec: { accessModes: ['ReadOnlyMany'] } })], undefined],
  ['none that is a device', [volume('x', { spec: { volumeMode: 'Block' } })], undefined],
  ['none that is not available yet', [volume('x', { phase: 'Pending' })], undefined],
])('the match is %s', (_, volumes, expected) => {
  expect(bestMatch(claim(), volumes, false)?.metadata.name).toBe(expected);
});

test('a claim whose class waits for its first pod gets only what is reserved for it', () => {
  expect(bestMatch(claim(), [volume('x')], true)).toBeUndefined();
  expect(bestMatch(claim(), [volume('x', { spec: { claimRef: to('claim') } })], true)?.metadata.name).toBe('x');
});

test.each([
  ['too small', volume('v', { size: '1Mi' }), 'requested PV is too small'],
  ['another class', volume('v', { spec: { storageClassName: '' } }), 'storageClassName does not match'],
  ['a device', volume('v', { spec: { volumeMode: 'Block' } }), 'incompatible volumeMode'],
  ['another mode', volume('v', { spec: { accessModes: [] } }), 'incompatible accessMode'],
  ['fits', volume('v'), undefined],
])('a volume asked for by name: %s', (_, one, expected) => expect(misfit(one, claim())).toBe(expected));

const waits: StorageClass = { metadata: metadata('c'), provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer' };
const now: StorageClass = { ...waits, volumeBindingMode: 'Immediate' };
const usual: StorageClass = { ...now, metadata: metadata('usual', { 'storageclass.kubernetes.io/is-default-class': 'true' }) };
const { storageClassName: _, ...bare } = claim().spec;
const done = { 'pv.kubernetes.io/bind-completed': 'yes' };
test.each<readonly [string, PersistentVolumeClaim, readonly PersistentVolume[], readonly StorageClass[], string]>([
  ['nothing fits, no class', claim({ storageClassName: '' }), [], [], 'pending FailedBinding'],
  ['nothing fits, no such class', claim(), [], [], 'refuse ProvisioningFailed'],
  ['nothing fits, a provisioner', claim(), [], [now], 'external ExternalProvisioning'],
  ['nothing fits, none of ours', claim(), [], [{ ...now, provisioner: 'kubernetes.io/no-provisioner' }], 'refuse ProvisioningFailed'],
  ['it waits for a pod', claim(), [], [waits], 'pending WaitForFirstConsumer'],
  ['its pod has a node', claim({}, { 'volume.kubernetes.io/selected-node': 'n' }), [], [waits], 'external ExternalProvisioning'],
  ['no word of a class, a default', { ...claim(), spec: bare }, [], [usual], 'class usual'],
  ['a fitting volume', claim(), [volume('v')], [], 'bind v'],
  ['a named one that is not there', claim({ volumeName: 'v' }), [], [], 'pending'],
  ['a named one that is free', claim({ volumeName: 'v' }), [volume('v')], [], 'bind v'],
  ['a named one that does not fit', claim({ volumeName: 'v' }), [volume('v', { size: '1Mi' })], [], 'pending VolumeMismatch'],
  ['a named one of another', claim({ volumeName: 'v' }), [volume('v', { spec: { claimRef: to('x', 'u') } })], [], 'pending FailedBinding'],
  ['bound, its volume is gone', claim({ volumeName: 'v' }, done), [], [], 'lost ClaimLost'],
  [
    'bound, its volume is of another',
    claim({ volumeName: 'v' }, done),
    [volume('v', { spec: { claimRef: to('x', 'u') } })],
    [],
    'lost ClaimMisbound',
  ],
  ['bound, its name is gone', claim({}, done), [], [], 'lost ClaimLost'],
  ['bound and well', claim({ volumeName: 'v' }, done), [volume('v', { spec: { claimRef: to('claim', 'uid-claim') } })], [], 'bind v'],
])('a claim: %s', (_, one, volumes, classes, expected) => {
  const told = (plan: ClaimPlan): string => {
    if (plan.do === 'bind') return `bind ${plan.volume.metadata.name}`;
    if (plan.do === 'class') return `class ${plan.name}`;
    return [plan.do, plan.words?.reason].filter((word) => word !== undefined).join(' ');
  };
  expect(told(planClaim(one, { volumes, classes, waitingPods: () => [] }))).toBe(expected);
});

const mine = (more: Given = {}) => volume('v', { ...more, spec: { claimRef: to('claim', 'uid-claim'), ...more.spec } });
const provisioned = { 'pv.kubernetes.io/provisioned-by': 'example.com/disk' };
test.each([
  ['unclaimed', volume('v'), undefined, { do: 'phase', phase: 'Available' }],
  ['reserved, its claim not seen', volume('v', { spec: { claimRef: to('claim') } }), undefined, { do: 'phase', phase: 'Available' }],
  ['its claim is bound to it', mine(), claim({ volumeName: 'v' }), { do: 'phase', phase: 'Bound' }],
  ['its claim knows nothing of it yet', mine(), claim(), { do: 'wake' }],
  ['its claim wants a device', mine(), claim({ volumeMode: 'Block' }), { do: 'mismatch' }],
  ['its claim has another', mine(), claim({ volumeName: 'w' }), { do: 'unbind' }],
  ['its claim is gone, kept', mine(), undefined, { do: 'release', reclaim: { do: 'leave' } }],
  [
    'another claim of that name',
    mine(),
    { ...claim(), metadata: { ...claim().metadata, uid: 'x' } },
    { do: 'release', reclaim: { do: 'leave' } },
  ],
  [
    'its claim is gone, to be deleted',
    mine({ spec: { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/tmp/x' } } }),
    undefined,
    { do: 'release', reclaim: { do: 'delete' } },
  ],
  [
    'to be deleted by its provisioner',
    mine({ annotations: provisioned, spec: { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/x' } } }),
    undefined,
    { do: 'release', reclaim: { do: 'leave' } },
  ],
  [
    'to be deleted where nobody can',
    mine({ spec: { persistentVolumeReclaimPolicy: 'Delete', hostPath: { path: '/x' } } }),
    undefined,
    {
      do: 'release',
      reclaim: { do: 'fail', reason: 'VolumeFailedDelete', message: 'host_path deleter only supports /tmp/.+ but received provided /x' },
    },
  ],
])('a volume: %s', (_, one, named, expected) => expect(planVolume(one, named)).toEqual(expected));

test('binding is marked where this controller did it, and undone accordingly', () => {
  const bound = boundVolume(volume('v'), claim());
  expect(bound?.spec.claimRef).toMatchObject({ kind: 'PersistentVolumeClaim', name: 'claim', uid: 'uid-claim' });
  expect(bound?.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
  expect(bound && boundVolume(bound, claim())).toBeUndefined();
  expect(bound && unboundVolume(bound).spec.claimRef).toBeUndefined();
  const reserved = boundVolume(volume('v', { spec: { claimRef: to('claim') } }), claim());
  expect(reserved?.metadata.annotations).toEqual({});
  expect(reserved && unboundVolume(reserved).spec.claimRef?.uid).toBeUndefined();
});

let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
  await cluster.clock.until(async () => (await cluster.client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
});
afterAll(() => cluster.stop());
const here = (name: string) => ({ namespace: 'default', name });
const storage = { requests: { storage: '1Gi' } };
const isGone = (getting: Promise<unknown>): Promise<boolean> =>
  getting.then(
    () => false,
    (error: unknown) => hasReason(error, 'NotFound'),
  );

test('a claim finds its volume, keeps it while a pod uses it, and leaves it released', async () => {
  const { client, clock } = cluster;
  const path = { path: '/tmp/x' };
  const spec = { storageClassName: 'm', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce' as const], hostPath: path };
  await client.create(resources.persistentVolumes, { metadata: { name: 'v' }, spec });
  const wants = { storageClassName: 'm', accessModes: ['ReadWriteOnce' as const], resources: storage };
  await client.create(resources.persistentVolumeClaims, { metadata: here('c'), spec: wants });
  const phase = async () => (await client.get(resources.persistentVolumes, { name: 'v' })).status?.phase;
  await clock.until(async () => (await client.get(resources.persistentVolumeClaims, here('c'))).status?.phase === 'Bound', 20_000);
  expect(await phase()).toBe('Bound');
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
  const containers = [{ name: 'c', image: 'i' }];
  await client.create(resources.pods, {
    metadata: here('user'),
    spec: { nodeName: 'node1', containers, volumes, terminationGracePeriodSeconds: 1 },
  });
  await clock.advance(2000);
  await client.delete(resources.persistentVolumeClaims, here('c'));
  await clock.advance(30_000);
  expect((await client.get(resources.persistentVolumeClaims, here('c'))).metadata.deletionTimestamp).toBeDefined();
  await client.delete(resources.pods, here('user'));
  await clock.until(() => isGone(client.get(resources.persistentVolumeClaims, here('c'))), 60_000);
  await clock.until(async () => (await phase()) === 'Released', 5000);
});

test('the default class makes a directory on the chosen node and removes it with its claim', async () => {
  const { client, clock } = cluster;
  const made = await client.create(resources.persistentVolumeClaims, {
    metadata: here('d'),
    spec: { accessModes: ['ReadWriteOnce'], resources: storage },
  });
  expect(made.spec.storageClassName).toBe('local-path');
  await clock.advance(1000);
  expect((await client.get(resources.persistentVolumeClaims, here('d'))).status?.phase).toBe('Pending');
  // What the scheduler says when the first pod is given a node.
  const body = { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'node1' } } };
  await client.patch(resources.persistentVolumeClaims, here('d'), { type: 'merge', body });
  await clock.until(async () => (await client.get(resources.persistentVolumeClaims, here('d'))).status?.phase === 'Bound', 20_000);
  const { spec } = await client.get(resources.persistentVolumeClaims, here('d'));
  const volumeName = spec.volumeName ?? '';
  expect((await client.get(resources.persistentVolumes, { name: volumeName })).spec.hostPath?.path).toMatch(
    /^\/var\/lib\/local-path\/pvc-.*_default_d$/,
  );
  await client.delete(resources.persistentVolumeClaims, here('d'));
  await clock.until(() => isGone(client.get(resources.persistentVolumes, { name: volumeName })), 20_000);
});
