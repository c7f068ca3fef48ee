// Owns what pods that fit nowhere cost the others at 5,000 nodes (or as many as the argument says): 200 that wait, and one in ten mixed in, against 10 %.

import type { Pod } from '../src/api/core/v1.ts';
import { resources } from '../src/client/resources.ts';
import { median } from './lib-figures.ts';
import { openBenchCluster } from './lib-scheduler-cluster.ts';
import { benchPod } from './lib-scheduling.ts';

const limit = 1.1;
const [nodes = '5000'] = process.argv.slice(2);
const [rounds, perRound, waitingPods] = [7, 500, 200];
const cluster = await openBenchCluster(Number(nodes));
let serial = 0;
let bound = 0;

const fitting = (count: number): readonly Pod[] => Array.from({ length: count }, () => benchPod(serial++));
const tooBig = (count: number): readonly Pod[] =>
  Array.from({ length: count }, () =>
    benchPod(serial++, { containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '9' } } }] }),
  );

/** Microseconds of processor a pod created: the same on an idle machine, and the only figure that holds on a busy one. */
async function cost(pods: readonly Pod[], fit = pods.length): Promise<number> {
  bound += fit;
  const start = process.cpuUsage();
  await cluster.place(pods, bound);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / pods.length;
}

/** Resolves once each of the pods has been told that it does not fit. */
async function refused(pods: readonly Pod[]): Promise<void> {
  for (const { metadata } of pods) {
    const { namespace = '', name } = metadata;
    const told = ({ status }: Pod): boolean => status?.conditions?.some(({ type }) => type === 'PodScheduled') ?? false;
    while (!told(await cluster.client.get(resources.pods, { namespace, name }))) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function remove(pods: readonly Pod[]): Promise<void> {
  for (const { metadata } of pods) await cluster.client.delete(resources.pods, { namespace: metadata.namespace, name: metadata.name });
}

try {
  // A few first, so that what is measured has been compiled.
  await cost(fitting(1_500));
  const [alone, beside, among]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    alone.push(await cost(fitting(perRound)));
    const waiting = tooBig(waitingPods);
    await cluster.place(waiting, bound);
    await refused(waiting);
    beside.push(await cost(fitting(perRound)));
    await remove(waiting);
    const misfits = tooBig(perRound / 10);
    among.push(
      await cost(
        fitting(perRound).flatMap((pod, index) => (index % 10 === 0 ? [pod, ...misfits.slice(index / 10, index / 10 + 1)] : [pod])),
        perRound,
      ),
    );
    await refused(misfits);
    await remove(misfits);
  }
  const [slowerBeside, slowerAmong] = [beside, among].map((figures) => median(figures) / median(alone));
  console.log(`a pod alone ${median(alone).toFixed(0)} µs of processor`);
  console.log(
    `beside ${waitingPods} that wait for room ${slowerBeside?.toFixed(2)} of that; with one in ten too big ${slowerAmong?.toFixed(2)} a pod`,
  );
  console.log(`sched-misfits: ${(Math.max(slowerBeside ?? 0, slowerAmong ?? 0) / limit).toFixed(2)} of the limit of ${limit} times`);
} finally {
  await cluster.stop();
}
