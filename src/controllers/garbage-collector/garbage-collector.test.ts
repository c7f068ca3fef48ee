// Tests the garbage collector: what is planned for an object by the state of its owners, and whole deletions in virtual time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConfigMap } from '../../api/core/v1.ts';
import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { type GraphNode, OwnerGraph } from './graph.ts';
import { type OwnerState, planDependent, planWaiting } from './plan.ts';

const at = '2026-01-01T00:00:00Z';
const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: at,
  ...more,
});
const by = (name: string, more: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: `uid-${name}`,
  ...more,
});
const node = (name: string, more: Partial<ObjectMeta> = {}): GraphNode => ({
  resource: resources.configMaps as unknown as GraphNode['resource'],
  metadata: meta(name, more),
});
const foreground = { deletionTimestamp: at, finalizers: ['foregroundDeletion'] };

test.each<readonly [string, readonly OwnerState[], Partial<ObjectMeta>, readonly GraphNode[], unknown]>([
  ['no owner', [], {}, [], { do: 'nothing' }],
  ['living owners', ['solid', 'solid'], {}, [], { do: 'nothing' }],
  ['one of two gone', ['absent', 'solid'], {}, [], { do: 'release', owners: new Set(['uid-o0']) }],
  ['one waits, one lives', ['solid', 'waiting'], {}, [], { do: 'release', owners: new Set(['uid-o1']) }],
  ['all gone', ['absent'], {}, [node('x')], { do: 'delete', policy: 'Background', unblock: false }],
  ['all gone, to be orphaned', ['absent'], { finalizers: ['orphan'] }, [], { do: 'delete', policy: 'Orphan', unblock: false }],
  ['owner waits, no dependants', ['waiting'], {}, [], { do: 'delete', policy: 'Background', unblock: false }],
  ['owner waits, dependants', ['waiting'], {}, [node('x')], { do: 'delete', policy: 'Foreground', unblock: false }],
  ['owner waits, so does a dependant', ['waiting'], {}, [node('x', foreground)], { do: 'delete', policy: 'Foreground', unblock: true }],
])('an object with %s', (_, states, more, dependents, expected) => {
  const owners = states.map((state, index) => ({ reference: by(`o${index}`), state }));
  expect(planDependent(meta('d', more), owners, dependents)).toEqual(expected);
});

test('an owner in the foreground waits for those that block it only', () => {
  const blocking = node('b', { ownerReferences: [by('a', { blockOwnerDeletion: true })] });
  const other = node('c', { ownerReferences: [by('a')] });
  expect(planWaiting(node('a', foreground), [blocking, other])).toEqual({ free: false, look: ['uid-b'] });
  expect(planWaiting(node('a', foreground), [other])).toEqual({ free: true, look: [] });
});

test('the graph: what a change makes worth a look', () => {
  const graph = new OwnerGraph();
  const owned = (more: Partial<OwnerReference> = {}): GraphNode => node('b', { ownerReferences: [by('a', more)] });
  expect([...graph.put(owned()).look]).toEqual(['uid-b']);
  expect([...graph.put(node('a')).look]).toEqual([]);
  expect([...graph.put(owned()).look]).toEqual([]);
  expect([...graph.put(node('a', foreground)).look]).toEqual(['uid-a', 'uid-b']);
  expect([...graph.put(node('a', foreground)).look]).toEqual([]);
  graph.put(owned({ blockOwnerDeletion: true }));
  expect([...graph.put(owned()).look]).toEqual(['uid-a']);
  expect([...graph.remove('uid-a').look]).toEqual(['uid-b']);
  expect(graph.remove('uid-b').look.size).toBe(0);
  expect(graph.put(node('d', { ownerReferences: [by('a')], namespace: 'other' })).strays).toEqual([]);
  expect(graph.put(node('a')).strays.map(({ reference }) => reference.name)).toEqual(['a']);
});

let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster({ nodes: 0 });
  await cluster.client.create(resources.namespaces, { metadata: { name: 'other' }, spec: {} });
});
afterAll(() => cluster.stop());

const made = (name: string, more: Partial<ObjectMeta> = {}): Promise<ConfigMap> =>
  cluster.client.create(resources.configMaps, { metadata: { name, namespace: 'default', ...more } });
const found = async (name: string, namespace = 'default'): Promise<ConfigMap | undefined> =>
  cluster.client.get(resources.configMaps, { namespace, name }).catch((error: unknown) => {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  });
const ref = ({ metadata: { name, uid } }: ConfigMap, more: Partial<OwnerReference> = {}): Partial<ObjectMeta> => ({
  ownerReferences: [by(name, { uid, ...more })],
});
const remove = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> =>
  cluster.client.delete(resources.configMaps, { namespace: 'default', name }, { propagationPolicy });
const letGo = (name: string): Promise<unknown> =>
  cluster.client.patch(resources.configMaps, { namespace: 'default', name }, { type: 'merge', body: { metadata: { finalizers: null } } });
const soon = (condition: () => Promise<boolean>): Promise<void> => cluster.clock.until(condition, 5000);

test('background: the dependants go, and theirs', async () => {
  await made('c', ref(await made('b', ref(await made('a')))));
  await cluster.clock.advance(500);
  await remove('a', 'Background');
  await soon(async () => (await found('c')) === undefined && (await found('b')) === undefined);
});

test('foreground: the owner waits for what blocks it, not for the rest', async () => {
  const owner = await made('fa');
  await made('fb', { ...ref(owner, { blockOwnerDeletion: true }), finalizers: ['example.com/hold'] });
  await made('fc', { ...ref(owner), finalizers: ['example.com/hold'] });
  await cluster.clock.advance(500);
  await remove('fa', 'Foreground');
  await cluster.clock.advance(1000);
  expect((await found('fa'))?.metadata.finalizers).toEqual(['foregroundDeletion']);
  expect([await found('fb'), await found('fc')].map((one) => one?.metadata.deletionTimestamp !== undefined)).toEqual([true, true]);
  await letGo('fb');
  await soon(async () => (await found('fa')) === undefined);
  expect(await found('fc')).toBeDefined();
  await letGo('fc');
  expect(await found('fc')).toBeUndefined();
});

test('a circle of owners in the foreground ends', async () => {
  const first = await made('one');
  const second = await made('two', ref(first, { blockOwnerDeletion: true }));
  const body = { metadata: { ...ref(second, { blockOwnerDeletion: true }) } };
  await cluster.client.patch(resources.configMaps, { namespace: 'default', name: 'one' }, { type: 'merge', body });
  await cluster.clock.advance(500);
  await remove('one', 'Foreground');
  await soon(async () => (await found('one')) === undefined && (await found('two')) === undefined);
});

test('orphans lose the reference and stay', async () => {
  await made('ob', ref(await made('oa')));
  await cluster.clock.advance(500);
  await remove('oa', 'Orphan');
  await soon(async () => (await found('oa')) === undefined);
  await cluster.clock.advance(1000);
  expect((await found('ob'))?.metadata).not.toHaveProperty('ownerReferences');
});

test('owners that are not there: gone, of another uid, of an unknown kind, beside a living one', async () => {
  const living = await made('living');
  const gone = by('gone', { uid: 'nobody' });
  await made('dangling', { ownerReferences: [gone] });
  await made('wrong-uid', ref(living, { uid: 'another' }));
  await made('unknown', { ownerReferences: [by('x', { apiVersion: 'example.com/v1', kind: 'Nothing' })] });
  await made('both', { ownerReferences: [gone, by('living', { uid: living.metadata.uid })] });
  await soon(async () => (await found('dangling')) === undefined && (await found('wrong-uid')) === undefined);
  await cluster.clock.advance(60_000);
  expect(await found('unknown')).toBeDefined();
  expect((await found('both'))?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['living']);
});

test('an owner in another namespace is told about, and is none', async () => {
  const owner = await made('here');
  await made('there', { namespace: 'other', ...ref(owner) });
  await soon(async () => (await found('there', 'other')) === undefined);
  await cluster.clock.advance(100);
  const { items } = await cluster.client.list(resources.events, { namespace: 'other' });
  expect(items.map(({ reason, message, type }) => [type, reason, message])).toEqual([
    [
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef [v1/ConfigMap, namespace: other, name: here, uid: ${owner.metadata.uid}] does not exist in namespace "other"`,
    ],
  ]);
});
