// Owns pods placed a second, from create to bound through the API, for each shape of upstream's scheduler_perf at 5,000 nodes, against its mark.

import { openBenchCluster } from './lib-scheduler-cluster.ts';
import { benchPod, shapes } from './lib-scheduling.ts';

const nodes = 5_000;
const count = 3_000;
const [wanted] = process.argv.slice(2);
let worst = Number.POSITIVE_INFINITY;

/** Wall time, and the time of this process on a processor: the same on an idle machine, and the only figure that holds on a busy one. */
async function timed(work: () => Promise<number>): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const before = process.cpuUsage();
  const ms = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 };
}

const report = (shape: string, pods: number, { ms, cpuMs }: { readonly ms: number; readonly cpuMs: number }, mark: number): void => {
  const rate = (pods / ms) * 1000;
  const perCpu = (pods / cpuMs) * 1000;
  worst = Math.min(worst, rate / mark);
  console.log(
    `${shape.padEnd(36)} ${rate.toFixed(0).padStart(6)} pods/s, ${perCpu.toFixed(0)} a second of processor, ${(rate / mark).toFixed(2)} of the mark of ${mark}`,
  );
};

for (const [shape, { mark, pod }] of Object.entries(shapes)) {
  if (wanted !== undefined && wanted !== shape) continue;
  const cluster = await openBenchCluster(nodes);
  try {
    // A few first, so that what is measured has been compiled.
    await cluster.place(Array.from({ length: 300 }, (_, index) => pod(index + 100_000)));
    report(shape, count, await timed(() => cluster.place(Array.from({ length: count }, (_, index) => pod(index)))), mark);
  } finally {
    await cluster.stop();
  }
}

if (wanted === undefined || wanted === 'Preemption') {
  const cluster = await openBenchCluster(1_000);
  try {
    const cpu = (name: string, milli: number) => ({
      priorityClassName: name,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: `${milli}m` } } }],
    });
    await cluster.place(Array.from({ length: 4_000 }, (_, index) => benchPod(index, cpu('low', 900))));
    const important = (from: number, many: number) =>
      Array.from({ length: many }, (_, index) => benchPod(from + index, cpu('high', 3_000)));
    // As above: what is measured has been compiled, evictions too.
    await cluster.place(important(20_000, 400));
    report('Preemption', 500, await timed(() => cluster.place(important(10_000, 500))), 800);
  } finally {
    await cluster.stop();
  }
}
if (Number.isFinite(worst)) console.log(`sched-throughput: the slowest shape reaches ${worst.toFixed(2)} of its mark`);
