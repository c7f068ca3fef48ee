// Owns the time from a write to its event at every watcher: 200 watchers at 200 writes/s, 1,000 at 20; and memory per idle watch.
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlPlane } from './lib-control-plane.ts';
import { percentile } from './lib-figures.ts';
import { LoadClient } from './lib-http.ts';

const shapes = [
  { watchers: 200, perSecond: 200, writes: 2000, limitMs: 20 },
  { watchers: 1000, perSecond: 20, writes: 200, limitMs: 100 },
] as const;
const idleLimitKb = 30;
const idle = 5000;

const plane = await ControlPlane.open();
const figures: string[] = [];
try {
  for (const [index, { watchers, perSecond, writes, limitMs }] of shapes.entries()) {
    // A namespace of its own: a watch begins with what is there.
    const path = `/api/v1/namespaces/shape-${index}/configmaps`;
    const client = new LoadClient(plane.access, 8);
    const writer = new LoadClient(plane.access);
    await writer.ask('POST', '/api/v1/namespaces', JSON.stringify({ metadata: { name: `shape-${index}` } }));
    const sent = new Map<string, number>();
    const delays: number[] = [];
    const name = /"name":"([^"]+)"/;
    await Promise.all(
      Array.from({ length: watchers }, () =>
        client.watch(`${path}?watch=1`, (line) => {
          const at = sent.get(name.exec(line)?.[1] ?? '');
          if (at !== undefined) delays.push(performance.now() - at);
        }),
      ),
    );
    const startMs = performance.now();
    for (let write = 0; write < writes; write++) {
      const due = startMs + (write * 1000) / perSecond - performance.now();
      if (due > 1) await sleep(due);
      const key = `w-${index}-${write}`;
      sent.set(key, performance.now());
      void writer.ask('POST', path, JSON.stringify({ metadata: { name: key }, data: { a: 'x'.repeat(500) } }));
    }
    while (delays.length < watchers * writes && performance.now() - startMs < 60_000) await sleep(50);
    const [median, high] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    console.log(
      `${watchers} watchers, ${perSecond} writes/s: ${delays.length} of ${watchers * writes} events, median ${median.toFixed(1)} ms, 99th percentile ${high.toFixed(1)} ms (limit ${limitMs})`,
    );
    figures.push(`${(high / limitMs).toFixed(2)} of the limit of ${limitMs} ms`);
    client.close();
    writer.close();
  }
  const client = new LoadClient(plane.access, 8);
  await sleep(2000);
  const beforeMb = plane.residentMb;
  await Promise.all(Array.from({ length: idle }, () => client.watch('/api/v1/namespaces/default/secrets?watch=1', () => {})));
  await sleep(2000);
  const perWatchKb = ((plane.residentMb - beforeMb) * 1000) / idle;
  console.log(`${idle} idle watches: ${perWatchKb.toFixed(1)} KB each (limit ${idleLimitKb})`);
  figures.push(`${(perWatchKb / idleLimitKb).toFixed(2)} of the limit of ${idleLimitKb} KB`);
  client.close();
  console.log(`watch-delivery: ${figures.join(', ')}`);
} finally {
  await plane.close();
}
