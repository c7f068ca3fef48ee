// Owns one pod's time from create to Running, and from delete to gone, in the API, beside the same CRI calls made bare: median and p99 of 50, in turns. `--pods` to shorten. Needs root.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1.ts';
import { resources } from '../src/client/resources.ts';
import { openBareCri } from './lib-bare-cri.ts';
import { median, percentile } from './lib-figures.ts';

const target = 1.15;
/** How long each runs before it is ended: Peapod leaves a process its first tenth of a second to listen to signals, which bare calls do not. */
const runsMs = 200;
const { values } = parseArgs({ options: { pods: { type: 'string', default: '50' } } });
const pods = Number(values.pods);

await using both = await openBareCri('pod-start', 203);
const { client } = both;
// One watch for all, so that what is measured is when the API knows, not how often it is asked.
const waiting = new Map<string, (pod: Pod | undefined) => void>();
const abort = new AbortController();
void (async () => {
  for await (const { type, object } of client.watch(resources.pods, { namespace: 'bench', signal: abort.signal }))
    waiting.get(object.metadata.name)?.(type === 'DELETED' ? undefined : object);
})().catch(() => {});
const seen = (name: string, wanted: (pod: Pod | undefined) => boolean): Promise<number> =>
  new Promise((resolve) => waiting.set(name, (pod) => wanted(pod) && resolve(performance.now())));
const runs = (pod: Pod | undefined): boolean =>
  pod?.status?.phase === 'Running' && pod.status.containerStatuses?.[0]?.state?.running !== undefined;

const ours = async (name: string): Promise<readonly [upMs: number, goneMs: number]> => {
  const running = seen(name, runs);
  const startMs = performance.now();
  await client.create(resources.pods, both.pod(name));
  const upMs = (await running) - startMs;
  await sleep(runsMs);
  const gone = seen(name, (one) => one === undefined);
  const deleteMs = performance.now();
  await client.delete(resources.pods, { namespace: 'bench', name });
  return [upMs, (await gone) - deleteMs];
};

const bare = async (name: string): Promise<readonly [upMs: number, goneMs: number]> => {
  const startMs = performance.now();
  const pod = await both.start(name);
  const upMs = performance.now() - startMs;
  await sleep(runsMs);
  const stopMs = performance.now();
  await both.end(pod, 30);
  return [upMs, performance.now() - stopMs];
};

await ours('warm');
await bare('warm');
const ourTimes: (readonly [upMs: number, goneMs: number])[] = [];
const bareTimes: (readonly [upMs: number, goneMs: number])[] = [];
for (let index = 0; index < pods; index++) {
  ourTimes.push(await ours(`p${index}`));
  bareTimes.push(await bare(`p${index}`));
}
abort.abort();
const told = (['create to Running', 'delete to gone'] as const).map((what, which) => {
  const [a, b] = [ourTimes, bareTimes].map((times) => times.map((time) => time[which] ?? Number.NaN)) as [number[], number[]];
  const figure = (all: readonly number[]): string => `${median(all).toFixed(0)} ms (p99 ${percentile(all, 0.99).toFixed(0)})`;
  console.log(`${what}: ${figure(a)}; bare CRI calls: ${figure(b)}`);
  return `${what} ${(median(a) / median(b)).toFixed(2)} times`;
});
console.log(`pod-start: ${told[0]} the bare CRI calls (mark: ${target}), ${told[1]}`);
