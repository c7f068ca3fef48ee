// Proves on real containers of two nodes that a Service of type LoadBalancer gets an address of the pool, is reached at it, and that load balancers are told where its endpoints are.
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { adminOf, PeapodProcess } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';
import { testRanges } from './test-ranges.ts';

const run = promisify(execFile);
const namespace = 'balanced';
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`load balancers with real containers are left out: ${problem}`);

describe.skipIf(problem !== undefined)('load balancers with real containers', () => {
  let cluster: RealCluster;
  let running: PeapodProcess;
  let client: Client & { close(): Promise<void> };
  beforeAll(async () => {
    cluster = await realCluster(236, { bits: 22 });
    running = new PeapodProcess(['up', ...cluster.upFlags, '--nodes', '2', '--load-balancer-pool', `${testRanges.pods}.248.8/30`]);
    await running.up;
    await importTestImages(`${machineNames(cluster.dataDir).stateDir}-node2/containerd.sock`);
    client = await adminOf(cluster.dataDir);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.dispose();
    await running?.end('SIGKILL');
  });

  const soon = async <T>(question: () => Promise<T>, wanted: T): Promise<void> => {
    for (let tries = 0; tries < 100; tries++) {
      if ((await question()) === wanted) return;
      await sleep(50);
    }
    expect(await question()).toEqual(wanted);
  };
  const answer = (url: string): Promise<number | string> =>
    fetch(url, { signal: AbortSignal.timeout(1000) }).then(
      ({ status }) => status,
      () => 'nobody',
    );

  test('its address leads to its pods, and each node tells how many it has', async () => {
    const serve = ['sh', '-c', 'mkdir /www && echo web > /www/index.html && exec httpd -f -p 8080 -h /www'];
    const container = { name: 'c', image: 'busybox:1.36', command: serve };
    const pod = { nodeName: 'node2', terminationGracePeriodSeconds: 0, containers: [container] };
    await client.create(resources.pods, { metadata: { name: 'web', namespace, labels: { app: 'web' } }, spec: pod } as never);
    const spec = {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080 }],
    };
    const { spec: made } = await client.create(resources.services, { metadata: { name: 'web', namespace }, spec } as never);
    const service = () => client.get(resources.services, { namespace, name: 'web' });
    await soon(async () => (await service()).status?.loadBalancer?.ingress?.[0]?.ip, `${testRanges.pods}.248.9`);
    await soon(() => answer(`http://${testRanges.pods}.248.9`), 200);
    const port = made?.healthCheckNodePort ?? 0;
    await soon(() => answer(`http://${testRanges.pods}.237.1:${port}`), 200);
    expect(await answer(`http://${testRanges.pods}.236.1:${port}`)).toBe(503);
    await client.delete(resources.pods, { namespace, name: 'web' });
    await soon(() => answer(`http://${testRanges.pods}.237.1:${port}`), 503);
    await client.patch(
      resources.services,
      { namespace, name: 'web' },
      { type: 'merge', body: { spec: { type: 'ClusterIP', externalTrafficPolicy: null } } },
    );
    await soon(() => answer(`http://${testRanges.pods}.236.1:${port}`), 'nobody');
    await soon(async () => (await service()).status?.loadBalancer?.ingress, undefined);
    // What the pool has and nobody got never leaves the machine.
    expect((await run('ip', ['route', 'get', `${testRanges.pods}.248.10`])).stdout).toContain(`local ${testRanges.pods}.248.10`);
  }, 600_000);
});
