// Plays what becomes of a cluster whose clock steps forward by hours, as after a machine's sleep: nodes stay, pods stay, what is due is done.
import { expect, test } from 'vitest';
import type { Pod } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { resources } from '../../src/client/resources.ts';
import { openVirtualCluster } from '../../src/cluster/virtual-cluster.ts';

const namespace = 'default';
const hours = 9 * 3_600_000;

test('a clock that steps forward by a night: no node falls silent, no container is restarted, a deadline that passed is told', async () => {
  const { clock, client, stop } = await openVirtualCluster({ nodes: 2 });
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace })).items.length > 0);
  const make = (name: string, more: Partial<Pod['spec']> = {}) =>
    client.create(resources.pods, {
      metadata: { name, namespace },
      spec: { containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 999999'] }], ...more },
    } as Draft<Pod>);
  await make('stays');
  await make('due', { activeDeadlineSeconds: 600, terminationGracePeriodSeconds: 1 });
  const pod = (name: string) => client.get(resources.pods, { namespace, name });
  const isReady = async (name: string): Promise<boolean> =>
    (await pod(name)).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  await clock.until(async () => (await isReady('stays')) && (await isReady('due')), 60_000);
  const before = (await pod('stays')).status?.containerStatuses?.[0]?.containerID;

  clock.step(hours);
  await clock.until(async () => (await pod('due')).status?.reason === 'DeadlineExceeded', 60_000);
  await clock.advance(120_000);

  const nodes = (await client.list(resources.nodes)).items;
  expect(nodes.map(({ status, spec }) => [status?.conditions?.find(({ type }) => type === 'Ready')?.status, spec.taints ?? []])).toEqual([
    ['True', []],
    ['True', []],
  ]);
  const told = (await client.list(resources.events, {})).items.map(({ reason }) => reason);
  expect(told).not.toContain('NodeNotReady');
  expect(told).not.toContain('TaintManagerEviction');
  expect(await isReady('stays')).toBe(true);
  expect((await pod('stays')).status?.containerStatuses?.[0]).toMatchObject({ containerID: before, restartCount: 0 });
  await stop();
});
