// Owns the time from starting the process to three Ready nodes on containerd, each with a containerd and a kubelet of its own, median of 5, limit 8 s. Needs root.
import { PeapodProcess } from '../test/cli/peapod-process.ts';
import { realCluster, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { median } from './lib-figures.ts';

const limitMs = 8000;
const runs = 5;
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`up-nodes-3: not measured: ${problem}`);
  process.exit(1);
}

async function once(): Promise<number> {
  const cluster = await realCluster(224, { bits: 22 });
  let running: PeapodProcess | undefined;
  try {
    running = new PeapodProcess(['up', ...cluster.upFlags, '--nodes', '3']);
    return await running.up;
  } finally {
    await cluster.dispose();
    await running?.end('SIGKILL');
  }
}

// One start that is not counted: the limit supposes a warm file cache.
await once();
const figures: number[] = [];
for (let run = 0; run < runs; run++) figures.push(await once());
console.log(`three nodes: ${figures.map((ms) => ms.toFixed(0)).join(', ')} ms`);
console.log(
  `up-nodes-3: ${median(figures).toFixed(0)} ms to three Ready nodes, ${(median(figures) / limitMs).toFixed(2)} of the limit of ${limitMs} ms`,
);
