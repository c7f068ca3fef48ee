// Tests which pods are garbage, and that they go in virtual time: those of a node that is gone for long enough, with the reason told.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { missingNodes, planPodGarbage } from './plan.ts';

interface Given {
  readonly phase?: string;
  readonly reason?: string;
  readonly node?: string;
  readonly ending?: boolean;
  readonly age?: number;
}
const metadata = (name: string, seconds = 0) => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: `2026-01-01T00:00:${String(59 - seconds).padStart(2, '0')}Z`,
});
const pod = (name: string, { phase = 'Running', reason, node, ending = false, age = 0 }: Given): Pod =>
  ({
    metadata: { ...metadata(name, age), ...(ending ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}) },
    spec: { containers: [], ...(node === undefined ? {} : { nodeName: node }) },
    status: { phase, ...(reason === undefined ? {} : { reason }) },
  }) as Pod;
const node = (name: string, ready: string, taint?: string): Node => ({
  metadata: metadata(name),
  spec: taint === undefined ? {} : { taints: [{ key: taint, effect: 'NoExecute' }] },
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const outOfService = 'node.kubernetes.io/out-of-service';
const nodes = new Map(
  [node('n1', 'True'), node('off', 'Unknown', outOfService), node('on', 'True', outOfService), node('ill', 'False')].map((one) => [
    one.metadata.name,
    one,
  ]),
);

test.each<readonly [string, Given, boolean | undefined]>([
  ['runs', { node: 'n1' }, undefined],
  ['waits for a node', {}, undefined],
  ['ends without ever having had a node', { ending: true }, false],
  ['ends on its node', { node: 'n1', ending: true }, undefined],
  ['ends on a node out of service', { node: 'off', ending: true }, false],
  ['runs on a node out of service', { node: 'off' }, undefined],
  ['ends on a node tainted so that is ready all the same', { node: 'on', ending: true }, undefined],
  ['ends on a node that is not ready', { node: 'ill', ending: true }, undefined],
  ['was on a node that is gone', { node: 'gone' }, true],
  ['was on a node that is missing', { node: 'missing' }, undefined],
])('a pod that %s', (_, given, orphaned) => {
  expect(planPodGarbage([pod('p', given)], nodes, new Set(['gone']))[0]?.orphaned).toBe(orphaned);
});

test('of too many that ended the evicted go first, then the oldest, then by name', () => {
  const ended = [
    pod('young', { phase: 'Succeeded', age: 1 }),
    pod('b', { phase: 'Failed', age: 9 }),
    pod('a', { phase: 'Succeeded', age: 9 }),
    pod('evicted', { phase: 'Failed', reason: 'Evicted', age: 0 }),
    pod('running', { age: 30, node: 'n1' }),
  ];
  const names = (threshold: number) => planPodGarbage(ended, nodes, new Set(), threshold).map((removal) => removal.pod.metadata.name);
  expect([names(4), names(3), names(1), names(0)]).toEqual([[], ['evicted'], ['evicted', 'a', 'b'], []]);
});

test('a node is missed from when it was first missed until it is back', () => {
  const pods = [pod('p', { node: 'x' }), pod('q', { node: 'n1' })];
  const first = missingNodes(pods, nodes, new Map(), 5);
  expect([...missingNodes(pods, nodes, first, 9)]).toEqual([['x', 5]]);
  expect(missingNodes(pods, new Map([['x', node('x', 'True')], ...nodes]), first, 9).size).toBe(0);
});

test('pods of a node that is gone fail and go after 40 s', async () => {
  const { client, clock, stop } = await openSimulatedCluster({ nodes: 0 });
  const made = { metadata: { name: 'p', namespace: 'default' }, spec: { nodeName: 'nowhere', containers: [{ name: 'c', image: 'i' }] } };
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
  const { metadata: created } = await client.create(resources.pods, made);
  const seen: Pod[] = [];
  const watching = new AbortController();
  const watched = (async () => {
    const { signal } = watching;
    for await (const { type, object } of client.watch(resources.pods, { resourceVersion: created.resourceVersion, signal }))
      if (type !== 'BOOKMARK') seen.push(object);
  })().catch(() => {});
  const atMs = clock.now();
  await clock.until(async () => (await client.list(resources.pods)).items.length === 0, 120_000);
  expect(clock.now() - atMs).toBeGreaterThanOrEqual(40_000);
  expect(clock.now() - atMs).toBeLessThanOrEqual(60_000);
  const failed = seen.find(({ status }) => status?.phase === 'Failed');
  expect(failed?.status?.conditions?.filter(({ type }) => type === 'DisruptionTarget')).toMatchObject([
    { status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' },
  ]);
  watching.abort();
  await watched;
  await stop();
});
