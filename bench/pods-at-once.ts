// Owns 100 pods created at once, time until all of them run, beside the bare CRI calls for as many at the best parallelism, in one run. `--pods` to shorten. Needs root.
import { parseArgs } from 'node:util';
import { resources } from '../src/client/resources.ts';
import { type BarePod, openBareCri } from './lib-bare-cri.ts';
import { processorMs } from './lib-figures.ts';
import { cgroupMs } from './lib-processor.ts';

const mark = 1.1;
const { values } = parseArgs({ options: { pods: { type: 'string', default: '100' } } });
const pods = Number(values.pods);
const parallelisms = [2, 4, 8, 16];

await using both = await openBareCri('pods-at-once', 207);
const { client } = both;
const running = new Set<string>();
const changed = { tell: (): void => {} };
const abort = new AbortController();
void (async () => {
  for await (const { type, object } of client.watch(resources.pods, { namespace: 'bench', signal: abort.signal })) {
    if (type === 'DELETED') running.delete(object.metadata.name);
    else if (object.status?.phase === 'Running') running.add(object.metadata.name);
    changed.tell();
  }
})().catch(() => {});
const until = (count: number): Promise<void> =>
  new Promise((resolve) => {
    changed.tell = () => running.size === count && resolve();
    changed.tell();
  });

/** Processor time a pod, of the round in which it was least. */
const least = {
  own: Number.POSITIVE_INFINITY,
  ours: Number.POSITIVE_INFINITY,
  bare: Number.POSITIVE_INFINITY,
  bench: Number.POSITIVE_INFINITY,
};
const note = (what: keyof typeof least, ms: number): void => {
  least[what] = Math.min(least[what], ms / pods);
};
const benchMs = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1000;

const ours = async (round: number): Promise<number> => {
  const [startMs, ownStartMs, spent, benchStartMs] = [performance.now(), processorMs(both.pid), both.spent().ours, benchMs()];
  const names = Array.from({ length: pods }, (_, index) => `p${round}-${index}`);
  const made = await Promise.all(names.map((name) => client.create(resources.pods, both.pod(name, { terminationGracePeriodSeconds: 1 }))));
  await until(pods);
  const tookMs = performance.now() - startMs;
  note('bench', benchMs() - benchStartMs);
  note('own', processorMs(both.pid) - ownStartMs);
  const inPods = made.reduce((sum, { metadata }) => sum + cgroupMs(`/kubepods/besteffort/pod${metadata.uid}`), 0);
  note('ours', both.spent().ours - spent + inPods);
  await Promise.all(names.map((name) => client.delete(resources.pods, { namespace: 'bench', name })));
  await until(0);
  return tookMs;
};

const bare = async (parallelism: number): Promise<number> => {
  const made: BarePod[] = [];
  let next = 0;
  const some = async (): Promise<void> => {
    while (next < pods) made.push(await both.start(`p${next++}`));
  };
  const [startMs, spent] = [performance.now(), both.spent().bare];
  await Promise.all(Array.from({ length: parallelism }, some));
  const tookMs = performance.now() - startMs;
  note('bare', both.spent().bare - spent + made.reduce((sum, { uid }) => sum + cgroupMs(`/peapod-bench/besteffort/pod${uid}`), 0));
  for (let from = 0; from < made.length; from += 8) await Promise.all(made.slice(from, from + 8).map((pod) => both.end(pod, 1)));
  return tookMs;
};

// In turns, so that what else the machine does meets both alike.
const bareMs = new Map<number, number>();
let oursMs = Number.POSITIVE_INFINITY;
for (const [round, parallelism] of parallelisms.entries()) {
  bareMs.set(parallelism, await bare(parallelism));
  if (round % 2 === 1) oursMs = Math.min(oursMs, await ours(round));
}
abort.abort();
const [[best, bestMs] = [0, Number.NaN]] = [...bareMs].sort(([, a], [, b]) => a - b);
for (const [parallelism, ms] of bareMs) console.log(`bare CRI calls, ${parallelism} at a time: ${ms.toFixed(0)} ms`);
console.log(`created at once: ${oursMs.toFixed(0)} ms until all ${pods} run`);
const { own, ours: inContainerd, bare: inBare, bench } = least;
console.log(
  `processor time a pod: Peapod ${own.toFixed(1)} ms, its containerd and containers ${inContainerd.toFixed(1)} ms; of the bare calls ${inBare.toFixed(1)} ms, ${((own + inContainerd) / inBare).toFixed(2)} times; of who asked and watched ${bench.toFixed(1)} ms`,
);
console.log(
  `pods-at-once: ${(oursMs / bestMs).toFixed(2)} times the bare CRI calls at their best, ${best} at a time (mark: ${mark}); ${pods} pods`,
);
