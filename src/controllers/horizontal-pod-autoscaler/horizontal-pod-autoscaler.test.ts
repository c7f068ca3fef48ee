// Owns an autoscaler's life in virtual time: sizes out of bounds are put right, and without metrics it says so every time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HorizontalPodAutoscaler } from '../../api/autoscaling/v2.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const deploy = async (name: string, replicas: number): Promise<void> => {
  const labels = { app: name };
  const containers = [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'] }];
  await cluster.client.create(resources.deployments, {
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
};
const autoscale = (name: string, target: string, minReplicas: number, maxReplicas: number): Promise<HorizontalPodAutoscaler> =>
  cluster.client.create(resources.horizontalPodAutoscalers, {
    metadata: { name, namespace },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target }, minReplicas, maxReplicas },
  });
const reasons = async (name: string): Promise<readonly string[]> => {
  const { status } = await cluster.client.get(resources.horizontalPodAutoscalers, { namespace, name });
  return (status?.conditions ?? []).map(({ type, status: value, reason }) => `${type} ${value} ${reason}`);
};

test('too few are made enough at the first look, 15 s after; then there are no metrics', async () => {
  await deploy('web', 1);
  await autoscale('web', 'web', 2, 4);
  await cluster.clock.advance(14_000);
  expect(await reasons('web')).toEqual([]);
  await cluster.clock.advance(2000);
  expect(await reasons('web')).toEqual(['AbleToScale True SucceededRescale']);
  expect((await cluster.client.get(resources.deployments, { namespace, name: 'web' })).spec.replicas).toBe(2);
  await cluster.clock.advance(16_000);
  expect(await reasons('web')).toEqual(['AbleToScale True SucceededGetScale', 'ScalingActive False FailedGetResourceMetric']);
  const { items } = await cluster.client.list(resources.events, { namespace, fieldSelector: 'involvedObject.name=web' });
  const told = items.filter(({ source }) => source?.component === 'horizontal-pod-autoscaler').map(({ reason }) => reason);
  expect(told.sort()).toEqual(['FailedComputeMetricsReplicas', 'FailedGetResourceMetric', 'SuccessfulRescale']);
});

test('too many are made fewer; none stays none', async () => {
  await deploy('many', 5);
  await deploy('none', 0);
  await autoscale('many', 'many', 1, 3);
  await autoscale('none', 'none', 1, 3);
  await cluster.clock.advance(16_000);
  expect((await cluster.client.get(resources.deployments, { namespace, name: 'many' })).spec.replicas).toBe(3);
  expect(await reasons('none')).toEqual(['AbleToScale True SucceededGetScale', 'ScalingActive False ScalingDisabled']);
});

test('a target that is not there', async () => {
  await autoscale('lost', 'nobody', 1, 3);
  await cluster.clock.advance(16_000);
  expect(await reasons('lost')).toEqual(['AbleToScale False FailedGetScale']);
});
