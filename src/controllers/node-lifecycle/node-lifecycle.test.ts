// Tests how nodes are judged, tainted and paced, and in virtual time what becomes of a node that falls silent and of its pods.
import { expect, test } from 'vitest';
import type { Lease } from '../../api/coordination/v1.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { EvictionLine } from './eviction-line.ts';
import { judge, longSilent } from './health.ts';
import { withEvicting } from './plan.ts';
import { planDisruption, stateOf, type ZoneState } from './zones.ts';

const created = '2026-01-01T00:00:00Z';
const startMs = Date.parse(created);
const grace = { monitorMs: 50_000, startupMs: 60_000 };
const node = (ready?: string, heartbeat = created): Node => ({
  metadata: { name: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: created },
  spec: {},
  status: ready === undefined ? {} : { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: heartbeat }] },
});
const lease = (renewedMs: number): Lease => ({ metadata: node().metadata, spec: { renewTime: formatTime(renewedMs) } });
const heard = (atMs: number) => ({ heartbeat: created, renewMs: startMs, heardMs: atMs });

test.each([
  ['seen for the first time', node('True'), lease(startMs), undefined, 90_000, 'True', false],
  ['renews its lease', node('True'), lease(startMs + 60_000), heard(startMs), 61_000, 'True', false],
  ['beats in its status', node('True', '2026-01-01T00:01:00Z'), lease(startMs), heard(startMs), 61_000, 'True', false],
  ['is silent, not for too long', node('True'), lease(startMs), heard(startMs), 50_000, 'True', false],
  ['is silent for too long', node('True'), lease(startMs), heard(startMs), 50_001, 'Unknown', true],
  ['is silent, as was said', node('Unknown'), lease(startMs), heard(startMs), 90_000, 'Unknown', false],
  ['is new and has said nothing yet', node(), undefined, undefined, 60_000, undefined, false],
  ['has never said anything', node(), undefined, undefined, 60_001, 'Unknown', true],
] as const)('a node that %s', (_, one, renewed, before, afterMs, ready, writes) => {
  const judgement = judge(one, renewed, before, grace, startMs + afterMs);
  expect([judgement.now, judgement.conditions !== undefined]).toEqual([ready, writes]);
});

test('a node that nobody runs any more is silent from the start, and is there again once it is heard of', () => {
  const before = longSilent(node('True'), lease(startMs));
  const first = judge(node('True'), lease(startMs), before, grace, startMs + 90_000);
  expect([first.before, first.now]).toEqual(['True', 'Unknown']);
  expect(judge(node('True'), lease(startMs + 90_000), first.health, grace, startMs + 90_000).now).toBe('True');
});

test('what is written of silence: the four known conditions, others are left alone', () => {
  const one = node('True');
  const conditions = [...(one.status?.conditions ?? []), { type: 'NetworkUnavailable', status: 'False' }];
  const told = judge({ ...one, status: { conditions } }, undefined, heard(startMs), grace, startMs + 60_000).conditions ?? [];
  expect(told.map(({ type, status, reason = '' }) => `${type} ${status} ${reason}`)).toEqual([
    'Ready Unknown NodeStatusUnknown',
    'NetworkUnavailable False ',
    'MemoryPressure Unknown NodeStatusNeverUpdated',
    'DiskPressure Unknown NodeStatusNeverUpdated',
    'PIDPressure Unknown NodeStatusNeverUpdated',
  ]);
});

const rates = { normal: 0.1, secondary: 0.01, unhealthyShare: 0.55, largeZone: 50 };
const many = (good: number, bad: number) => [...Array<string>(good).fill('True'), ...Array<string>(bad).fill('Unknown')];
test.each([
  ['all ready', 3, 0, 'normal'],
  ['none ready', 0, 1, 'full'],
  ['two of three down', 1, 2, 'normal'],
  ['three of five down', 2, 3, 'partial'],
  ['three of six down', 3, 3, 'normal'],
])('a zone with %s', (_, good, bad, state) => expect(stateOf(many(good, bad), rates)).toBe(state));

test.each<readonly [string, Record<string, ZoneState>, Record<string, readonly string[]>, unknown]>([
  ['the first look', {}, { a: many(1, 0) }, ['same', { a: 0.1 }]],
  ['nothing new', { a: 'normal' }, { a: many(2, 1) }, ['same', {}]],
  ['one zone down, another not', { a: 'normal', b: 'normal' }, { a: many(0, 2), b: many(1, 0) }, ['same', { a: 0.1 }]],
  ['everything goes down', { a: 'normal' }, { a: many(0, 2) }, ['enter', { a: 0 }]],
  ['everything stays down', { a: 'full' }, { a: many(0, 2) }, ['same', {}]],
  ['one comes back', { a: 'full' }, { a: many(1, 1) }, ['leave', { a: 0.1 }]],
  ['a small zone is unhealthy', { a: 'normal' }, { a: many(2, 3) }, ['same', { a: 0 }]],
  ['a large zone is unhealthy', { a: 'normal' }, { a: many(20, 31) }, ['same', { a: 0.01 }]],
])('disruption: %s', (_, before, zones, expected) => {
  const plan = planDisruption(new Map(Object.entries(before)), new Map(Object.entries(zones)), rates);
  expect([plan.mode, Object.fromEntries(plan.rates)]).toEqual(expected);
});

test('a line lets one pass at once and the next after its rate', () => {
  const line = new EvictionLine(0.1, 0);
  line.add('a');
  line.add('b');
  expect([line.next(0), line.next(0), line.waitMs(0), line.next(9_999), line.next(10_000)]).toEqual([
    'a',
    undefined,
    10_000,
    undefined,
    'b',
  ]);
  line.setRate(0, 10_000);
  line.add('c');
  expect([line.next(90_000), line.waitMs(90_000)]).toEqual([undefined, undefined]);
});

test('the two evicting taints are never there together, and others stay', () => {
  const theirs = { key: 'k', effect: 'NoExecute' } as const;
  const lost = withEvicting([theirs, { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }], 'node.kubernetes.io/unreachable', 0);
  expect(lost?.map(({ key }) => key)).toEqual(['k', 'node.kubernetes.io/unreachable']);
  expect(withEvicting(lost, 'node.kubernetes.io/unreachable', 0)).toBeUndefined();
  expect(withEvicting(lost, undefined, 0)).toEqual([theirs]);
});

test('a node of somebody that falls silent: Unknown, tainted, its pods go when their time is over; heard again, all is well', async () => {
  const { client, clock, stop } = await openSimulatedCluster();
  const at = () => formatTime(clock.now());
  const say = { conditions: [{ type: 'Ready', status: 'True' as const, lastHeartbeatTime: at(), lastTransitionTime: at() }] };
  await client.create(resources.nodes, { metadata: { name: 'far' }, spec: {}, status: say });
  const toleration = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 } as const;
  const made = async (name: string, tolerations: Pod['spec']['tolerations'] = []): Promise<void> => {
    const spec = { nodeName: 'far', tolerations, containers: [{ name: 'c', image: 'i' }] };
    await client.create(resources.pods, { metadata: { name, namespace: 'default' }, spec });
    const status = { phase: 'Running' as const, conditions: [{ type: 'Ready', status: 'True' as const }] };
    await client.patch(resources.pods, { namespace: 'default', name }, { type: 'strategic', body: { status } }, { subresource: 'status' });
  };
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
  await made('short', [toleration]);
  await made('usual');
  await made('ever', [{ operator: 'Exists' }]);
  const pod = (name: string) => client.get(resources.pods, { namespace: 'default', name });
  const taints = async () =>
    (await client.get(resources.nodes, { name: 'far' })).spec.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? [];

  await clock.until(async () => (await taints()).some((taint) => taint.endsWith('unreachable:NoExecute')), 70_000);
  const silentMs = clock.now();
  expect((await taints()).sort()).toEqual(['node.kubernetes.io/unreachable:NoExecute', 'node.kubernetes.io/unreachable:NoSchedule']);
  await clock.advance(1000);
  const readiness = async (name: string) => (await pod(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  expect(await Promise.all(['short', 'usual', 'ever'].map(readiness))).toEqual(['False', 'False', 'False']);
  await clock.until(async () => (await pod('short')).metadata.deletionTimestamp !== undefined, 60_000);
  expect(clock.now() - silentMs).toBeGreaterThanOrEqual(30_000);
  expect(clock.now() - silentMs).toBeLessThan(31_000);
  expect((await pod('short')).status?.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason).toBe('DeletionByTaintManager');

  await client.patch(
    resources.nodes,
    { name: 'far' },
    { type: 'strategic', body: { status: { conditions: [{ ...say.conditions[0], lastHeartbeatTime: at() }] } } },
    { subresource: 'status' },
  );
  await clock.until(async () => (await taints()).length === 0, 10_000);
  await clock.advance(20_000);
  expect((await pod('usual')).metadata.deletionTimestamp).toBeUndefined();
  expect((await client.get(resources.nodes, { name: 'far' })).spec.podCIDR).toBe('10.42.1.0/24');
  await stop();
});
