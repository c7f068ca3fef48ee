// Proves on real containers that a Service is reached by name, by its address and by its node port, from pods and from the machine, and by nobody when empty.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, Service } from '../../src/api/core/v1.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { findProgram } from '../../src/runtime/cri/containerd.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { adminOf } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { testRanges } from './test-ranges.ts';

const namespace = 'net';
function cgroupOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`Services with real containers are left out: ${problem}`);

describe.skipIf(problem !== undefined)('Services with real containers', () => {
  let cluster: RealCluster;
  let runtime: Runtime;
  let client: Client & { close(): Promise<void> };
  beforeAll(async () => {
    cluster = await realCluster(211);
    await cluster.start();
    await cluster.importImages();
    client = await adminOf(cluster.dataDir);
    runtime = cluster.runtime();
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await runtime?.close();
    await cluster?.dispose();
  });

  const pod = (name: string, command: string): Pick<Pod, 'metadata' | 'spec'> => ({
    metadata: { name, namespace, labels: { app: name.split('-')[0] ?? '' } } as unknown as Pod['metadata'],
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', command] }] },
  });
  const ready = async (name: string): Promise<Pod> => {
    for (;;) {
      const found = await client.get(resources.pods, { namespace, name });
      if (found.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return found;
      await sleep(20);
    }
  };
  /** What a command in the asking pod says, until it says something that is expected. */
  const inPod = async (command: string, expected: RegExp): Promise<string> => {
    const { status } = await client.get(resources.pods, { namespace, name: 'client' });
    const id = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    for (let tries = 0; ; tries++) {
      const { stdout, stderr } = await runtime.execSync(id, ['sh', '-c', command], 20_000);
      const said = `${Buffer.from(stdout)}${Buffer.from(stderr)}`;
      if (expected.test(said) || tries === 100) return said;
      await sleep(50);
    }
  };

  /** What a server says to the asking pod's network, or the code of its refusal. The static busybox itself cannot connect to anything. */
  const fromPod = async (url: string): Promise<string> => {
    const { status } = await client.get(resources.pods, { namespace, name: 'client' });
    const id = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && cgroupOf(name).includes(id));
    const ask = `fetch('${url}',{signal:AbortSignal.timeout(3000)}).then((r)=>r.text()).catch((e)=>e.cause?.code??e.name).then((t)=>process.stdout.write(t))`;
    return (await promisify(execFile)('nsenter', ['-t', pid ?? '', '-n', process.execPath, '-e', ask])).stdout;
  };

  test('by name, address and node port; then by nobody', async () => {
    const serve = (name: string) => pod(name, `mkdir /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www`);
    for (const one of [serve('web-1'), serve('web-2'), pod('client', 'sleep 3600')]) await client.create(resources.pods, one);
    const spec = { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } as unknown as Service['spec'];
    const service = await client.create(resources.services, { metadata: { name: 'web', namespace }, spec } as Service);
    await Promise.all(['web-1', 'web-2', 'client'].map(ready));
    const ip = service.spec?.clusterIP ?? '';
    const nodePort = service.spec?.ports?.[0]?.nodePort ?? 0;
    // The static busybox can look names up, but not connect to them.
    expect(await inPod(`nslookup web.${namespace}.svc.cluster.local`, /Name:/)).toContain(`Address: ${ip}`);
    expect(await inPod('cat /etc/resolv.conf', /search/)).toContain(
      `search ${namespace}.svc.cluster.local svc.cluster.local cluster.local`,
    );
    const heard = new Set<string>();
    for (let tries = 0; heard.size < 2 && tries < 200; tries++) heard.add(await fromPod(`http://${ip}`));
    expect([...heard].sort()).toEqual(['web-1\n', 'web-2\n']);
    for (const url of [`http://${ip}`, `http://127.0.0.1:${nodePort}`]) expect(await (await fetch(url)).text()).toMatch(/^web-[12]/);
    for (const name of ['web-1', 'web-2']) await client.delete(resources.pods, { namespace, name });
    for (let tries = 0; tries < 100 && (await fromPod(`http://${ip}`)) !== 'ECONNREFUSED'; tries++) await sleep(20);
    expect(await fromPod(`http://${ip}`)).toBe('ECONNREFUSED');
    await expect(fetch(`http://127.0.0.1:${nodePort}`)).rejects.toThrow();
  }, 600_000);

  test.skipIf(findProgram('conntrack') === undefined)('a UDP client goes on with who is an endpoint now, not with who was', async () => {
    const answering = await Promise.all(
      ['first', 'second'].map(async (word) => {
        const socket = createSocket('udp4');
        socket.on('message', (_, from) => socket.send(word, from.port, from.address));
        await new Promise<void>((resolve) => socket.bind(0, `${testRanges.pods}.211.1`, resolve));
        return socket;
      }),
    );
    const asking = createSocket('udp4');
    try {
      const spec = { ports: [{ name: 'u', port: 5000, protocol: 'UDP' }] };
      const service = await client.create(resources.services, { metadata: { name: 'words', namespace }, spec } as never);
      const slice = (port: number | undefined) => ({
        metadata: { name: 'words', namespace, labels: { 'kubernetes.io/service-name': 'words' } },
        addressType: 'IPv4' as const,
        endpoints: [{ addresses: [`${testRanges.pods}.211.1`], conditions: { ready: true } }],
        ports: [{ name: 'u', port, protocol: 'UDP' as const }],
      });
      let heard = '';
      asking.on('message', (message) => {
        heard = message.toString();
      });
      await new Promise<void>((resolve) => asking.bind(0, resolve));
      // The same socket all the time: to the kernel it is one connection.
      const until = async (word: string): Promise<void> => {
        for (let tries = 0; heard !== word; tries++) {
          if (tries === 200) throw new Error(`it hears ${heard}`);
          asking.send('?', 5000, service.spec?.clusterIP);
          await sleep(20);
        }
      };
      const made = await client.create(resources.endpointSlices, slice(answering[0]?.address().port) as never);
      await until('first');
      await client.update(resources.endpointSlices, { ...made, ports: slice(answering[1]?.address().port).ports });
      await until('second');
    } finally {
      for (const socket of [...answering, asking]) socket.close();
    }
  });
});
