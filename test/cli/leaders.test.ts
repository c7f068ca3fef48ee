// Proves that of two processes of controllers, and of two schedulers, one acts, and that the other goes on where kill -9 ends the first.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resources } from '../../src/client/resources.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, PeapodProcess, simulated } from './peapod-process.ts';

const namespace = 'default';
const labels = { app: 'web' };
const containers = [{ name: 'c', image: 'sim/app:1' }];
/** Short, so that the test is. */
const [lease, renew, retry] = ['2s', '1500ms', '300ms'];

let dir = '';
let client: Awaited<ReturnType<typeof adminOf>>;
beforeAll(async () => {
  ensureBundle();
  dir = mkdtempSync(join(tmpdir(), 'peapod-leaders-'));
  await new PeapodProcess(simulated(dir, await freePort(), '--nodes', '1', '--without', 'controllers,scheduler')).up;
  client = await adminOf(dir);
}, 90_000);
afterAll(async () => {
  await client.close();
  await endLeftovers();
  rmSync(dir, { recursive: true, force: true });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let step = 0; !(await holds()); step++) {
    if (step > 400) throw new Error('it never came to that');
    await sleep(50);
  }
}

const holderOf = async (name: string): Promise<string> => {
  const { items } = await client.list(resources.leases, { namespace: 'kube-system' });
  return items.find(({ metadata }) => metadata.name === name)?.spec?.holderIdentity ?? '';
};

test('controllers', { timeout: 60_000 }, async () => {
  const args = ['controllers', '--kubeconfig', join(dir, 'kubeconfig')].concat([
    '--leader-elect-lease-duration',
    lease,
    '--leader-elect-renew-deadline',
    renew,
    '--leader-elect-retry-period',
    retry,
  ]);
  const made = new Set<string>();
  const watching = new AbortController();
  const watched = (async () => {
    for await (const { type, object } of client.watch(resources.pods, { namespace, signal: watching.signal }))
      if (type === 'ADDED') made.add(object.metadata.uid);
  })().catch(() => {});
  const first = new PeapodProcess(args);
  await until(async () => (await holderOf('kube-controller-manager')) !== '');
  const leader = await holderOf('kube-controller-manager');
  const second = new PeapodProcess(args);
  const template = { metadata: { labels }, spec: { containers } };
  await until(async () => (await client.list(resources.serviceAccounts, { namespace })).items.length > 0);
  await client.create(resources.replicaSets, {
    metadata: { namespace, name: 'web' },
    spec: { replicas: 12, selector: { matchLabels: labels }, template },
  });
  const pods = async (): Promise<number> => (await client.list(resources.pods, { namespace })).items.length;
  await until(async () => (await pods()) === 12);
  // The second one has had time to start, and has left the Lease alone.
  await sleep(1500);
  expect(await holderOf('kube-controller-manager')).toBe(leader);
  await first.end('SIGKILL');
  await client.patch(resources.replicaSets, { namespace, name: 'web' }, { type: 'merge', body: { spec: { replicas: 15 } } });
  await until(async () => (await pods()) === 15);
  expect(await holderOf('kube-controller-manager')).not.toBe(leader);
  // Two that acted at once would each have made their own.
  expect(made.size).toBe(15);
  expect((await second.end('SIGTERM')).code).toBe(0);
  // One that ends in order gives the Lease back.
  expect(await holderOf('kube-controller-manager')).toBe('');
  watching.abort();
  await watched;
});

test('schedulers', { timeout: 60_000 }, async () => {
  const config = join(dir, 'scheduler.yaml');
  writeFileSync(
    config,
    [
      'apiVersion: kubescheduler.config.k8s.io/v1',
      'kind: KubeSchedulerConfiguration',
      `clientConnection: {kubeconfig: ${join(dir, 'kubeconfig')}}`,
      `leaderElection: {leaderElect: true, leaseDuration: ${lease}, renewDeadline: ${renew}, retryPeriod: ${retry}}`,
    ].join('\n'),
  );
  const args = ['scheduler', '--kubeconfig', join(dir, 'kubeconfig'), '--config', config];
  const place = async (name: string): Promise<void> => {
    await client.create(resources.pods, { metadata: { namespace, name }, spec: { containers, serviceAccountName: 'default' } });
    await until(async () => Boolean((await client.get(resources.pods, { namespace, name })).spec.nodeName));
  };
  const first = new PeapodProcess(args);
  await place('one');
  const leader = await holderOf('kube-scheduler');
  const second = new PeapodProcess(args);
  await sleep(1500);
  expect(await holderOf('kube-scheduler')).toBe(leader);
  await first.end('SIGKILL');
  await place('two');
  expect(await holderOf('kube-scheduler')).not.toBe(leader);
  expect((await second.end('SIGTERM')).code).toBe(0);
});
