// Proves on real containers that probes which never return and logs that never end hold up nobody, and that nothing of them stays.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, PodSpec } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { resources } from '../../src/client/resources.ts';
import { pathsOf } from '../../src/cluster/paths.ts';
import { adminOf } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { grown, leftovers } from './leftovers.ts';
import { nodeOverHttp } from './node-over-http.ts';

const namespace = 'stubborn';
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`stubborn containers are left out: ${problem}`);

describe.skipIf(problem !== undefined)('stubborn containers', () => {
  let cluster: RealCluster;
  let client: Awaited<ReturnType<typeof adminOf>>;
  const uids = new Set<string>();

  beforeAll(async () => {
    cluster = await realCluster(214);
    await cluster.start();
    await cluster.importImages();
    client = await adminOf(cluster.dataDir);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.dispose();
  });

  const create = async (name: string, spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>): Promise<void> => {
    const full = { terminationGracePeriodSeconds: 1, ...spec };
    const pod = await client.create(resources.pods, { metadata: { name, namespace }, spec: full } as Draft<Pod>);
    uids.add(pod.metadata.uid);
  };
  const pod = (name: string): Promise<Pod> => client.get(resources.pods, { namespace, name });
  const until = (name: string, condition: (pod: Pod) => boolean): Promise<void> =>
    expect.poll(async () => condition(await pod(name)), { timeout: 180_000, interval: 50 }).toBe(true);
  const remove = async (name: string): Promise<void> => {
    await client.delete(resources.pods, { namespace, name });
    const isThere = async (): Promise<boolean> =>
      (await client.list(resources.pods, { namespace })).items.some(({ metadata }) => metadata.name === name);
    await expect.poll(isThere, { timeout: 120_000, interval: 50 }).toBe(false);
  };
  const told = async (name: string): Promise<readonly string[]> =>
    (await client.list(resources.events, { namespace })).items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ message }) => message ?? '');
  const processes = (words: string): number =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() === words;
      } catch {
        return false;
      }
    }).length;

  test('probes that never return: they fail by their time, kill where they must, and heap up nothing', async () => {
    const asleep = { command: ['sh', '-c', 'sleep 3600'], image: 'busybox:1.36' };
    await create('warm', { containers: [{ name: 'c', ...asleep }] });
    await until('warm', ({ status }) => status?.phase === 'Running');
    await remove('warm');
    const before = leftovers(cluster.dataDir, cluster.process.pid, uids);
    await create('deaf', {
      containers: [
        { name: 'ready', ...asleep, readinessProbe: { exec: { command: ['sleep', '4321'] }, periodSeconds: 1, timeoutSeconds: 1 } },
        {
          name: 'live',
          ...asleep,
          livenessProbe: { exec: { command: ['sleep', '4322'] }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 },
        },
        // It takes connections and says nothing.
        {
          name: 'mute',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'while :; do nc -l -p 8081 -e sleep 60; done'],
          readinessProbe: { httpGet: { port: 8081, path: '/' }, periodSeconds: 1, timeoutSeconds: 1, initialDelaySeconds: 1 },
        },
      ],
    });
    await until('deaf', ({ status }) => (status?.containerStatuses?.find(({ name }) => name === 'live')?.restartCount ?? 0) >= 1);
    await sleep(3000);
    const messages = await told('deaf');
    expect(messages).toContain('Readiness probe failed: command timed out: "sleep 4321" timed out after 1s');
    expect(messages).toContain('Liveness probe failed: command timed out: "sleep 4322" timed out after 1s');
    expect(messages.some((message) => message.endsWith('(Client.Timeout exceeded while awaiting headers)'))).toBe(true);
    expect(processes('sleep 4321')).toBeLessThanOrEqual(2);
    expect(processes('sleep 4322')).toBeLessThanOrEqual(2);
    await remove('deaf');
    expect(processes('sleep 4321') + processes('sleep 4322')).toBe(0);
    expect(await grown(before, () => leftovers(cluster.dataDir, cluster.process.pid, uids))).toEqual({});
  });

  test('logs at 50 MB/s: others are answered meanwhile, the last lines are at hand, the disk is bounded, and all goes with the pod', async () => {
    const block = 'dd if=/dev/zero bs=1000 count=5000 2>/dev/null | tr "\\0" x | fold -w 99';
    await create('loud', {
      containers: [
        {
          name: 'c',
          image: 'busybox:1.36',
          command: ['sh', '-c', `${block} > /tmp/b; for i in $(seq 100); do cat /tmp/b; sleep 0.1; done; echo; echo the end; sleep 3600`],
        },
      ],
    });
    await until('loud', ({ status }) => status?.phase === 'Running');
    const logs = pathsOf(cluster.dataDir).podLogs;
    const bytes = (): number =>
      (readdirSync(logs, { recursive: true }) as readonly string[]).reduce((sum, name) => {
        try {
          const stat = statSync(join(logs, name));
          return sum + (stat.isFile() ? stat.size : 0);
        } catch {
          return sum;
        }
      }, 0);
    let [mostBytes, looks] = [0, 0];
    const endMs = performance.now() + 120_000;
    const node = nodeOverHttp(await loadKubeconfig(`${cluster.dataDir}/kubeconfig`));
    const lastLine = async (): Promise<string> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await node.logs({ namespace, pod: 'loud', container: 'c' }, { tailLines: 1 })) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    };
    for (;;) {
      await client.list(resources.nodes);
      const line = await lastLine();
      mostBytes = Math.max(mostBytes, bytes());
      looks++;
      if (line.trim() === 'the end' || performance.now() > endMs) break;
      await sleep(200);
    }
    expect((await lastLine()).trim()).toBe('the end');
    expect(looks).toBeGreaterThan(10);
    // Looked after every ten seconds at first, and each second once it is known to be loud.
    expect(mostBytes).toBeLessThan(700 * 2 ** 20);
    await remove('loud');
    await expect.poll(bytes, { timeout: 60_000 }).toBe(0);
  });
});
