// Proves that docs/multi-node.md can be followed for several machines: one is a network namespace with a link to this one, and nothing is left on either.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { machineNames } from '../../src/cluster/identity.ts';
import { whyNoIpv6 } from '../../src/cluster/network.ts';
import { overlayNumber } from '../../src/cluster/overlay/overlay-plan.ts';
import { findProgram } from '../../src/runtime/cri/containerd.ts';
import { type RealCluster, realCluster, whyNoRealCluster } from './cluster-for-tests.ts';
import { importTestImages } from './images.ts';
import { testRanges } from './test-ranges.ts';

const run = promisify(execFile);
const home = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const problem = whyNoRealCluster() ?? (findProgram('kubectl') === undefined ? 'kubectl is missing' : undefined);
if (problem !== undefined) console.log(`joining from another machine is left out: ${problem}`);

const [, page = ''] = readFileSync(join(home, 'docs/multi-node.md'), 'utf8').split('## On several machines');
/** The commands, and whether they are for the other machine. */
const commands = [...page.matchAll(/([^\n]*)\n\n```sh\n([^`]*)```/g)].flatMap(([, before = '', block = '']) =>
  block.split('\n').flatMap((command) => (command === '' ? [] : [{ command, away: before.includes('On the other machine') }])),
);

const { pods } = testRanges;
const [control, worker, stranger] = [`${pods}.248.1`, `${pods}.248.2`, `${pods}.248.3`];
const podRange = `${testRanges.pods}.252.0/22`;

describe.skipIf(problem !== undefined)('docs/multi-node.md, on several machines', () => {
  const away = mkdtempSync(join(tmpdir(), 'peapod-away-'));
  const name = `pptest${process.pid}`;
  const link = `ppt${process.pid}`;
  const there = (program: string, args: readonly string[]) => run('nsenter', [`--net=/run/netns/${name}`, '--', program, ...args]);
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await realCluster(252, { bits: 22, dualStack: whyNoIpv6() === undefined });
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    await run('ip', ['address', 'add', `${control}/24`, 'dev', link]);
    await run('ip', ['link', 'set', link, 'up']);
    for (const args of [
      ['link', 'set', 'lo', 'up'],
      ['address', 'add', `${worker}/24`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
      ['route', 'add', 'default', 'via', control],
    ])
      await there('ip', args);
    // What the other machine sends to the pod or service range outside of the overlay is counted where it would leave.
    const escaped = `ip daddr { ${podRange}, ${testRanges.services}.252.0/24 } counter`;
    const escapedSix = `ip6 daddr { ${testRanges.podsSix}:fc::/48, ${testRanges.servicesSix}:fc::/112 } counter`;
    const rules = [escaped, 'udp dport 8472 counter', escapedSix].map((rule) => `add rule netdev seen out ${rule}`);
    await there('nft', [
      `add table netdev seen; add chain netdev seen out { type filter hook egress device "eth0" priority 0; }; ${rules.join('; ')}`,
    ]);
  });
  afterAll(async () => {
    if (existsSync(`/run/netns/${name}`)) {
      await there(join(home, 'peapod'), ['down', '--data-dir', away, '--delete']).catch(() => {});
      await run('ip', ['netns', 'delete', name]);
    }
    await run('ip', ['link', 'delete', link]).catch(() => {});
    rmSync(away, { recursive: true, force: true });
    await cluster?.dispose();
  });

  /** What is left of a data directory on a machine: devices, tables, routes into the pod range, state, cgroups. */
  const traces = async (dataDir: string, on: typeof there): Promise<readonly string[]> => {
    const mark = machineNames(dataDir).bridge.split('-')[1] ?? 'none';
    const lines = async (program: string, args: readonly string[], what: string): Promise<readonly string[]> =>
      (await on(program, args)).stdout.split('\n').filter((line) => line.includes(what));
    const state = existsSync('/run/peapod') ? readdirSync('/run/peapod').filter((one) => one.includes(mark)) : [];
    const cgroups = ['', '/memory', '/pids'].map((one) => `/sys/fs/cgroup${one}/worker1`).filter((path) => existsSync(path));
    return [
      ...(await lines('ip', ['-o', 'link'], mark)),
      ...(await lines('nft', ['list', 'tables'], mark)),
      ...(await lines('ip', ['route'], `${testRanges.pods}.25`)),
      ...state,
      ...cgroups,
    ];
  };

  test('every command does what the page says', async () => {
    const socketOf = (dataDir: string): string => `${machineNames(dataDir).stateDir}/containerd.sock`;
    const env = { ...process.env, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') };
    const kubectl = async (...args: readonly string[]): Promise<string> =>
      (await run('kubectl', [...args], { env, timeout: 60_000 })).stdout;
    const awayFlags = ['--data-dir', away];
    let printed: readonly string[] = [];
    for (const { command, away: elsewhere } of commands) {
      const [program = '', ...words] = command.replaceAll('192.0.2.1', control).split(' ');
      const isUp = words[0] === 'up';
      // The command that was printed stands for the page's, whose token is nobody's.
      const args = words[0] === 'join' && words.length > 2 ? [...printed.slice(1), ...words.slice(6)] : words;
      const own = program === 'kubectl' ? [] : elsewhere ? awayFlags : isUp ? cluster.upFlags : ['--data-dir', cluster.dataDir];
      const more =
        args[0] === 'join' ? ['--runtime', 'cri', '--cgroup-root', '/worker1/kubepods', '--registry-mirror', '*=http://127.0.0.1:9'] : [];
      const path = program === 'kubectl' ? program : join(home, program);
      const asked = [path, ...args, ...own, ...more];
      const [first = '', ...rest] = elsewhere ? ['nsenter', `--net=/run/netns/${name}`, '--', ...asked] : asked;
      const { stdout } = await run(first, rest, { env, cwd: home, timeout: 180_000 });
      if (args[0] === 'token') printed = stdout.trim().split(' ');
      if (isUp) await importTestImages(socketOf(cluster.dataDir));
      if (args.includes('--token')) await importTestImages(socketOf(away));
      if (args.includes('status')) {
        await reachesAll(kubectl);
        await turnsStrangersAway();
      }
      if (args[0] === 'delete') {
        while (!readFileSync(join(away, 'peapod.log'), 'utf8').includes('was deleted from the cluster')) await sleep(20);
        while ((await run('ip', ['route'])).stdout.includes(`dev pp${machineNames(cluster.dataDir).bridge.split('-')[1]}vx`))
          await sleep(20);
        expect(await kubectl('get', 'pods', '-o', 'wide')).not.toMatch(/worker1/);
      }
    }
    const counts = [...(await there('nft', ['list', 'table', 'netdev', 'seen'])).stdout.matchAll(/packets (\d+)/g)].map(([, count]) =>
      Number(count),
    );
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(10);
    expect(counts[2]).toBe(0);
    expect(await traces(away, there)).toEqual([]);
    await run(join(home, 'peapod'), ['down', '--data-dir', cluster.dataDir], { timeout: 60_000 });
    expect(await traces(cluster.dataDir, (program, args) => run(program, [...args]))).toEqual([]);
  }, 600_000);

  test('a control plane without nodes is enough: the node answers its own pods’ names', async () => {
    const alone = await realCluster(240, { bits: 22 });
    const elsewhere = mkdtempSync(join(tmpdir(), 'peapod-away-'));
    const program = join(home, 'peapod');
    try {
      await run(program, ['up', '--detach', ...alone.upFlags, '--nodes', '0', '--bind', control], { cwd: home, timeout: 60_000 });
      const words = (await run(program, ['token', 'create', '--data-dir', alone.dataDir])).stdout.trim().split(' ').slice(1);
      const flags = ['--data-dir', elsewhere, '--node-name', 'worker1', '--cgroup-root', '/worker1/kubepods', '--detach'];
      await there(program, [...words, ...flags, '--registry-mirror', '*=http://127.0.0.1:9']);
      await importTestImages(`${machineNames(elsewhere).stateDir}/containerd.sock`);
      const env = { ...process.env, KUBECONFIG: join(alone.dataDir, 'kubeconfig') };
      const kubectl = async (...args: readonly string[]): Promise<string> =>
        (await run('kubectl', [...args], { env, timeout: 60_000 })).stdout;
      await kubectl('run', 'client', '--image=busybox:1.36', '--command', '--', 'sleep', '3600');
      await kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=30s');
      const asked = await kubectl('exec', 'client', '--', 'nslookup', 'kubernetes.default.svc.cluster.local');
      const api = (await kubectl('get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}')).trim();
      expect(asked).toContain(`Address: ${api}`);
      const ask = `fetch('https://${api}/version').then((r)=>r.text()).then((t)=>process.stdout.write(t))`;
      const trust = ['NODE_TLS_REJECT_UNAUTHORIZED=0', 'NODE_NO_WARNINGS=1', process.execPath, '-e', ask];
      expect((await there('env', trust)).stdout).toContain('gitVersion');
    } finally {
      await there(program, ['down', '--data-dir', elsewhere, '--delete']);
      rmSync(elsewhere, { recursive: true, force: true });
      await alone.dispose();
    }
    expect(await traces(elsewhere, there)).toEqual([]);
  }, 600_000);

  /** A packet of the overlay from an address that is no machine's of the cluster is turned away; one of another overlay is nobody's business. */
  async function turnsStrangersAway(): Promise<void> {
    const turnedAway = async (): Promise<number> => {
      const { stdout } = await run('nft', ['list', 'table', 'inet', machineNames(cluster.dataDir).overlayTable]);
      return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
    };
    const own = overlayNumber(readFileSync(join(cluster.dataDir, 'pki/ca.crt'), 'utf8'));
    const send = (from: string, vni: number): Promise<unknown> => {
      const packet = `Buffer.from([8,0,0,0,${vni >> 16},${(vni >> 8) & 255},${vni & 255},0])`;
      const script = `const s=require('dgram').createSocket('udp4');s.bind(0,'${from}',()=>s.send(${packet},8472,'${control}',()=>s.close()))`;
      return there(process.execPath, ['-e', script]);
    };
    await there('ip', ['address', 'add', `${stranger}/24`, 'dev', 'eth0']);
    expect(await turnedAway()).toBe(0);
    await send(worker, own);
    await send(stranger, own + 1);
    expect(await turnedAway()).toBe(0);
    await send(stranger, own);
    expect(await turnedAway()).toBe(1);
  }

  /** From a pod of each machine: the pods of the other by address, the Service by address, its name. */
  async function reachesAll(kubectl: (...args: readonly string[]) => Promise<string>): Promise<void> {
    const pods = (
      await kubectl(
        ...['get', 'pods', '-o'],
        'jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName} {.status.podIPs[1].ip}{"\\n"}{end}',
      )
    )
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string, string, string]);
    const service = (await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')).trim();
    expect(new Set(pods.map(([, , node]) => node))).toEqual(new Set(['node1', 'worker1']));
    for (const [pod, , node] of pods) {
      const [, far = '', , farSix = ''] = pods.find(([, , other]) => other !== node) ?? [];
      if (farSix !== '') expect(await kubectl('exec', pod, '--', 'wget', '-qO-', `http://[${farSix}]`)).toContain('Welcome to nginx');
      // The static busybox can ping and look names up; its wget works for addresses.
      expect(await kubectl('exec', pod, '--', 'ping', '-c', '1', '-W', '3', far)).toContain('1 packets received');
      expect(await kubectl('exec', pod, '--', 'wget', '-qO-', `http://${far}`)).toContain('Welcome to nginx');
      expect(await kubectl('exec', pod, '--', 'nslookup', 'web.default.svc.cluster.local')).toContain(`Address: ${service}`);
    }
    for (const on of [there, (program: string, args: readonly string[]) => run(program, [...args])]) {
      const ask = `fetch('http://${service}').then((r)=>r.text()).then((t)=>process.stdout.write(t))`;
      for (let tries = 0; tries < 6; tries++) expect((await on(process.execPath, ['-e', ask])).stdout).toContain('Welcome to nginx');
    }
  }
});
