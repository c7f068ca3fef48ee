// Tests which volumes are attached where, in tables and in virtual time: asked for, told of, taken off when their pod is gone.
import { expect, test } from 'vitest';
import type { Node, PersistentVolume, Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { attachmentName, detachWaitMs, mayDetach, multiAttachWords, uniqueName } from './plan.ts';

const metadata = (name: string, namespace = 'ns') => ({
  name,
  namespace,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const volume: PersistentVolume = { metadata: metadata('v'), spec: { csi: { driver: 'd', volumeHandle: 'h' } } };
const node = (ready: string, inUse: boolean, taint?: string): Node => ({
  metadata: metadata('n'),
  spec: taint === undefined ? {} : { taints: [{ key: taint, effect: 'NoExecute' }] },
  status: { conditions: [{ type: 'Ready', status: ready }], ...(inUse ? { volumesInUse: [uniqueName(volume)] } : {}) },
});
test.each([
  ['nobody says that it is in use', node('True', false), 0, true],
  ['the node uses it', node('True', true), detachWaitMs, false],
  ['the node is lost, not for long enough', node('Unknown', true), detachWaitMs - 1, false],
  ['the node is lost for long', node('Unknown', true), detachWaitMs, true],
  ['the node is out of service', node('Unknown', true, 'node.kubernetes.io/out-of-service'), 0, true],
  ['the node is gone', undefined, 0, true],
])('a volume is taken off: %s', (_, one, nowMs, expected) => expect(mayDetach(one, volume, 0, nowMs)).toBe(expected));

const pod = (name: string, namespace: string): Pod => ({ metadata: metadata(name, namespace), spec: { containers: [] } });
test.each([
  [[], "Volume is already exclusively attached to one node and can't be attached to another"],
  [[pod('a', 'ns'), pod('b', 'ns')], 'Volume is already used by pod(s) a, b'],
  [[pod('a', 'ns'), pod('b', 'x')], 'Volume is already used by pod(s) a and 1 pod(s) in different namespaces'],
  [[pod('b', 'x')], 'Volume is already used by 1 pod(s) in different namespaces'],
])('a volume that is elsewhere: %#', (users, words) => expect(multiAttachWords(pod('p', 'ns'), users)).toBe(words));

test('attached when a pod is there, told when it is done, taken off with the pod', async () => {
  const { client, clock, stop } = await openSimulatedCluster();
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
  const here = (name: string) => ({ namespace: 'default', name });
  const [storageClassName, accessModes] = ['m', ['ReadWriteOnce'] as const];
  const csi = { driver: 'disk.example.com', volumeHandle: 'h' };
  await client.create(resources.persistentVolumes, {
    metadata: { name: 'v' },
    spec: { storageClassName, accessModes, capacity: { storage: '1Gi' }, csi },
  });
  const spec = { storageClassName, accessModes, resources: { requests: { storage: '1Gi' } } };
  await client.create(resources.persistentVolumeClaims, { metadata: here('c'), spec });
  await clock.until(async () => (await client.get(resources.persistentVolumeClaims, here('c'))).status?.phase === 'Bound', 30_000);
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
  await client.create(resources.pods, {
    metadata: here('p'),
    spec: { nodeName: 'node1', containers: [{ name: 'c', image: 'i' }], volumes, terminationGracePeriodSeconds: 1 },
  });
  const name = attachmentName('h', 'disk.example.com', 'node1');
  const list = async () => (await client.list(resources.volumeAttachments)).items;
  await clock.until(async () => (await list()).length === 1, 5000);
  expect((await list())[0]).toMatchObject({
    metadata: { name },
    spec: { attacher: 'disk.example.com', nodeName: 'node1', source: { persistentVolumeName: 'v' } },
  });
  const body = { status: { attached: true } };
  await client.patch(resources.volumeAttachments, { name }, { type: 'merge', body }, { subresource: 'status' });
  const attached = async () => (await client.get(resources.nodes, { name: 'node1' })).status?.volumesAttached?.map((one) => one.name) ?? [];
  await clock.until(async () => (await attached()).length === 1, 5000);
  expect(await attached()).toEqual(['kubernetes.io/csi/disk.example.com^h']);
  await clock.advance(100);
  const events = (await client.list(resources.events, { namespace: 'default' })).items.filter(
    ({ reason }) => reason === 'SuccessfulAttachVolume',
  );
  expect(events.map(({ message }) => message)).toEqual(['AttachVolume.Attach succeeded for volume "v" ']);
  await client.delete(resources.pods, here('p'), { gracePeriodSeconds: 0 });
  await clock.until(async () => (await list()).length === 0, 30_000);
  await clock.until(async () => (await attached()).length === 0, 5000);
  await stop();
});
