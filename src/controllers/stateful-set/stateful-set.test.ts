// Owns a StatefulSet's life in virtual time: made in order, updated from the top, scaled, healed under the same name.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatefulSet, StatefulSetSpec } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { isReady } from '../pod-facts.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const template = (name: string, tag: string): StatefulSetSpec['template'] => ({
  metadata: { labels: { app: name } },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'], env: [{ name: 'TAG', value: tag }] }],
    terminationGracePeriodSeconds: 1,
  },
});
const make = (name: string, spec: Partial<StatefulSetSpec> = {}): Promise<StatefulSet> =>
  cluster.client.create(resources.statefulSets, {
    metadata: { name, namespace },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: template(name, 'one'), ...spec },
  });
const read = (name: string): Promise<StatefulSet> => cluster.client.get(resources.statefulSets, { namespace, name });
const podsOf = async (name: string): Promise<readonly Pod[]> =>
  (await cluster.client.list(resources.pods, { namespace, labelSelector: `app=${name}` })).items;
const change = (name: string, spec: Partial<StatefulSetSpec>): Promise<StatefulSet> => {
  const body = Object.entries(spec).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value }));
  return cluster.client.patch(resources.statefulSets, { namespace, name }, { type: 'json', body });
};
const settled = (name: string): Promise<void> =>
  cluster.clock.until(async () => {
    const { spec, status, metadata } = await read(name);
    const counts = [status?.replicas, status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0];
    return status?.observedGeneration === metadata.generation && counts.every((one) => one === spec.replicas);
  }, 300_000);

test('made one after the other, updated from the top, never two away', async () => {
  await make('web');
  let most = 0;
  await cluster.clock.until(async () => {
    const pods = await podsOf('web');
    most = Math.max(most, pods.filter((pod) => !isReady(pod)).length);
    return pods.length === 3 && pods.every(isReady);
  }, 300_000);
  expect(most).toBe(1);
  const before = new Map((await podsOf('web')).map(({ metadata }) => [metadata.name, metadata.uid]));
  await change('web', { template: template('web', 'two') });
  const replaced: string[] = [];
  let fewest = 3;
  await cluster.clock.until(async () => {
    const pods = await podsOf('web');
    for (const { metadata } of pods)
      if (metadata.uid !== before.get(metadata.name) && !replaced.includes(metadata.name)) replaced.push(metadata.name);
    fewest = Math.min(fewest, pods.filter(isReady).length);
    const { status } = await read('web');
    return status?.currentRevision === status?.updateRevision && status?.updatedReplicas === 3 && replaced.length === 3;
  }, 300_000);
  expect(replaced).toEqual(['web-2', 'web-1', 'web-0']);
  expect(fewest).toBe(2);
  const { items } = await cluster.client.list(resources.controllerRevisions, { namespace, labelSelector: 'app=web' });
  expect(items.map(({ revision }) => revision).sort()).toEqual([1, 2]);
});

test('scaled down from the top and up again', async () => {
  await change('web', { replicas: 1 });
  await settled('web');
  expect((await podsOf('web')).map(({ metadata }) => metadata.name)).toEqual(['web-0']);
  await change('web', { replicas: 2 });
  await settled('web');
  expect((await podsOf('web')).map(({ metadata }) => metadata.name)).toEqual(['web-0', 'web-1']);
});

test('a deleted pod comes back under its name', async () => {
  const uid = (await podsOf('web')).find(({ metadata }) => metadata.name === 'web-0')?.metadata.uid;
  await cluster.client.delete(resources.pods, { namespace, name: 'web-0' });
  const isNew = async (): Promise<boolean> =>
    (await podsOf('web')).some((pod) => pod.metadata.name === 'web-0' && pod.metadata.uid !== uid && isReady(pod));
  await cluster.clock.until(isNew, 60_000);
});

test('undone: the revision of before is the newest', async () => {
  await change('web', { template: template('web', 'one') });
  await settled('web');
  const { items } = await cluster.client.list(resources.controllerRevisions, { namespace, labelSelector: 'app=web' });
  expect(items.map(({ revision }) => revision).sort()).toEqual([2, 3]);
});

test('claims are made once and stay', async () => {
  const volumeClaimTemplates = [
    { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  ] as unknown as NonNullable<StatefulSetSpec['volumeClaimTemplates']>;
  await make('db', { replicas: 2, podManagementPolicy: 'Parallel', volumeClaimTemplates });
  const claims = async (): Promise<readonly string[]> =>
    (await cluster.client.list(resources.persistentVolumeClaims, { namespace })).items.map(({ metadata }) => metadata.name);
  await cluster.clock.until(async () => (await podsOf('db')).length === 2, 60_000);
  expect(await claims()).toEqual(['data-db-0', 'data-db-1']);
  await change('db', { replicas: 0 });
  await cluster.clock.until(async () => (await podsOf('db')).length === 0, 120_000);
  expect(await claims()).toEqual(['data-db-0', 'data-db-1']);
});
