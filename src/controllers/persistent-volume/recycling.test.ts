// Tests volumes that are emptied by a pod: which pod, what its end means, and that the volume can be claimed again afterwards.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PersistentVolume, Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { recycledBy, recyclerEnd, recyclerPod, usersOf } from './recycler-pod.ts';

const metadata = { name: 'v', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const volume = (spec: object): PersistentVolume => ({ metadata, spec }) as PersistentVolume;

test.each([
  [{ hostPath: { path: '/x' }, capacity: { storage: '1Gi' } }, { hostPath: { path: '/x' } }, 60],
  [{ hostPath: { path: '/x' }, capacity: { storage: '10Gi' } }, { hostPath: { path: '/x' } }, 300],
  [{ nfs: { server: 's', path: '/e', readOnly: true }, capacity: { storage: '1Gi' } }, { nfs: { server: 's', path: '/e' } }, 300],
  [{ csi: { driver: 'd', volumeHandle: 'h' } }, undefined, undefined],
])('%j is emptied by a pod with it', (spec, source, seconds) => {
  const pod = recyclerPod(volume(spec));
  expect(pod?.spec.volumes?.[0]).toEqual(source && { name: 'vol', ...source });
  expect(pod?.spec.activeDeadlineSeconds).toBe(seconds);
});

test('what its end means, whose pod it is, who still uses the claim', () => {
  const pod = (name: string, status: object, namespace = 'default'): Pod =>
    ({
      metadata: { ...metadata, name, namespace },
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }], containers: [] },
      status,
    }) as Pod;
  expect(recyclerEnd(pod('p', { phase: 'Running' }))).toBe('running');
  expect(recyclerEnd(pod('p', { phase: 'Succeeded' }))).toBe('done');
  expect(recyclerEnd(pod('p', { phase: 'Failed', message: 'too late' }))).toEqual({ failed: 'failed to recycle volume: too late' });
  expect([recycledBy(pod('recycler-for-v', {})), recycledBy(pod('recycler-for-v', {}, 'n'))]).toEqual(['v', undefined]);
  expect(usersOf('c', [pod('a', { phase: 'Running' }), pod('b', { phase: 'Failed' })])).toEqual(['a']);
  expect(usersOf('d', [pod('a', { phase: 'Running' })])).toEqual([]);
});

let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster({ nodes: 0 });
  await cluster.clock.until(async () => (await cluster.client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
});
afterAll(() => cluster.stop());

const at = (name: string) => ({ namespace: 'default', name });
const pv = { name: 'v' };
const reasons = async (): Promise<readonly string[]> =>
  (await cluster.client.list(resources.events, { namespace: 'default', fieldSelector: 'involvedObject.kind=PersistentVolume' })).items.map(
    ({ reason = '', message = '' }) => `${reason} ${message}`,
  );

test('a volume whose claim is gone is emptied, given back, and told what happened; a pod that fails is told too, and followed by another', async () => {
  const { client, clock } = cluster;
  const modes = { storageClassName: 'm', accessModes: ['ReadWriteOnce' as const] };
  await client.create(resources.persistentVolumes, {
    metadata: pv,
    spec: { ...modes, capacity: { storage: '1Gi' }, hostPath: { path: '/x' }, persistentVolumeReclaimPolicy: 'Recycle' },
  });
  await client.create(resources.persistentVolumeClaims, {
    metadata: at('c'),
    spec: { ...modes, resources: { requests: { storage: '1Gi' } } },
  });
  const phase = async () => (await client.get(resources.persistentVolumes, pv)).status?.phase;
  await clock.until(async () => (await phase()) === 'Bound', 20_000);
  await client.delete(resources.persistentVolumeClaims, at('c'));
  const pod = at('recycler-for-v');
  const isThere = (): Promise<boolean> =>
    client.get(resources.pods, pod).then(
      () => true,
      (error: unknown) => {
        if (hasReason(error, 'NotFound')) return false;
        throw error;
      },
    );
  const end = (status: object): Promise<unknown> =>
    client.patch(resources.pods, pod, { type: 'merge', body: { status } }, { subresource: 'status' });
  await clock.until(isThere, 20_000);
  expect(await phase()).toBe('Released');
  await end({ phase: 'Failed', message: 'too late' });
  await clock.until(async () => (await phase()) === 'Failed', 20_000);
  await clock.until(isThere, 60_000);
  await end({ phase: 'Succeeded' });
  await clock.until(async () => (await phase()) === 'Available', 20_000);
  expect((await client.get(resources.persistentVolumes, pv)).spec.claimRef).toBeUndefined();
  await clock.until(async () => !(await isThere()), 20_000);
  await clock.advance(1000);
  const told = await reasons();
  expect(told).toContain('VolumeFailedRecycle Recycle failed: failed to recycle volume: too late');
  expect(told).toContain('VolumeRecycled Volume recycled');
  expect(told.some((one) => one.startsWith('RecyclerPod Recycler pod: '))).toBe(true);
});
