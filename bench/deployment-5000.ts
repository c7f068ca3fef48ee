// Owns a Deployment of 5,000 replicas on simulated nodes: pods a second from create to all Ready, through the whole system; then its roll, whose bounds are checked on every event. `--replicas`, `--no-roll`.
import { parseArgs } from 'node:util';
import type { Deployment } from '../src/api/apps/v1.ts';
import type { Pod } from '../src/api/core/v1.ts';
import type { Client } from '../src/client/client.ts';
import { resources } from '../src/client/resources.ts';
import { BenchCluster } from './lib-simulated-cluster.ts';

const mark = 500;
const { values } = parseArgs({
  options: { replicas: { type: 'string', default: '5000' }, roll: { type: 'boolean', default: true } },
  allowNegative: true,
});
const replicas = Number(values.replicas);
const key = { namespace: 'default', name: 'many' };
const [maxSurge, maxUnavailable] = [0.25, 0.25];

const cluster = await BenchCluster.forPods(replicas * 1.25);
try {
  const { client } = cluster;
  const { cpuMs } = cluster;
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
  const spent = (since: number): string => `${((cluster.cpuMs - since) / 1000).toFixed(1)} s of processor time`;
  console.log(`${replicas} replicas Ready in ${(tookMs / 1000).toFixed(1)} s: ${perSecond.toFixed(0)} pods/s; ${spent(cpuMs)}`);
  if (values.roll) {
    const bounds = watchBounds(client);
    await bounds.started;
    const [rollCpuMs, rollMs] = [cluster.cpuMs, performance.now()];
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
  console.log(`deployment-5000: ${(perSecond / mark).toFixed(2)} of the mark of ${mark} pods/s`);
} finally {
  await cluster.close();
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
