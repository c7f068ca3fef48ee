// Proves on real containers of two nodes that NetworkPolicies decide who reaches whom, that probes always get through, and that nothing stays when they go.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkPolicy } from '../../src/api/networking/v1.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { findProgram } from '../../src/runtime/cri/containerd.ts';
import { adminOf, PeapodProcess } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';

const run = promisify(execFile);
const namespace = 'walled';
const problem = whyNoRealCluster() ?? (findProgram('kubectl') === undefined ? 'kubectl is missing' : undefined);
if (problem !== undefined) console.log(`network policies with real containers are left out: ${problem}`);

describe.skipIf(problem !== undefined)('network policies with real containers', () => {
  let cluster: RealCluster;
  let running: PeapodProcess;
  let client: Client & { close(): Promise<void> };
  beforeAll(async () => {
    cluster = await realCluster(244, { bits: 22 });
    running = new PeapodProcess(['up', ...cluster.upFlags, '--nodes', '2']);
    await running.up;
    for (const node of ['', '-node2']) await importTestImages(`${machineNames(cluster.dataDir).stateDir}${node}/containerd.sock`);
    client = await adminOf(cluster.dataDir);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.dispose();
    await running?.end('SIGKILL');
  });

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') };
    return (await run('kubectl', ['--namespace', namespace, ...args], { env, timeout: 60_000 })).stdout;
  };
  const make = async (name: string, nodeName: string): Promise<string> => {
    const container = {
      name: 'c',
      image: 'busybox:1.36',
      command: ['sh', '-c', `mkdir /www && echo ${name} > /www/index.html && exec httpd -f -p 8080 -h /www`],
      ports: [{ name: 'http', containerPort: 8080 }],
      readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
    };
    const spec = { nodeName, terminationGracePeriodSeconds: 0, containers: [container] };
    await client.create(resources.pods, { metadata: { name, namespace, labels: { app: name } }, spec } as never);
    for (;;) {
      const { status } = await client.get(resources.pods, { namespace, name });
      if (status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')) return status.podIP ?? '';
      await sleep(20);
    }
  };
  const reaches = (pod: string, where: string): Promise<boolean> =>
    kubectl('exec', pod, '--', 'timeout', '1', 'wget', '-qO-', `http://${where}`).then(
      () => true,
      () => false,
    );
  /** A change of policies reaches the kernel a moment later. */
  const soon = async (question: () => Promise<boolean>, wanted: boolean): Promise<void> => {
    for (let tries = 0; (await question()) !== wanted; tries++) {
      if (tries === 20) throw new Error(`it is still not ${wanted}`);
      await sleep(50);
    }
  };
  const apply = (name: string, spec: NetworkPolicy['spec']) =>
    client.create(resources.networkPolicies, { metadata: { name, namespace }, spec } as NetworkPolicy);
  const tables = async (): Promise<string> => {
    const near = (await run('nft', ['list', 'tables'])).stdout;
    const far = (await run('nsenter', [`--net=/run/netns/${machineNames(cluster.dataDir).bridge}-node2`, '--', 'nft', 'list', 'tables']))
      .stdout;
    return `${near}${far}`
      .split('\n')
      .filter((line) => line.endsWith(machineNames(cluster.dataDir).policiesTable))
      .join('\n');
  };

  test('who reaches whom', async () => {
    const [web, near, far] = await Promise.all([make('web', 'node1'), make('near', 'node1'), make('far', 'node2')]);
    const spec = { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] };
    const service = await client.create(resources.services, { metadata: { name: 'web', namespace }, spec } as never);
    const byService = service.spec?.clusterIP ?? '';
    await soon(() => reaches('far', byService), true);
    for (const pod of ['near', 'far']) await soon(() => reaches(pod, `${web}:8080`), true);
    expect(await tables()).toBe('');

    await apply('deny', { podSelector: { matchLabels: { app: 'web' } } });
    await soon(() => reaches('far', `${web}:8080`), false);
    expect(await reaches('near', `${web}:8080`)).toBe(false);
    // The node always reaches its pods: by hand, and by the probe, which has been asking all the time.
    expect(await (await fetch(`http://${web}:8080`)).text()).toBe('web\n');
    // It still reaches others, and itself through its Service.
    await soon(() => reaches('web', `${near}:8080`), true);
    await soon(() => reaches('web', byService), true);

    await apply('far-may', {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'far' } } }], ports: [{ port: 'http' }] }],
    });
    await soon(() => reaches('far', byService), true);
    expect(await reaches('near', byService)).toBe(false);

    await apply('names-only', {
      podSelector: { matchLabels: { app: 'far' } },
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
          ports: [{ port: 53, protocol: 'UDP' }],
        },
      ],
    });
    await soon(() => reaches('far', `${near}:8080`), false);
    expect(await reaches('far', byService)).toBe(false);
    await soon(() => reaches('near', `${far}:8080`), true);
    expect(await kubectl('exec', 'far', '--', 'nslookup', `web.${namespace}.svc.cluster.local`)).toContain(`Address: ${byService}`);
    const { status } = await client.get(resources.pods, { namespace, name: 'web' });
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');

    await client.deleteCollection(resources.networkPolicies, { namespace });
    await soon(() => reaches('far', byService), true);
    for (const pod of ['near', 'web']) await soon(() => reaches(pod, `${far}:8080`), true);
    await soon(async () => (await tables()) === '', true);
  }, 600_000);

  test('a pod is held to its policies from its first packet, and one that no policy is about gets through with its first try', async () => {
    const target = await make('target', 'node1');
    await apply('hold', { podSelector: { matchLabels: { kind: 'held' } }, policyTypes: ['Egress'] });
    await soon(async () => (await tables()) !== '', true);
    const eager = async (name: string, nodeName: string, kind: string, seconds: number): Promise<string> => {
      const ask = `timeout ${seconds} wget -qO- http://${target}:8080 && echo reached $i`;
      const command = ['sh', '-c', `i=0; while [ $i -lt 4 ]; do ${ask}; i=$((i+1)); done; echo done; sleep 3600`];
      const spec = { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox:1.36', command }] };
      await client.create(resources.pods, { metadata: { name, namespace, labels: { kind } }, spec } as never);
      for (;;) {
        const said = await kubectl('logs', name).catch(() => '');
        if (said.includes('done')) return said;
        await sleep(50);
      }
    };
    const nodes = ['node1', 'node2'];
    const held = await Promise.all(nodes.map((node) => eager(`held-${node}`, node, 'held', 1)));
    for (const said of held) expect(said).not.toContain('reached');
    const free = await Promise.all(nodes.map((node) => eager(`free-${node}`, node, 'free', 10)));
    for (const said of free) expect(said).toContain('reached 0');
    await client.deleteCollection(resources.networkPolicies, { namespace });
  }, 600_000);
});
