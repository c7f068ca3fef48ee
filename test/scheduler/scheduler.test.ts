// Owns the scheduler's stories through the API: preemption, waking, faults, restarts. No pod is lost, placed twice, or left with a stale nominee.
import { afterEach, expect, test } from 'vitest';
import type { Pod } from '../../src/api/core/v1.ts';
import { StatusError } from '../../src/api/status-error.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import type { Plugin } from '../../src/scheduler/framework.ts';
import { defaultProfile } from '../../src/scheduler/profile.ts';
import { defaultConfig } from '../../src/scheduler/scheduler-config.ts';
import { openSchedulerForTests, type SchedulerForTests } from './scheduler-for-tests.ts';

let world: SchedulerForTests;
afterEach(() => world.stop());
const placed = ({ spec }: Pod): boolean => Boolean(spec.nodeName);
const waits = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') ?? false;
const conditionOf = ({ status }: Pod, wanted = 'PodScheduled') => status?.conditions?.find(({ type }) => type === wanted);
const priorities = async (client: Client): Promise<void> => {
  for (const [name, value] of [
    ['low', 10],
    ['mid', 500],
    ['high', 1000],
  ] as const)
    await client.create(resources.priorityClasses, { metadata: { name }, value });
};
const withPriority = (priorityClassName: string, grace = 30) => ({ spec: { priorityClassName, terminationGracePeriodSeconds: grace } });

test('a more important pod evicts, is nominated, and takes the room once it is there', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  world.start();
  await world.pod('a', withPriority('low'));
  await world.until('a', placed);
  const preemptor = await world.pod('p', withPriority('high'));
  const waiting = await world.until('p', ({ status }) => status?.nominatedNodeName === 'n1');
  expect(conditionOf(waiting)).toMatchObject({ reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' });
  const victim = await world.until('a', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  expect(conditionOf(victim, 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
  });
  expect(await world.events('a')).toContain(`Normal Preempted: Preempted by pod ${preemptor.metadata.uid} on node n1`);
  // Nobody else gets the room meanwhile, and no second round begins while the victim is going.
  await world.pod('q', withPriority('mid'));
  const other = await world.until('q', waits);
  expect(conditionOf(other)?.message).toContain('preemption: 0/1 nodes are available: 1 Insufficient cpu.');
  await world.client.delete(resources.pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
  const there = await world.until('p', placed);
  expect([there.spec.nodeName, there.status?.nominatedNodeName]).toEqual(['n1', undefined]);
  expect(placed(await world.get('q'))).toBe(false);
});

test('a pod whose victims go at once is told of it first, then bound, and nothing late is written about it', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  world.start();
  await world.pod('a', withPriority('low', 0));
  await world.until('a', placed);
  const steps: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    const options = { namespace: 'default', resourceVersion: (await world.get('a')).metadata.resourceVersion, signal: stop.signal };
    for await (const { object } of world.client.watch(resources.pods, options)) {
      const step = [object.metadata.name, conditionOf(object)?.status, object.spec.nodeName, object.status?.nominatedNodeName].join(' ');
      if (object.metadata.name === 'p' && steps.at(-1) !== step) steps.push(step);
    }
  })().catch(() => {});
  await world.pod('p', withPriority('high'));
  await world.until('p', placed);
  await world.clock.advance(5_000);
  stop.abort();
  await watching;
  expect(steps).toEqual(['p   ', 'p False  n1', 'p True n1 ']);
});

test('a preemption survives a restart of the scheduler', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  const first = world.start();
  await world.pod('a', withPriority('low'));
  await world.until('a', placed);
  await world.pod('p', withPriority('high'));
  await world.until('a', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  await world.until('p', ({ status }) => status?.nominatedNodeName === 'n1');
  await first.stop();
  world.start();
  await world.clock.advance(5_000);
  expect((await world.get('p')).status?.nominatedNodeName).toBe('n1');
  await world.client.delete(resources.pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
  expect((await world.until('p', placed)).spec.nodeName).toBe('n1');
});

test('a nomination is given up when nothing can come of it any more', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  world.start();
  await world.pod('a', withPriority('low'));
  await world.until('a', placed);
  await world.pod('p', withPriority('high'));
  await world.until('p', ({ status }) => status?.nominatedNodeName === 'n1');
  await world.client.patch(resources.nodes, { name: 'n1' }, { type: 'merge', body: { spec: { unschedulable: true } } });
  await world.client.delete(resources.pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
  const after = await world.until('p', ({ status }) => (status?.nominatedNodeName ?? '') === '');
  expect(conditionOf(after)?.message).toContain('node(s) were unschedulable');
});

test('ten pods at once on three cores: three are placed, seven wait, none is placed twice', async () => {
  world = await openSchedulerForTests();
  await world.node('n1', { cpu: '3' });
  world.start();
  await Promise.all(Array.from({ length: 10 }, (_, at) => world.pod(`p${at}`)));
  await world.clock.advance(5_000);
  const { items } = await world.client.list(resources.pods, { namespace: 'default' });
  expect(items.filter(placed)).toHaveLength(3);
  const messages = items.filter((pod) => !placed(pod)).map((pod) => conditionOf(pod)?.message ?? '');
  expect(messages).toHaveLength(7);
  for (const message of messages) expect(message).toContain('1 Insufficient cpu');
});

test('a waiting pod is tried for what matters to it and for nothing else', async () => {
  world = await openSchedulerForTests();
  await world.node('n1');
  world.start();
  await world.pod('p', { spec: { nodeSelector: { disk: 'ssd' } } });
  await world.until('p', waits);
  const tries = async (): Promise<number> => {
    const { items } = await world.client.list(resources.events, { namespace: 'default', fieldSelector: 'involvedObject.name=p' });
    return items.reduce((sum, { count = 1 }) => sum + count, 0);
  };
  await world.clock.advance(1_000);
  expect(await tries()).toBe(1);
  const label = (body: Record<string, string>) => ({ type: 'merge', body: { metadata: { labels: body } } }) as const;
  await world.client.patch(resources.nodes, { name: 'n1' }, label({ rack: 'r1' }));
  await world.clock.advance(20_000);
  expect(await tries()).toBe(1);
  await world.client.patch(resources.nodes, { name: 'n1' }, label({ disk: 'ssd' }));
  expect((await world.until('p', placed)).spec.nodeName).toBe('n1');
});

test('a gated pod is not looked at until its last gate is gone', async () => {
  world = await openSchedulerForTests();
  await world.node('n1');
  world.start();
  await world.pod('p', { spec: { schedulingGates: [{ name: 'a' }, { name: 'b' }] } });
  await world.clock.advance(5_000);
  expect(conditionOf(await world.get('p'))?.reason).toBe('SchedulingGated');
  const gates = (names: readonly string[]) =>
    ({ type: 'json', body: [{ op: 'replace', path: '/spec/schedulingGates', value: names.map((name) => ({ name })) }] }) as const;
  await world.client.patch(resources.pods, { namespace: 'default', name: 'p' }, gates(['b']));
  await world.clock.advance(5_000);
  expect(placed(await world.get('p'))).toBe(false);
  await world.client.patch(resources.pods, { namespace: 'default', name: 'p' }, gates([]));
  await world.until('p', placed);
  expect(await world.events('p')).toEqual(['Normal Scheduled: Successfully assigned default/p to n1']);
});

test('a binding that fails gives the room back and is tried again', async () => {
  world = await openSchedulerForTests();
  await world.node('n1');
  let failures = 2;
  world.start(undefined, (client) => ({
    ...client,
    async createSubresource(resource, key, subresource, body, options) {
      if (subresource === 'binding' && failures-- > 0) throw new StatusError('InternalError', 'the disk is on fire');
      return client.createSubresource(resource, key, subresource, body, options);
    },
  }));
  await world.pod('p');
  await world.until('p', placed);
  expect(failures).toBeLessThan(0);
  expect((await world.events('p')).some((event) => event.includes('binding rejected'))).toBe(true);
});

test('a pod of another scheduler is left alone; a node that comes takes who waits', async () => {
  world = await openSchedulerForTests();
  world.start();
  await world.pod('theirs', { spec: { schedulerName: 'other' } });
  await world.pod('p');
  expect(conditionOf(await world.until('p', waits))?.message).toBe('no nodes available to schedule pods');
  // Having failed some times, it would not be tried again for seconds.
  await world.clock.advance(12_000);
  await world.node('n1', { cpu: '4' });
  await world.clock.advance(300);
  expect(placed(await world.get('p'))).toBe(true);
  expect(placed(await world.get('theirs'))).toBe(false);
  expect(conditionOf(await world.get('theirs'))).toBeUndefined();
});

test('a rule that fails at one pod leaves the others alone, and the pod is tried again', async () => {
  world = await openSchedulerForTests();
  await world.node('n1', { cpu: '4' });
  let failures = 1;
  const faulty: Plugin = {
    name: 'Faulty',
    judge({ metadata }) {
      if (metadata.name === 'bad' && failures-- > 0) throw new Error('division by zero');
      return undefined;
    },
  };
  world.start({ ...defaultConfig, profiles: [{ ...defaultProfile, plugins: [...defaultProfile.plugins, faulty] }] });
  await world.pod('bad');
  await world.pod('good');
  await world.until('good', placed);
  await world.until('bad', placed);
});

test('a node that vanishes between decision and binding: the pod goes elsewhere, and nothing of it is left behind', async () => {
  world = await openSchedulerForTests();
  const { client, clock } = world;
  await world.node('n1', { cpu: '2' });
  let vanishes = true;
  const slow: Plugin = {
    name: 'Slow',
    reserve: (_, { name }) => ({
      takesTime: true,
      async carryOut() {
        if (!vanishes) return;
        vanishes = false;
        await client.delete(resources.nodes, { name });
        await world.node('n2', { cpu: '2' });
        await clock.sleep(500);
      },
      takeBack: () => {},
    }),
  };
  const scheduler = world.start({ ...defaultConfig, profiles: [{ ...defaultProfile, plugins: [...defaultProfile.plugins, slow] }] });
  await world.pod('p', { cpu: '2' });
  const there = await world.until('p', placed);
  expect([there.spec.nodeName, there.status?.nominatedNodeName]).toEqual(['n2', undefined]);
  expect(scheduler.cluster.nominationOf(there.metadata.uid)).toBeUndefined();
  expect((await world.events('p')).some((event) => event.includes('node "n1" not found'))).toBe(true);
  // Back again, the node is empty: what was assumed there is forgotten.
  await world.node('n1', { cpu: '2' });
  await world.pod('q', { cpu: '2' });
  expect((await world.until('q', placed)).spec.nodeName).toBe('n1');
});

test('a nominated node that vanishes: once its victims are gone the nominee is free and goes elsewhere', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  const scheduler = world.start();
  await world.pod('a', withPriority('low'));
  await world.until('a', placed);
  const { metadata } = await world.pod('p', withPriority('high'));
  await world.until('p', ({ status }) => status?.nominatedNodeName === 'n1');
  await world.client.delete(resources.nodes, { name: 'n1' });
  await world.clock.advance(2_000);
  await world.client.delete(resources.pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
  await world.until('p', ({ status }) => !status?.nominatedNodeName);
  expect(scheduler.cluster.nominationOf(metadata.uid)).toBeUndefined();
  await world.node('n2');
  expect((await world.until('p', placed)).spec.nodeName).toBe('n2');
});

test('watches that break, and one that is too old, lose no pod and place none twice', async () => {
  world = await openSchedulerForTests();
  for (const name of ['n1', 'n2', 'n3']) await world.node(name, { cpu: '4' });
  let told = 0;
  world.start(undefined, (client) => ({
    ...client,
    async *watch(resource, options) {
      for await (const event of client.watch(resource, options)) {
        told++;
        if (told % 7 === 0) throw new Error('connection reset');
        if (told % 11 === 0) throw new StatusError('Expired', 'too old resource version');
        yield event;
      }
    },
  }));
  for (let at = 0; at < 14; at++) {
    await world.pod(`p${at}`);
    if (at % 3 === 0) await world.clock.advance(150);
  }
  const bound = async (): Promise<readonly string[]> => {
    const { items } = await world.client.list(resources.pods, { namespace: 'default' });
    return items.flatMap(({ spec }) => spec.nodeName || []);
  };
  for (let waited = 0; waited < 60_000 && (await bound()).length < 12; waited += 250) await world.clock.advance(250);
  await world.clock.advance(5_000);
  expect(told).toBeGreaterThan(20);
  // Twelve cores: twelve pods, four on each node, and two that wait.
  const each = [...Map.groupBy(await bound(), (name) => name).values()].map((on) => on.length);
  expect(each).toEqual([4, 4, 4]);
});

test('a restart between eviction and nomination: the victims are evicted once, the preemptor gets the room', async () => {
  world = await openSchedulerForTests();
  await priorities(world.client);
  await world.node('n1');
  let patches = 0;
  const dying = world.start(undefined, (client) => ({
    ...client,
    async patch(resource, key, patch, options) {
      // It dies after the victim is marked, before anything is written about the preemptor.
      if (key.name === 'p') throw new Error('the connection is gone');
      patches++;
      return client.patch(resource, key, patch, options);
    },
  }));
  await world.pod('a', withPriority('low'));
  await world.until('a', placed);
  await world.pod('p', withPriority('high'));
  await world.until('a', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  void dying.stop();
  world.start();
  await world.clock.advance(3_000);
  expect(patches).toBe(1);
  await world.client.delete(resources.pods, { namespace: 'default', name: 'a' }, { gracePeriodSeconds: 0 });
  const there = await world.until('p', placed);
  expect([there.spec.nodeName, there.status?.nominatedNodeName]).toEqual(['n1', undefined]);
});
