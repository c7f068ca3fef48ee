// Tests leader election in virtual time: of two instances one acts, the other takes over when the first is silent, stops, or is stopped.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../base/log.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../testing/simulated-cluster.ts';
import type { Client } from './client.ts';
import { runAsLeader } from './leader-election.ts';
import { resources } from './resources.ts';

let cluster: SimulatedCluster;
beforeEach(async () => {
  cluster = await openSimulatedCluster({ nodes: 0 });
});
afterEach(() => cluster.stop());

const acting = new Set<string>();
let silent = false;
const start = (identity: string, client: Client = cluster.client, askMs?: number) => {
  const { clock, entropy } = cluster;
  const times = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000, ...(askMs === undefined ? {} : { askMs }) };
  return runAsLeader({ client, clock, entropy, log: silentLog, namespace: 'kube-system', name: 'lock', identity, ...times }, () => {
    acting.add(identity);
    return {
      async stop() {
        acting.delete(identity);
      },
    };
  });
};
const lease = () => cluster.client.get(resources.leases, { namespace: 'kube-system', name: 'lock' });
const leads = (identity: string) => cluster.clock.until(() => acting.has(identity), 60_000);

test('one acts; when it is stopped it gives the lease back and the other goes on at once', async () => {
  const one = start('one');
  await leads('one');
  const two = start('two');
  await cluster.clock.advance(60_000);
  expect([...acting]).toEqual(['one']);
  expect((await lease()).spec).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
  const atMs = cluster.clock.now();
  await one.stop();
  await leads('two');
  expect(cluster.clock.now() - atMs).toBeLessThan(6000);
  expect((await lease()).spec).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
  const events = (await cluster.client.list(resources.events, { namespace: 'kube-system' })).items.filter(
    ({ reason }) => reason === 'LeaderElection',
  );
  expect(events.map(({ message }) => message)).toEqual(['one became leader', 'two became leader']);
  await two.stop();
});

const ended = Promise.withResolvers<never>();
ended.promise.catch(() => {});
test.each([
  ['cannot reach the server', () => Promise.reject(new Error('no way there'))],
  ['hears nothing from the server', () => ended.promise],
])('one that %s stops acting before another begins', async (_, unanswered) => {
  let cut = false;
  const far: Client = {
    ...cluster.client,
    get: (resource, key, options) => (cut ? unanswered() : cluster.client.get(resource, key, options)),
    create: (resource, object, options) => cluster.client.create(resource, object, options),
    update: (resource, object, options) => cluster.client.update(resource, object, options),
  };
  const one = start('one', far);
  await leads('one');
  const two = start('two');
  await cluster.clock.advance(5000);
  cut = true;
  const never: number[] = [];
  for (let second = 0; second < 40; second++) {
    await cluster.clock.advance(1000);
    if (acting.size > 1) never.push(second);
  }
  expect([never, [...acting]]).toEqual([[], ['two']]);
  ended.reject(new Error('the connection ended'));
  await Promise.all([one.stop(), two.stop()]);
});

test('who waits begins as soon as the silent one’s hold has ended', async () => {
  const silenced: Client = {
    ...cluster.client,
    get: (resource, key, options) => (silent ? Promise.reject(new Error('silent')) : cluster.client.get(resource, key, options)),
  };
  const one = start('one', silenced);
  await leads('one');
  const two = start('two', cluster.client, 500);
  await cluster.clock.advance(10_000);
  silent = true;
  acting.delete('one');
  const atMs = cluster.clock.now();
  await leads('two');
  expect(cluster.clock.now() - atMs).toBeLessThan(16_200);
  silent = false;
  await Promise.all([one.stop(), two.stop()]);
});

test('one that comes back under its old name does not wait for its own lease', async () => {
  const one = start('one');
  await leads('one');
  const again = start('one');
  const atMs = cluster.clock.now();
  acting.clear();
  await leads('one');
  expect(cluster.clock.now()).toBe(atMs);
  await Promise.all([one.stop(), again.stop()]);
});
