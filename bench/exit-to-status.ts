// Owns the time from what happens to a container to its status in the API: an exit and a kill for memory, as the runtime stamped them, and a probe's answer, as its server gave it; 20 each against the limit of 50 ms. Needs root.
import { createServer } from 'node:http';
import type { Container, Pod } from '../src/api/core/v1.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { testRanges } from '../test/real/test-ranges.ts';
import { median, percentile } from './lib-figures.ts';

const limitMs = 50;
const times = 20;
const namespace = 'bench';
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`exit-to-status: not measured: ${problem}`);
  process.exit(1);
}

/** Wall-clock time with fractions of a millisecond. */
const wallMs = (): number => performance.timeOrigin + performance.now();

const cluster = await realCluster(205);
try {
  await cluster.start();
  await cluster.importImages();
  const client = await adminOf(cluster.dataDir);
  const runtime = cluster.runtime();
  await testNamespace(client, namespace);
  const abort = new AbortController();
  /** Whoever waits for a pod looks at each of its states. */
  const looks = new Map<string, (pod: Pod, atMs: number) => void>();
  void (async () => {
    for await (const { object } of client.watch(resources.pods, { namespace, signal: abort.signal }))
      looks.get(object.metadata.name)?.(object as Pod, wallMs());
  })().catch(() => {});
  const when = (name: string, holds: (pod: Pod) => boolean): Promise<number> =>
    new Promise((resolve) => looks.set(name, (pod, atMs) => holds(pod) && resolve(atMs)));
  const create = (name: string, container: Partial<Container>): Promise<Pod> =>
    client.create(resources.pods, {
      metadata: { name, namespace },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1.36', ...container }] } as Pod['spec'],
    });
  const remove = (name: string): Promise<unknown> => client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0 });

  const ends = async (what: string, reason: string, container: Partial<Container>): Promise<readonly number[]> => {
    const took: number[] = [];
    for (let index = 0; index <= times; index++) {
      const name = `${what}-${index}`;
      const told = when(name, ({ status }) => status?.containerStatuses?.[0]?.state?.terminated?.reason === reason);
      const pod = await create(name, container);
      const toldMs = await told;
      // The API's times are whole seconds; the runtime's are exact. The kubelet hears of an exit before it is in the runtime's own statuses.
      let finishedMs = 0;
      while (finishedMs === 0) finishedMs = (await runtime.listContainers(pod.metadata.uid))[0]?.finishedAtMs ?? 0;
      if (index > 0) took.push(toldMs - finishedMs);
      await remove(name);
    }
    return took;
  };

  /** One pod, whose readiness is asked for here each second and changes with each answer. */
  const verdicts = async (): Promise<readonly number[]> => {
    const took: number[] = [];
    let [isWell, answeredMs] = [true, 0];
    const server = createServer((_, response) => {
      response.writeHead(isWell ? 200 : 500).end();
      answeredMs = wallMs();
    });
    const host = `${testRanges.pods}.205.1`;
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ready = (is: boolean): Promise<number> =>
      when(
        'asked',
        ({ status }) => status?.containerStatuses?.[0]?.state?.running !== undefined && status.containerStatuses[0].ready === is,
      );
    let told = ready(true);
    await create('asked', {
      command: ['sleep', '3600'],
      readinessProbe: { httpGet: { host, port, path: '/' }, periodSeconds: 1, failureThreshold: 1, successThreshold: 1 },
    });
    await told;
    for (let index = 0; index < times; index++) {
      told = ready(!isWell);
      isWell = !isWell;
      took.push((await told) - answeredMs);
    }
    await remove('asked');
    server.closeAllConnections();
    server.close();
    return took;
  };

  const kill = { command: ['sh', '-c', 'sleep 0.5; exec tail /dev/zero'], resources: { limits: { memory: '16Mi' } } };
  const measured = [
    ['exit', await ends('exits', 'Error', { command: ['sh', '-c', 'sleep 0.5; exit 3'] })],
    ['kill for memory', await ends('killed', 'OOMKilled', kill as Partial<Container>)],
    ['probe', await verdicts()],
  ] as const;
  abort.abort();
  await Promise.all([client.close(), runtime.close()]);
  for (const [what, took] of measured)
    console.log(
      `${what} to status in the API, ${times} times: median ${median(took).toFixed(1)} ms, p90 ${percentile(took, 0.9).toFixed(1)} ms, most ${Math.max(...took).toFixed(1)} ms`,
    );
  const slowest = Math.max(...measured.map(([, took]) => percentile(took, 0.9)));
  console.log(`exit-to-status: ${(slowest / limitMs).toFixed(2)} of the limit of ${limitMs} ms for nine of ten, where it is slowest`);
} finally {
  await cluster.dispose();
}
