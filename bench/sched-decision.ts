// Owns the cost of one scheduling decision at 1,000, 5,000 and 15,000 nodes, for each shape of upstream's scheduler_perf, in one thread.
import { seededEntropy } from '../src/base/entropy.ts';
import { attempt } from '../src/scheduler/attempt.ts';
import { placedOn } from '../src/scheduler/pod-facts.ts';
import { defaultProfile } from '../src/scheduler/profile.ts';
import { RankingMemory } from '../src/scheduler/schedule.ts';
import { benchCluster, shapes } from './lib-scheduling.ts';

const sizes = [1_000, 5_000, 15_000];
const decisions = 900;

/** Microseconds a decision, the first one (which looks at every node) apart. */
function measure(shape: string, nodes: number): { readonly first: number; readonly each: number } {
  const cluster = benchCluster(nodes);
  const memory = new RankingMemory();
  const entropy = seededEntropy(1);
  const next = shapes[shape]?.pod;
  if (next === undefined) throw new Error(`there is no shape ${shape}`);
  const pods = Array.from({ length: decisions + 1 }, (_, index) => next(index));
  // Time on a processor: the figure of an idle machine also where others work.
  let start = process.cpuUsage();
  let first = 0;
  for (const [index, pod] of pods.entries()) {
    const tried = attempt(pod, cluster, defaultProfile, () => entropy.fraction(), memory);
    if (tried.outcome !== 'placed') throw new Error(`${shape}: ${tried.message}`);
    cluster.putPod(placedOn(pod, tried.node));
    if (index > 0) continue;
    first = spentSince(start);
    start = process.cpuUsage();
  }
  return { first, each: spentSince(start) / decisions };
}

/** Microseconds of processor. */
function spentSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

const wanted = process.argv.slice(2);
for (const shape of Object.keys(shapes)) {
  if (wanted.length > 0 && !wanted.includes(shape)) continue;
  measure(shape, 1_000);
  const rows = sizes.map((nodes) => ({ nodes, ...measure(shape, nodes) }));
  console.log(
    `${shape.padEnd(36)} ${rows.map(({ nodes, each, first }) => `${nodes} nodes: ${each.toFixed(0)} µs (first ${(first / 1000).toFixed(1)} ms)`).join(', ')}`,
  );
}
const [small, large] = [1_000, 15_000].map((nodes) => measure('SchedulingBasic', nodes).each);
console.log(`sched-decision: at 15,000 nodes a decision costs ${((large ?? 0) / (small ?? 1)).toFixed(2)} of what it costs at 1,000`);
