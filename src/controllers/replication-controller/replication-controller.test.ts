// Owns a ReplicationController's likeness to a ReplicaSet, and its life in virtual time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { controllerOf } from '../ownership.ts';
import { seenAsReplicaSet, withStatus } from './replication-controller.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

test('its selector is a map, and its status has no terminating replicas', () => {
  const metadata = { name: 'web', namespace, uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
  const object = { metadata, spec: { replicas: 2, selector: { app: 'web' } } };
  expect(seenAsReplicaSet(object).spec).toEqual({ replicas: 2, selector: { matchLabels: { app: 'web' } } });
  expect(withStatus(object, { replicas: 2, terminatingReplicas: 1 }).status).toEqual({ replicas: 2 });
});

test('made, healed, scaled', async () => {
  const place = { namespace, name: 'web' };
  const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'] }];
  await cluster.client.create(resources.replicationControllers, {
    metadata: place,
    spec: { replicas: 2, selector: { app: 'web' }, template: { metadata: { labels: { app: 'web' } }, spec: { containers } } },
  });
  const ready = (count: number): Promise<void> =>
    cluster.clock.until(async () => {
      const { status } = await cluster.client.get(resources.replicationControllers, place);
      const { items } = await cluster.client.list(resources.pods, { namespace });
      return items.length === count && status?.replicas === count && (status.readyReplicas ?? 0) === count;
    }, 120_000);
  await ready(2);
  const { items } = await cluster.client.list(resources.pods, { namespace });
  expect(items.map((pod) => controllerOf(pod)).map((owner) => `${owner?.apiVersion} ${owner?.kind}`)).toEqual([
    'v1 ReplicationController',
    'v1 ReplicationController',
  ]);
  await cluster.client.delete(resources.pods, { namespace, name: items[0]?.metadata.name ?? '' });
  await cluster.client.patch(resources.replicationControllers, place, { type: 'merge', body: { spec: { replicas: 3 } } });
  await ready(3);
  await cluster.client.patch(resources.replicationControllers, place, { type: 'merge', body: { spec: { replicas: 0 } } });
  await ready(0);
});
