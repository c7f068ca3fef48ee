// Owns 1,000 Deployments of 3 on simulated nodes, made 32 at a time: pods a second from the first create to all Ready, through the whole system. `--deployments`, `--replicas`.
import { parseArgs } from 'node:util';
import { resources } from '../src/client/resources.ts';
import { BenchCluster } from './lib-simulated-cluster.ts';

const mark = 500;
const { values } = parseArgs({ options: { deployments: { type: 'string', default: '1000' }, replicas: { type: 'string', default: '3' } } });
const [deployments, replicas] = [Number(values.deployments), Number(values.replicas)];
const pods = deployments * replicas;
const namespace = 'default';
const makers = 32;

const cluster = await BenchCluster.forPods(pods);
try {
  const { client } = cluster;
  const complete = new Set<string>();
  const abort = new AbortController();
  const all = (async () => {
    for (;;)
      for await (const { object } of client.watch(resources.deployments, { namespace, signal: abort.signal })) {
        if (object.status?.availableReplicas === replicas) complete.add(object.metadata.uid);
        if (complete.size === deployments) return;
      }
  })();
  const [cpuMs, startMs] = [cluster.cpuMs, performance.now()];
  let next = 0;
  const make = async (): Promise<void> => {
    for (let index = next++; index < deployments; index = next++) {
      const app = `d-${index}`;
      await client.create(resources.deployments, {
        metadata: { namespace, name: app },
        spec: {
          replicas,
          selector: { matchLabels: { app } },
          template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'sim/app:1' }] } },
        },
      });
    }
  };
  await Promise.all(Array.from({ length: makers }, make));
  const madeMs = performance.now() - startMs;
  await all;
  const tookMs = performance.now() - startMs;
  abort.abort();
  const spentMs = cluster.cpuMs - cpuMs;
  const perSecond = (pods / tookMs) * 1000;
  console.log(
    `${deployments} Deployments of ${replicas}: made in ${(madeMs / 1000).toFixed(1)} s, all Ready after ${(tookMs / 1000).toFixed(1)} s: ${perSecond.toFixed(0)} pods/s; ${(spentMs / pods).toFixed(1)} ms of processor time a pod`,
  );
  console.log(`deployments-1000: ${(perSecond / mark).toFixed(2)} of the mark of ${mark} pods/s`);
} finally {
  await cluster.close();
}
