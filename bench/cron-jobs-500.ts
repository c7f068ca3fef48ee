// Owns 500 CronJobs that run each minute, on simulated nodes: how long after the minute the last Job is made, and is complete; and what a minute costs. `--cron-jobs`, `--minutes`.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { resources } from '../src/client/resources.ts';
import { BenchCluster } from './lib-simulated-cluster.ts';

/** All Jobs of a minute are to be complete after so many seconds: half of it. */
const limitSeconds = 30;
const minuteMs = 60_000;
const { values } = parseArgs({ options: { 'cron-jobs': { type: 'string', default: '500' }, minutes: { type: 'string', default: '2' } } });
const [cronJobs, minutes] = [Number(values['cron-jobs']), Number(values.minutes)];
const namespace = 'default';

interface Round {
  made: number;
  lastMadeMs: number;
  complete: number;
  lastCompleteMs: number;
}

const cluster = await BenchCluster.forPods(cronJobs * 2);
try {
  const { client } = cluster;
  // Nothing is due while they are made.
  const now = Date.now();
  if (minuteMs - (now % minuteMs) < 20_000) await sleep(minuteMs - (now % minuteMs) + 200);
  const template = {
    spec: { restartPolicy: 'Never' as const, containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '1'] }] },
  };
  const spec = { schedule: '* * * * *', successfulJobsHistoryLimit: 1, jobTemplate: { spec: { template } } };
  for (let index = 0; index < cronJobs; index += 25)
    await Promise.all(
      Array.from({ length: Math.min(25, cronJobs - index) }, (_, part) =>
        client.create(resources.cronJobs, { metadata: { namespace, name: `c-${index + part}` }, spec }),
      ),
    );
  const rounds = new Map<number, Round>();
  const done = new Set<string>();
  const abort = new AbortController();
  const watching = (async () => {
    for await (const { type, object } of client.watch(resources.jobs, { namespace, signal: abort.signal })) {
      const minute = Number(/-(\d+)$/.exec(object.metadata.name)?.[1] ?? 0);
      const round = rounds.get(minute) ?? { made: 0, lastMadeMs: 0, complete: 0, lastCompleteMs: 0 };
      rounds.set(minute, round);
      const lateMs = Date.now() - minute * minuteMs;
      if (type === 'ADDED') [round.made, round.lastMadeMs] = [round.made + 1, lateMs];
      const isComplete = object.status?.conditions?.some((one) => one.type === 'Complete' && one.status === 'True') ?? false;
      if (!isComplete || done.has(object.metadata.uid)) continue;
      done.add(object.metadata.uid);
      [round.complete, round.lastCompleteMs] = [round.complete + 1, lateMs];
    }
  })().catch(() => {});
  const first = Math.floor(Date.now() / minuteMs) + 1;
  await sleep(first * minuteMs - Date.now() - 500);
  const cpuMs = cluster.cpuMs;
  await sleep(minutes * minuteMs);
  const spentMs = (cluster.cpuMs - cpuMs) / minutes;
  abort.abort();
  await watching;
  let worst = 0;
  for (let minute = first; minute < first + minutes; minute++) {
    const { made = 0, lastMadeMs = 0, complete = 0, lastCompleteMs = 0 } = rounds.get(minute) ?? {};
    console.log(
      `minute ${minute - first + 1}: ${made} Jobs made, the last after ${(lastMadeMs / 1000).toFixed(1)} s; ${complete} complete, the last after ${(lastCompleteMs / 1000).toFixed(1)} s`,
    );
    worst = Math.max(worst, made === cronJobs && complete === cronJobs ? lastCompleteMs / 1000 : Number.POSITIVE_INFINITY);
  }
  console.log(`a minute costs ${(spentMs / 1000).toFixed(1)} s of processor time, ${(spentMs / cronJobs).toFixed(1)} ms a Job`);
  console.log(`cron-jobs-500: ${(worst / limitSeconds).toFixed(2)} of the limit of ${limitSeconds} s`);
} finally {
  await cluster.close();
}
