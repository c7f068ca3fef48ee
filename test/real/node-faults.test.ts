// Proves on three real nodes that a frozen kubelet, a frozen containerd and a control plane killed in the middle of an update are made good, and leave nothing.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Deployment } from '../../src/api/apps/v1.ts';
import type { Pod } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { linkPrefix } from '../../src/cluster/node-link.ts';
import { adminOf, PeapodProcess } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';

const namespace = 'faults';
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`faults of real nodes are left out: ${problem}`);

/** Processes whose command line has all of these. */
function pidsOf(...words: readonly string[]): readonly number[] {
  const command = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      // It has ended meanwhile.
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && words.every((word) => command(name).includes(word)))
    .map(Number);
}

/** What a data directory has on the machine: links, namespaces, tables, routes. */
function traces(dataDir: string): readonly string[] {
  const { bridge, table } = machineNames(dataDir);
  const marks = [bridge, table, linkPrefix(dataDir)];
  const said = [
    ['ip', '-o', 'link'],
    ['ip', 'netns'],
    ['nft', 'list', 'tables'],
    ['ip', '-4', 'route'],
    ['ip', '-6', 'route'],
  ].map(([program = '', ...args]) => execFileSync(program, args, { encoding: 'utf8' }));
  return said.flatMap((text) => text.split('\n')).filter((line) => marks.some((mark) => line.includes(mark)));
}

describe.skipIf(problem !== undefined)('faults of nodes', () => {
  let cluster: RealCluster;
  let running: PeapodProcess;
  let client: Client & { close(): Promise<void> };
  const up = async (): Promise<void> => {
    running = new PeapodProcess(['up', ...cluster.upFlags, '--nodes', '3']);
    await running.up;
    await client?.close();
    client = await adminOf(cluster.dataDir);
  };
  beforeAll(async () => {
    cluster = await realCluster(232, { bits: 22 });
    await up();
    for (const node of ['', '-node2', '-node3']) await importTestImages(`${machineNames(cluster.dataDir).stateDir}${node}/containerd.sock`);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.dispose();
    await running?.end('SIGKILL');
    if (cluster !== undefined) expect(traces(cluster.dataDir)).toEqual([]);
  });

  const readyOf = async (name: string): Promise<{ readonly status: string; readonly message: string }> => {
    const { status } = await client.get(resources.nodes, { name });
    const { status: is = '', message = '' } = status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
    return { status: is, message };
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; !(await holds().catch(() => false)); tries++) {
      if (tries === 900) throw new Error(`it never came to this: ${what}`);
      await sleep(100);
    }
  };
  const deployment = (generation: string): Draft<Deployment> => ({
    metadata: { name: 'web', namespace },
    spec: {
      replicas: 6,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web', generation } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '3600'] }],
        },
      },
    } as unknown as Deployment['spec'],
  });
  const isReady = ({ status, metadata }: Pod): boolean =>
    metadata.deletionTimestamp === undefined &&
    (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
  const pods = async (): Promise<readonly Pod[]> => (await client.list(resources.pods, { namespace })).items;
  const done = async (generation: string): Promise<boolean> => {
    const all = await pods();
    return all.length === 6 && all.every((pod) => isReady(pod) && pod.metadata.labels?.['generation'] === generation);
  };

  test('a control plane killed in the middle of an update goes on with it, and at no time too few pods are ready', async () => {
    await client.create(resources.deployments, deployment('1') as Deployment);
    await until('the first generation', () => done('1'));
    const { metadata } = await client.get(resources.deployments, { namespace, name: 'web' });
    await client.update(resources.deployments, {
      ...deployment('2'),
      metadata: { ...deployment('2').metadata, resourceVersion: metadata.resourceVersion },
    } as Deployment);
    await until('a pod of the second one', async () => (await pods()).some(({ metadata: { labels } }) => labels?.['generation'] === '2'));
    await running.end('SIGKILL');
    await up();
    let fewest = 6;
    await until('the second generation', async () => {
      fewest = Math.min(fewest, (await pods()).filter(isReady).length);
      return done('2');
    });
    expect(fewest).toBeGreaterThanOrEqual(5);
  }, 600_000);

  test('a kubelet that is frozen is not heard of, a containerd that is frozen is told of; both come back as they were', async () => {
    const before = (await pods()).map(({ metadata, status }) => [metadata.uid, status?.containerStatuses?.[0]?.containerID]);
    const [kubelet] = pidsOf('kubelet --kubeconfig', `${cluster.dataDir}/nodes/node2/`);
    const [containerd] = pidsOf('containerd --config', `${cluster.dataDir}/nodes/node3/`);
    const frozen = [kubelet, containerd].map((pid) => pid ?? 0);
    expect(frozen).not.toContain(0);
    for (const pid of frozen) process.kill(pid, 'SIGSTOP');
    try {
      await until('node3 says that its runtime is down', async () => {
        const { status, message } = await readyOf('node3');
        return status === 'False' && message.includes('container runtime is down');
      });
      await until('node2 is unknown', async () => (await readyOf('node2')).status === 'Unknown');
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
    for (const node of ['node2', 'node3']) await until(`${node} is back`, async () => (await readyOf(node)).status === 'True');
    await until('all pods are as they were', () => done('2'));
    expect((await pods()).map(({ metadata, status }) => [metadata.uid, status?.containerStatuses?.[0]?.containerID])).toEqual(before);
  }, 600_000);
});
