// Owns a Deployment's life in virtual time: made, rolled, scaled, undone, paused, recreated, stuck.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deployment, DeploymentSpec, ReplicaSet } from '../../api/apps/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { isReady } from '../pod-facts.ts';
import { revisionOf } from './revisions.ts';
import { isComplete, progressingOf } from './status.ts';

const namespace = 'default';
const template = (name: string, tag: string, more: Partial<DeploymentSpec['template']['spec']> = {}): DeploymentSpec['template'] => ({
  metadata: { labels: { app: name } },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'], env: [{ name: 'TAG', value: tag }] }],
    terminationGracePeriodSeconds: 1,
    ...more,
  },
});
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const read = (name: string): Promise<Deployment> => cluster.client.get(resources.deployments, { namespace, name });
const change = (name: string, spec: Partial<DeploymentSpec>): Promise<Deployment> => {
  const body = Object.entries(spec).map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value }));
  return cluster.client.patch(resources.deployments, { namespace, name }, { type: 'json', body });
};
const make = (name: string, spec: Partial<DeploymentSpec> = {}): Promise<Deployment> =>
  cluster.client.create(resources.deployments, {
    metadata: { name, namespace },
    spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: template(name, 'one'), ...spec },
  });
const setsOf = async (name: string): Promise<readonly ReplicaSet[]> => {
  const { items } = await cluster.client.list(resources.replicaSets, { namespace, labelSelector: `app=${name}` });
  return [...items].sort((a, b) => revisionOf(a) - revisionOf(b));
};
const sizes = async (name: string): Promise<readonly string[]> =>
  (await setsOf(name)).map((set) => `${revisionOf(set)}: ${set.spec.replicas}`);
const settled = (name: string): Promise<void> =>
  cluster.clock.until(async () => {
    const one = await read(name);
    return isComplete(one, one.status) && one.status?.terminatingReplicas === 0;
  }, 300_000);
const told = async (name: string): Promise<readonly string[]> => {
  await cluster.clock.advance(1000);
  const { items } = await cluster.client.list(resources.events, { namespace, fieldSelector: `involvedObject.name=${name}` });
  return items.map(({ reason, message }) => `${reason} ${message?.replace(/ web-\w+/, '')}`);
};

test('made, rolled within its bounds, scaled, undone', async () => {
  await make('web');
  await settled('web');
  const made = await read('web');
  expect(made.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '1' });
  expect(made.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`).sort()).toEqual([
    'Available True MinimumReplicasAvailable',
    'Progressing True NewReplicaSetAvailable',
  ]);
  await change('web', { template: template('web', 'two') });
  const bounds: (readonly [number, number])[] = [];
  await cluster.clock.until(async () => {
    const { items } = await cluster.client.list(resources.pods, { namespace, labelSelector: 'app=web' });
    const alive = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    bounds.push([alive.length, alive.filter(isReady).length]);
    const one = await read('web');
    return isComplete(one, one.status) && one.status?.terminatingReplicas === 0;
  }, 300_000);
  expect(Math.max(...bounds.map(([count]) => count))).toBe(4);
  expect(Math.min(...bounds.map(([, ready]) => ready))).toBe(3);
  expect(await sizes('web')).toEqual(['1: 0', '2: 3']);
  await change('web', { replicas: 5 });
  await settled('web');
  expect(await sizes('web')).toEqual(['1: 0', '2: 5']);
  await change('web', { template: template('web', 'one') });
  await settled('web');
  expect(await sizes('web')).toEqual(['2: 0', '3: 5']);
  const [, back] = await setsOf('web');
  expect(back?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision-history': '1' });
  expect((await read('web')).metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '3' });
  expect((await told('web')).slice(0, 8)).toEqual([
    'ScalingReplicaSet Scaled up replica set from 0 to 3',
    'ScalingReplicaSet Scaled up replica set from 0 to 1',
    'ScalingReplicaSet Scaled down replica set from 3 to 2',
    'ScalingReplicaSet Scaled up replica set from 1 to 2',
    'ScalingReplicaSet Scaled down replica set from 2 to 1',
    'ScalingReplicaSet Scaled up replica set from 2 to 3',
    'ScalingReplicaSet Scaled down replica set from 1 to 0',
    'ScalingReplicaSet Scaled up replica set from 3 to 5',
  ]);
});

test('paused it is only scaled; resumed it rolls; history is kept to its limit', async () => {
  await make('shop', { replicas: 2, revisionHistoryLimit: 1 });
  await settled('shop');
  await change('shop', { paused: true, template: template('shop', 'two'), replicas: 4 });
  await cluster.clock.until(async () => (await read('shop')).status?.availableReplicas === 4, 60_000);
  expect(await sizes('shop')).toEqual(['1: 4']);
  expect(progressingOf((await read('shop')).status)).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  await change('shop', { paused: false });
  await settled('shop');
  expect(await sizes('shop')).toEqual(['1: 0', '2: 4']);
  await change('shop', { template: template('shop', 'three') });
  await settled('shop');
  await cluster.clock.advance(10_000);
  expect(await sizes('shop')).toEqual(['2: 0', '3: 4']);
});

test('recreated: no pod of the new before the last of the old has ended', async () => {
  await make('one', { strategy: { type: 'Recreate' } });
  await settled('one');
  await change('one', { template: template('one', 'two') });
  let most = 0;
  await cluster.clock.until(async () => {
    const { items } = await cluster.client.list(resources.pods, { namespace, labelSelector: 'app=one' });
    const running = items.filter(({ status }) => status?.phase === 'Running');
    most = Math.max(most, new Set(running.map(({ metadata }) => metadata.labels?.['pod-template-hash'])).size);
    const deployment = await read('one');
    return isComplete(deployment, deployment.status);
  }, 300_000);
  expect(most).toBe(1);
  expect(await sizes('one')).toEqual(['1: 0', '2: 3']);
});

test('stuck: after its deadline it says so, and goes on when it can', async () => {
  await make('stuck', { replicas: 1, progressDeadlineSeconds: 60 });
  await settled('stuck');
  await change('stuck', { template: template('stuck', 'two', { nodeSelector: { nowhere: 'true' } }) });
  const late = async (): Promise<boolean> => progressingOf((await read('stuck')).status)?.reason === 'ProgressDeadlineExceeded';
  const fromMs = cluster.clock.now();
  await cluster.clock.until(late, 120_000);
  expect(cluster.clock.now() - fromMs).toBeGreaterThanOrEqual(60_000);
  expect(await sizes('stuck')).toEqual(['1: 1', '2: 1']);
  await change('stuck', { template: template('stuck', 'three') });
  await settled('stuck');
  expect(progressingOf((await read('stuck')).status)).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});
