// Owns the time from creating one pod on an idle cluster of 100 nodes to its being bound, median of 200, against the limit of 5 ms.
import { median, percentile } from './lib-figures.ts';
import { openBenchCluster } from './lib-scheduler-cluster.ts';
import { benchPod } from './lib-scheduling.ts';

const limitMs = 5;
const cluster = await openBenchCluster(100);
try {
  const figures: number[] = [];
  for (let index = 0; index < 250; index++) {
    const ms = await cluster.place([benchPod(index)]);
    // The first ones compile what they run through.
    if (index >= 50) figures.push(ms);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log(`create to bound: median ${median(figures).toFixed(2)} ms, p99 ${percentile(figures, 0.99).toFixed(2)} ms`);
  console.log(`sched-latency: ${(median(figures) / limitMs).toFixed(2)} of the limit of ${limitMs} ms`);
} finally {
  await cluster.stop();
}
