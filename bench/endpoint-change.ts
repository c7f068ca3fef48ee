// Owns the time from a change of an endpoint, as its writer sends it to the API, to the first connection through the Service that reaches the new one: alone and beside 200 Services. Needs root.
import { connect, createServer, type Server } from 'node:net';
import type { EndpointSlice } from '../src/api/discovery/v1.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { testRanges } from '../test/real/test-ranges.ts';
import { median, percentile } from './lib-figures.ts';

const limitMs = 50;
const changes = 50;
const others = 200;
const namespace = 'bench';
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`endpoint-change: not measured: ${problem}`);
  process.exit(1);
}

/** A server that says who it is to whoever connects. */
const saying = async (word: string, host: string): Promise<Server> => {
  const server = createServer((socket) => socket.on('error', () => {}).write(word));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
};
const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};
/** Who answers a new connection. It is reset then: one that ends in peace keeps its port for minutes, and the next on that port waits a second. */
const whoAnswers = (host: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: 80 });
    socket.on('error', () => resolve(''));
    socket.on('data', (chunk) => {
      socket.resetAndDestroy();
      resolve(chunk.toString());
    });
  });

const cluster = await realCluster(206);
try {
  await cluster.start();
  const client = await adminOf(cluster.dataDir);
  await testNamespace(client, namespace);
  // The node's own address: from here a connection goes the way of a pod's.
  const ip = `${testRanges.pods}.206.1`;
  const servers = await Promise.all(['one', 'two'].map((word) => saying(word, ip)));
  const service = await client.create(resources.services, {
    metadata: { name: 'who', namespace },
    spec: { ports: [{ port: 80 }] },
  } as never);
  const where = service.spec?.clusterIP ?? '';
  let slice: EndpointSlice = await client.create(resources.endpointSlices, {
    metadata: { name: 'who', namespace, labels: { 'kubernetes.io/service-name': 'who' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip], conditions: { ready: true } }],
    ports: [{ port: portOf(servers[0] as Server), protocol: 'TCP' }],
  } as never);
  while ((await whoAnswers(where)) !== 'one');
  const measure = async (): Promise<readonly number[]> => {
    const took: number[] = [];
    for (let index = 1; index <= changes; index++) {
      const next = index % 2;
      const beganMs = performance.now();
      const changed = client.update(resources.endpointSlices, {
        ...slice,
        ports: [{ port: portOf(servers[next] as Server), protocol: 'TCP' }],
      });
      while ((await whoAnswers(where)) !== ['one', 'two'][next]);
      took.push(performance.now() - beganMs);
      slice = await changed;
    }
    return took;
  };
  const told = (what: string, took: readonly number[]): void =>
    console.log(
      `${what}: median ${median(took).toFixed(1)} ms, p90 ${percentile(took, 0.9).toFixed(1)} ms, most ${Math.max(...took).toFixed(1)} ms`,
    );
  await measure();
  const alone = await measure();
  told(`${changes} changes, one Service`, alone);
  for (let index = 0; index < others; index++) {
    const name = `other-${index}`;
    await client.create(resources.services, { metadata: { name, namespace }, spec: { ports: [{ port: 80 }] } } as never);
  }
  const beside = await measure();
  told(`${changes} changes, beside ${others} Services`, beside);
  for (const server of servers) server.close();
  await client.close();
  console.log(`endpoint-change: ${(percentile(beside, 0.9) / limitMs).toFixed(2)} of the limit of ${limitMs} ms for nine of ten changes`);
} finally {
  await cluster.dispose();
}
