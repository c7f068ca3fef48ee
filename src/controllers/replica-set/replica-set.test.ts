// Owns a ReplicaSet's life in virtual time: made, healed, scaled, adopting and releasing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReplicaSet } from '../../api/apps/v1.ts';
import type { Pod, PodSpec } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { controllerOf } from '../ownership.ts';

const namespace = 'default';
const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'] }];
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const read = (name: string): Promise<ReplicaSet> => cluster.client.get(resources.replicaSets, { namespace, name });
const podsOf = async (app: string): Promise<readonly Pod[]> =>
  (await cluster.client.list(resources.pods, { namespace, labelSelector: `app=${app}` })).items;
const make = (name: string, replicas: number, more: Partial<PodSpec> = {}): Promise<ReplicaSet> =>
  cluster.client.create(resources.replicaSets, {
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers, terminationGracePeriodSeconds: 1, ...more } },
    },
  });
const scale = (name: string, replicas: number): Promise<ReplicaSet> =>
  cluster.client.patch(resources.replicaSets, { namespace, name }, { type: 'merge', body: { spec: { replicas } } });
const settled = (name: string, replicas: number): Promise<void> =>
  cluster.clock.until(async () => {
    const { status, metadata } = await read(name);
    return (
      status?.observedGeneration === metadata.generation &&
      status?.replicas === replicas &&
      (status.availableReplicas ?? 0) === replicas &&
      status.terminatingReplicas === 0 &&
      (await podsOf(name)).filter((pod) => controllerOf(pod) !== undefined).length === replicas
    );
  }, 120_000);
const events = async (name: string): Promise<readonly string[]> => {
  await cluster.clock.advance(1000);
  const { items } = await cluster.client.list(resources.events, { namespace, fieldSelector: `involvedObject.name=${name}` });
  return items.map(({ reason, source, count }) => `${reason} ${source?.component} ${count}`).sort();
};

test('made, healed, scaled down: never a pod too many, each told', async () => {
  await make('web', 3);
  await settled('web', 3);
  const victim = (await podsOf('web'))[0]?.metadata.name ?? '';
  await cluster.client.delete(resources.pods, { namespace, name: victim });
  await cluster.clock.until(async () => !(await podsOf('web')).some(({ metadata }) => metadata.name === victim), 10_000);
  await settled('web', 3);
  expect((await podsOf('web')).map(({ metadata }) => metadata.name)).not.toContain(victim);
  await scale('web', 1);
  await settled('web', 1);
  expect(await events('web')).toEqual([
    ...Array.from({ length: 4 }, () => 'SuccessfulCreate replicaset-controller 1'),
    ...Array.from({ length: 2 }, () => 'SuccessfulDelete replicaset-controller 1'),
  ]);
});

test('takes an orphan that matches, lets go of a pod that does not any more and replaces it', async () => {
  await cluster.client.create(resources.pods, { metadata: { name: 'bare', namespace, labels: { app: 'shop' } }, spec: { containers } });
  await make('shop', 2);
  await settled('shop', 2);
  const bare = { namespace, name: 'bare' };
  expect(controllerOf(await cluster.client.get(resources.pods, bare))?.name).toBe('shop');
  await cluster.client.patch(resources.pods, bare, { type: 'merge', body: { metadata: { labels: { app: 'other' } } } });
  await settled('shop', 2);
  await cluster.clock.until(async () => controllerOf(await cluster.client.get(resources.pods, bare)) === undefined, 10_000);
  expect(await podsOf('shop')).toHaveLength(2);
});

test('pods that the server refuses: condition and event say why, and it is tried until it works', async () => {
  await make('refused', 1, { serviceAccountName: 'missing' });
  const refused = async (): Promise<boolean> => (await read('refused')).status?.conditions?.[0]?.reason === 'FailedCreate';
  await cluster.clock.until(refused, 10_000);
  expect((await read('refused')).status?.conditions?.[0]).toMatchObject({ type: 'ReplicaFailure', status: 'True' });
  await cluster.client.create(resources.serviceAccounts, { metadata: { name: 'missing', namespace } });
  await settled('refused', 1);
  expect((await read('refused')).status).not.toHaveProperty('conditions');
  expect((await events('refused')).some((event) => event.startsWith('FailedCreate'))).toBe(true);
});
