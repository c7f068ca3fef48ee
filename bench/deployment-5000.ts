// Owns a Deployment of 5,000 replicas on simulated nodes: pods a second from create to all Ready, through the whole system; then its roll, whose bounds are checked on every event. `--replicas`, `--no-roll`.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Deployment } from '../src/api/apps/v1.ts';
import type { Pod } from '../src/api/core/v1.ts';
import type { Client } from '../src/client/client.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf, ensureBundle, freePort, PeapodProcess, simulated } from '../test/cli/peapod-process.ts';

const mark = 500;
const podsOfNode = 100;
const { values } = parseArgs({
  options: { replicas: { type: 'string', default: '5000' }, roll: { type: 'boolean', default: true } },
  allowNegative: true,
});
const replicas = Number(values.replicas);
const key = { namespace: 'default', name: 'many' };
const [maxSurge, maxUnavailable] = [0.25, 0.25];

ensureBundle();
const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
const peapod = new PeapodProcess(simulated(dir, await freePort(), '--nodes', String(Math.ceil((replicas * 1.25) / podsOfNode))));
try {
  await peapod.up;
  const client = await adminOf(dir);
  const nodesReady = async (): Promise<boolean> => {
    const { items } = await client.list(resources.nodes);
    return items.every(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
  };
  while (!(await nodesReady())) await sleep(200);
  const cpuMs = cpuMsOf(peapod.pid);
  const startMs = performance.now();
  await client.create(resources.deployments, {
    metadata: key,
    spec: {
      replicas,
      selector: { matchLabels: { app: 'many' } },
      template: {
        metadata: { labels: { app: 'many' } },
        spec: { containers: [{ name: 'c', image: 'sim/app:1' }], terminationGracePeriodSeconds: 1 },
      },
    },
  });
  await reached(client, ({ readyReplicas = 0 }) => readyReplicas === replicas);
  const tookMs = performance.now() - startMs;
  const perSecond = (replicas / tookMs) * 1000;
  const spent = (since: number): string => `${((cpuMsOf(peapod.pid) - since) / 1000).toFixed(1)} s of processor time`;
  console.log(`${replicas} replicas Ready in ${(tookMs / 1000).toFixed(1)} s: ${perSecond.toFixed(0)} pods/s; ${spent(cpuMs)}`);
  if (values.roll) {
    const bounds = watchBounds(client);
    await bounds.started;
    const [rollCpuMs, rollMs] = [cpuMsOf(peapod.pid), performance.now()];
    const body = { spec: { template: { spec: { containers: [{ name: 'c', image: 'sim/app:2' }] } } } };
    const { metadata } = await client.patch(resources.deployments, key, { type: 'strategic', body });
    await reached(
      client,
      ({ observedGeneration, updatedReplicas, availableReplicas, replicas: there }) =>
        observedGeneration === metadata.generation && [updatedReplicas, availableReplicas, there].every((count) => count === replicas),
    );
    console.log(
      `rolled in ${((performance.now() - rollMs) / 1000).toFixed(1)} s; ${spent(rollCpuMs)}; wanted at most ${bounds.most()} (bound ${Math.ceil(replicas * (1 + maxSurge))}), ready at least ${bounds.fewest()} (bound ${replicas - Math.floor(replicas * maxUnavailable)})`,
    );
    bounds.stop();
  }
  await client.close();
  console.log(`deployment-5000: ${(perSecond / mark).toFixed(2)} of the mark of ${mark} pods/s`);
} finally {
  await peapod.end('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}

/** Resolves when the Deployment's status says so. */
async function reached(client: Client, holds: (status: NonNullable<Deployment['status']>) => boolean): Promise<void> {
  const fieldSelector = `metadata.name=${key.name}`;
  for (;;)
    for await (const { object } of client.watch(resources.deployments, { namespace: key.namespace, fieldSelector }))
      if (holds(object.status ?? {})) return;
}

/** Follows the ReplicaSets and the pods: how many were wanted at once, and how few were ready. */
function watchBounds(client: Client) {
  const abort = new AbortController();
  const { signal } = abort;
  const begun = Promise.withResolvers<void>();
  const wanted = new Map<string, number>();
  const ready = new Set<string>();
  let [most, fewest] = [0, Number.POSITIVE_INFINITY];
  const isReady = ({ metadata, status }: Pod): boolean =>
    metadata.deletionTimestamp === undefined &&
    (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
  const sets = async (): Promise<void> => {
    for await (const { type, object } of client.watch(resources.replicaSets, { namespace: key.namespace, signal })) {
      wanted.set(object.metadata.uid, type === 'DELETED' ? 0 : (object.spec.replicas ?? 0));
      most = Math.max(
        most,
        [...wanted.values()].reduce((sum, one) => sum + one, 0),
      );
    }
  };
  const pods = async (): Promise<void> => {
    for await (const { type, object } of client.watch(resources.pods, { namespace: key.namespace, signal })) {
      if (type !== 'DELETED' && isReady(object)) ready.add(object.metadata.uid);
      else ready.delete(object.metadata.uid);
      if (ready.size === replicas) begun.resolve();
      if (Number.isFinite(fewest) || ready.size === replicas) fewest = Math.min(fewest, ready.size);
    }
  };
  for (const watch of [sets, pods]) void watch().catch(begun.reject);
  return { started: begun.promise, most: () => most, fewest: () => fewest, stop: () => abort.abort() };
}

/** Milliseconds of processor time that all threads of a process have had. */
function cpuMsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((thread) => Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6)
    .reduce((sum, ms) => sum + ms, 0);
}
