// Owns a budget's life in virtual time: what it allows follows its pods, evictions stop where it says so.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const allowed = (name: string, count: number): Promise<void> =>
  cluster.clock.until(async () => {
    const { status } = await cluster.client.get(resources.podDisruptionBudgets, { namespace, name });
    return status?.observedGeneration !== undefined && status.disruptionsAllowed === count;
  }, 60_000);
const budget = (name: string, spec: PodDisruptionBudget['spec']): Promise<PodDisruptionBudget> =>
  cluster.client.create(resources.podDisruptionBudgets, { metadata: { name, namespace }, spec });
const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'] }];

test('a Deployment of three, of which one may be away', async () => {
  const labels = { app: 'web' };
  await cluster.client.create(resources.deployments, {
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } },
    },
  });
  await budget('web', { maxUnavailable: 1, selector: { matchLabels: labels } });
  await allowed('web', 1);
  const { items } = await cluster.client.list(resources.pods, { namespace, labelSelector: 'app=web' });
  const evict = (name: string): Promise<unknown> =>
    cluster.client.createSubresource(resources.pods, { namespace, name }, 'eviction', {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace },
    });
  await evict(items[0]?.metadata.name ?? '');
  await expect(evict(items[1]?.metadata.name ?? '')).rejects.toMatchObject({ code: 429 });
  await allowed('web', 1);
});

test('pods of a Job have no size to count by: nothing is allowed, and why', async () => {
  const labels = { app: 'job' };
  await cluster.client.create(resources.jobs, {
    metadata: { name: 'job', namespace },
    spec: { template: { metadata: { labels }, spec: { containers, restartPolicy: 'Never' } } },
  });
  await cluster.clock.advance(3000);
  await budget('job', { minAvailable: '50%', selector: { matchLabels: labels } });
  await cluster.clock.advance(1000);
  const { status } = await cluster.client.get(resources.podDisruptionBudgets, { namespace, name: 'job' });
  expect(status?.conditions?.[0]).toMatchObject({
    status: 'False',
    reason: 'SyncFailed',
    message: 'jobs.batch does not implement the scale subresource',
  });
});
