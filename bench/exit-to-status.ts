// Owns the time from a container's exit, as its runtime stamped it, to its status in the API, median and p90 of 20, against the limit of 50 ms. Needs root.
import type { Pod } from '../src/api/core/v1.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { median, percentile } from './lib-figures.ts';

const limitMs = 50;
const exits = 20;
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`exit-to-status: not measured: ${problem}`);
  process.exit(1);
}

const cluster = await realCluster(205);
try {
  await cluster.start();
  await cluster.importImages();
  const client = await adminOf(cluster.dataDir);
  const runtime = cluster.runtime();
  await testNamespace(client, 'bench');
  const toStatus: number[] = [];
  const abort = new AbortController();
  const seen = new Map<string, (atMs: number) => void>();
  void (async () => {
    for await (const { object } of client.watch(resources.pods, { namespace: 'bench', signal: abort.signal }))
      if (object.status?.containerStatuses?.[0]?.state?.terminated !== undefined) seen.get(object.metadata.name)?.(wallMs());
  })().catch(() => {});
  for (let index = 0; index <= exits; index++) {
    const name = `exits-${index}`;
    const told = new Promise<number>((resolve) => seen.set(name, resolve));
    const pod = await client.create(resources.pods, {
      metadata: { name, namespace: 'bench' },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 0.5; exit 3'] }],
      } as Pod['spec'],
    });
    const toldMs = await told;
    // The API's times are whole seconds; the runtime's are exact. The kubelet hears of an exit before it is in the runtime's own statuses.
    let finishedMs = 0;
    while (finishedMs === 0) finishedMs = (await runtime.listContainers(pod.metadata.uid))[0]?.finishedAtMs ?? 0;
    if (index > 0) toStatus.push(toldMs - finishedMs);
    await client.delete(resources.pods, { namespace: 'bench', name }, { gracePeriodSeconds: 0 });
  }
  abort.abort();
  await Promise.all([client.close(), runtime.close()]);
  console.log(
    `exit to status in the API, ${exits} times: median ${median(toStatus).toFixed(1)} ms, p90 ${percentile(toStatus, 0.9).toFixed(1)} ms, most ${Math.max(...toStatus).toFixed(1)} ms`,
  );
  console.log(
    `exit-to-status: ${median(toStatus).toFixed(1)} ms, ${(median(toStatus) / limitMs).toFixed(2)} of the limit of ${limitMs} ms (p90 ${(percentile(toStatus, 0.9) / limitMs).toFixed(2)})`,
  );
} finally {
  await cluster.dispose();
}

/** Wall-clock time with fractions of a millisecond. */
function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
