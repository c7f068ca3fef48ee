// Proves on real containers of two nodes that pods and Services have both IP families: names, addresses, node ports, hairpin, policies, a link cut and healed.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, Service } from '../../src/api/core/v1.ts';
import type { NetworkPolicy } from '../../src/api/networking/v1.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { whyNoIpv6 } from '../../src/cluster/network.ts';
import { adminOf, PeapodProcess, peapod } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';
import { testRanges } from './test-ranges.ts';

const run = promisify(execFile);
const namespace = 'both';
const problem = whyNoRealCluster() ?? whyNoIpv6();
if (problem !== undefined) console.log(`dual stack with real containers is left out: ${problem}`);

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
};

describe.skipIf(problem !== undefined)('both IP families with real containers', () => {
  let cluster: RealCluster;
  let running: PeapodProcess;
  let client: Client & { close(): Promise<void> };
  beforeAll(async () => {
    cluster = await realCluster(228, { bits: 22, dualStack: true });
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

  const make = async (name: string, nodeName: string): Promise<Pod> => {
    const container = {
      name: 'c',
      image: 'busybox:1.36',
      command: ['sh', '-c', `mkdir /www && echo ${name} > /www/index.html && exec httpd -f -p 8080 -h /www`],
      readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    };
    const spec = { nodeName, terminationGracePeriodSeconds: 0, containers: [container] };
    await client.create(resources.pods, { metadata: { name, namespace, labels: { app: 'web', name } }, spec } as never);
    for (;;) {
      const pod = await client.get(resources.pods, { namespace, name });
      if (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) return pod;
      await sleep(20);
    }
  };
  /** A program that asks all of these and says what each answered, or the code of its refusal: one program, since starting one takes longest. */
  const ask = (urls: readonly string[]): string =>
    `Promise.all(${JSON.stringify(urls)}.map((url)=>fetch('http://'+url,{signal:AbortSignal.timeout(1000)}).then((r)=>r.text()).catch((e)=>e.cause?.code??e.name))).then((all)=>process.stdout.write(all.map((t)=>t.trim()).join(' '),()=>process.exit()))`;
  const fromPod = async (name: string, ...urls: readonly string[]): Promise<string> => {
    const { status } = await client.get(resources.pods, { namespace, name });
    const id = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    const pid = readdirSync('/proc').find((one) => /^\d+$/.test(one) && textOf(`/proc/${one}/cgroup`).includes(id));
    return (await run('nsenter', ['-t', pid ?? '', '-n', process.execPath, '-e', ask(urls)])).stdout;
  };
  const fromHere = async (...urls: readonly string[]): Promise<string> => (await run(process.execPath, ['-e', ask(urls)])).stdout;
  const until = async (question: () => Promise<string>, wanted: string): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const said = await question();
      if (said === wanted) return;
      if (tries === 60) throw new Error(`it says ${said}, not ${wanted}`);
      await sleep(50);
    }
  };

  test('pods, Services, policies and links', async () => {
    const [near, far] = await Promise.all([make('near', 'node1'), make('far', 'node2')]);
    const ips = [near, far].map(({ status }) => status?.podIPs?.map(({ ip }) => ip) ?? []);
    expect(ips).toEqual([
      [expect.stringContaining(`${testRanges.pods}.228.`), expect.stringContaining(`${testRanges.podsSix}:e4::`)],
      [expect.stringContaining(`${testRanges.pods}.229.`), expect.stringContaining(`${testRanges.podsSix}:e4:0:1::`)],
    ]);
    expect(far.status?.hostIPs).toHaveLength(2);
    const spec = {
      type: 'NodePort',
      ipFamilyPolicy: 'RequireDualStack',
      sessionAffinity: 'ClientIP',
      selector: { name: 'far' },
      ports: [{ port: 80, targetPort: 8080 }],
    };
    const service = await client.create(resources.services, { metadata: { name: 'far', namespace }, spec } as unknown as Service);
    const clusterIps = service.spec?.clusterIPs ?? [];
    const nodePort = service.spec?.ports?.[0]?.nodePort;
    expect(clusterIps).toEqual([
      expect.stringContaining(`${testRanges.services}.228.`),
      expect.stringContaining(`${testRanges.servicesSix}:e4::`),
    ]);
    const places = [
      ...clusterIps,
      ...ips.flatMap(([, ip]) => ip ?? []).slice(1),
      ...[`${testRanges.pods}.228.1`, `${testRanges.pods}.229.1`, `${testRanges.podsSix}:e4::1`, `${testRanges.podsSix}:e4:0:1::1`],
    ].map((ip, index) => `${ip.includes(':') ? `[${ip}]` : ip}:${index < 2 ? 80 : index === 2 ? 8080 : nodePort}`);
    // From both nodes' pods and the machine; `far` meets itself.
    const everywhere = places.map(() => 'far').join(' ');
    await until(() => fromPod('near', ...places), everywhere);
    await until(() => fromPod('far', ...places), everywhere);
    await until(() => fromHere(...places), everywhere);
    const names = await fromPodDns('near', `far.${namespace}.svc.cluster.local`);
    expect(names).toEqual([[clusterIps[0]], [clusterIps[1]]]);
    expect(await reverse('near', clusterIps[1] ?? '')).toEqual([`far.${namespace}.svc.cluster.local`]);

    const six = `[${ips[1]?.[1]}]:8080`;
    const deny = { podSelector: { matchLabels: { name: 'far' } } };
    await client.create(resources.networkPolicies, { metadata: { name: 'deny', namespace }, spec: deny } as unknown as NetworkPolicy);
    await until(() => fromPod('near', six), 'TimeoutError');
    expect(await fromPod('near', `[${clusterIps[1]}]`)).toBe('TimeoutError');
    // Itself it reaches all the same.
    await until(() => fromPod('far', `[${clusterIps[1]}]`), 'far');
    await client.deleteCollection(resources.networkPolicies, { namespace });
    await until(() => fromPod('near', six), 'far');

    const act = async (verb: string): Promise<void> => {
      const { code, stderr } = await peapod(['node', verb, 'node2', '--data-dir', cluster.dataDir]);
      expect([code, stderr]).toEqual([0, '']);
    };
    await act('cut');
    expect(await fromPod('near', six)).not.toBe('far');
    await act('heal');
    await until(() => fromPod('near', six), 'far');
    // Nobody has these addresses: refused at once, or stopped at the fence.
    expect(await fromHere(`[${testRanges.servicesSix}:e4::ffff]`)).toBe('ECONNREFUSED');
    expect(await fromHere(`[${testRanges.podsSix}:e4:0:99::1]`)).toBe('TimeoutError');
    expect((await run('nft', ['list', 'table', 'inet', machineNames(cluster.dataDir).table])).stdout).toContain(
      `ip6 daddr { ${testRanges.podsSix}:e4::/48, ${testRanges.servicesSix}:e4::/112 } drop`,
    );
  }, 600_000);

  async function inPodNode(name: string, script: string): Promise<unknown> {
    const { status } = await client.get(resources.pods, { namespace, name });
    const id = status?.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? '';
    const pid = readdirSync('/proc').find((one) => /^\d+$/.test(one) && textOf(`/proc/${one}/cgroup`).includes(id));
    const text = `const dns=new (require('dns').promises.Resolver)();dns.setServers(['${testRanges.services}.228.10']);(async()=>${script})().then((x)=>console.log(JSON.stringify(x)))`;
    return JSON.parse((await run('nsenter', ['-t', pid ?? '', '-n', process.execPath, '-e', text])).stdout);
  }
  const fromPodDns = (name: string, host: string): Promise<unknown> =>
    inPodNode(name, `Promise.all([dns.resolve4('${host}'),dns.resolve6('${host}')])`);
  const reverse = (name: string, ip: string): Promise<unknown> => inPodNode(name, `dns.reverse('${ip}')`);
});
