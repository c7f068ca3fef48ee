// Owns a DaemonSet's life in virtual time: a pod a node, rolled one by one or with surge, moved by labels, undone.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DaemonSet, DaemonSetSpec } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { isReady } from '../pod-facts.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster({ nodes: 3 });
});
afterAll(() => cluster.stop());

const template = (name: string, tag: string, nodeSelector: Record<string, string> = {}): DaemonSetSpec['template'] => ({
  metadata: { labels: { app: name } },
  spec: {
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '100000'], env: [{ name: 'TAG', value: tag }] }],
    terminationGracePeriodSeconds: 1,
    nodeSelector,
  },
});
const make = (name: string, spec: Partial<DaemonSetSpec> = {}): Promise<DaemonSet> =>
  cluster.client.create(resources.daemonSets, {
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, 'one'), ...spec },
  });
const podsOf = async (name: string): Promise<readonly Pod[]> =>
  (await cluster.client.list(resources.pods, { namespace, labelSelector: `app=${name}` })).items;
const change = (name: string, body: Record<string, unknown>): Promise<DaemonSet> =>
  cluster.client.patch(resources.daemonSets, { namespace, name }, { type: 'merge', body: { spec: body } });
const settled = (name: string, nodes: number): Promise<void> =>
  cluster.clock.until(async () => {
    const { status, metadata } = await cluster.client.get(resources.daemonSets, { namespace, name });
    const counts = [status?.desiredNumberScheduled, status?.updatedNumberScheduled ?? 0, status?.numberAvailable ?? 0];
    const done = status?.observedGeneration === metadata.generation && counts.every((count) => count === nodes);
    return done && (await podsOf(name)).length === nodes;
  }, 300_000);
/** How many are ready at the least, and there at the most, while it settles. */
const bounds = async (name: string, nodes: number): Promise<readonly [number, number]> => {
  let [least, most] = [nodes, 0];
  const done = settled(name, nodes);
  let over = false;
  void done.then(() => {
    over = true;
  });
  const watching = (async () => {
    for await (const _ of cluster.client.watch(resources.pods, { namespace, labelSelector: `app=${name}` })) {
      if (over) return;
      const pods = await podsOf(name);
      least = Math.min(least, pods.filter(isReady).length);
      most = Math.max(most, pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length);
    }
  })();
  void watching.catch(() => {});
  await done;
  return [least, most];
};

test('a pod a node; healed; rolled one by one', async () => {
  await make('agent');
  await settled('agent', 3);
  expect(new Set((await podsOf('agent')).map(({ spec }) => spec?.nodeName)).size).toBe(3);
  await cluster.client.delete(resources.pods, { namespace, name: (await podsOf('agent'))[0]?.metadata.name ?? '' });
  await settled('agent', 3);
  await change('agent', { template: template('agent', 'two') });
  expect(await bounds('agent', 3)).toEqual([2, 3]);
});

test('undone: the revision of before is the newest', async () => {
  await change('agent', { template: template('agent', 'one') });
  await settled('agent', 3);
  const { items } = await cluster.client.list(resources.controllerRevisions, { namespace, labelSelector: 'app=agent' });
  expect(items.map(({ revision }) => revision).sort()).toEqual([2, 3]);
});

test('with surge there is never one less', async () => {
  await change('agent', {
    template: template('agent', 'three'),
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  expect(await bounds('agent', 3)).toEqual([3, 4]);
  await cluster.clock.advance(1000);
  const { items } = await cluster.client.list(resources.events, { namespace, fieldSelector: 'reason=SuccessfulDelete' });
  const deletions = items.filter(({ involvedObject }) => involvedObject?.name === 'agent');
  // Each old pod is deleted once: when its successor can take over.
  expect(deletions.filter(({ count, message }) => (count ?? 1) > 1 && message?.startsWith('Deleted pod'))).toEqual([]);
});

test('on deletion only', async () => {
  await make('lazy', { updateStrategy: { type: 'OnDelete' } });
  await settled('lazy', 3);
  await change('lazy', { template: template('lazy', 'two') });
  await cluster.clock.advance(60_000);
  const { status } = await cluster.client.get(resources.daemonSets, { namespace, name: 'lazy' });
  expect(status?.updatedNumberScheduled).toBeUndefined();
  for (const { metadata } of await podsOf('lazy')) await cluster.client.delete(resources.pods, { namespace, name: metadata.name });
  await settled('lazy', 3);
});

test('follows the label of a node', async () => {
  await make('chosen', { template: template('chosen', 'one', { disk: 'fast' }) });
  const { items } = await cluster.client.list(resources.nodes);
  const label = (name: string, disk: string | null): Promise<unknown> =>
    cluster.client.patch(resources.nodes, { name }, { type: 'merge', body: { metadata: { labels: { disk } } } });
  const [first = '', second = ''] = items.map(({ metadata }) => metadata.name);
  await label(first, 'fast');
  await settled('chosen', 1);
  await label(first, null);
  await label(second, 'fast');
  await cluster.clock.until(async () => {
    const pods = await podsOf('chosen');
    return pods.length === 1 && pods[0]?.spec?.nodeName === second && isReady(pods[0]);
  }, 120_000);
});
