// Owns what the DNS server answers a second, beside dnsmasq on the same names in the same run where that is there, and CoreDNS' published 33,669 q/s.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import dnsPacket from 'dns-packet';
import { systemClock } from '../src/base/clock.ts';
import { systemEntropy } from '../src/base/entropy.ts';
import { silentLog } from '../src/base/log.ts';
import { listenDns } from '../src/dns/listener.ts';
import { ClusterRecords } from '../src/dns/records.ts';
import { Responder } from '../src/dns/responder.ts';
import { findProgram } from '../src/runtime/cri/containerd.ts';
import { freePort } from '../test/cli/peapod-process.ts';
import { median, percentile } from './lib-figures.ts';

const services = 1000;
const rounds = 3;
const roundMs = 2000;
/** Questions that one asker has under way. */
const underWay = 32;
const askers = 4;
/** Cluster names a second on a node of 2 cores, as CoreDNS' project publishes it. */
const published = 33_669;
const domain = 'cluster.local';
const nameOf = (index: number): string => `service-${index}.default.svc.${domain}`;
const addressOf = (index: number): string => `10.96.${1 + (index >> 8)}.${index & 255}`;

if (process.argv[2] === 'serve') {
  const records = new ClusterRecords();
  records.setNamespace('default', true);
  for (let index = 0; index < services; index++) {
    const own = { namespace: 'default', name: `service-${index}`, clusterIps: [addressOf(index)] };
    records.set('default', own.name, { ...own, externalName: '', ports: [], endpoints: [] });
  }
  const facts = { domain, serverIp: '10.96.0.10', owns: () => true };
  const forwarder = { ask: () => Promise.reject(new Error('nobody is asked')) };
  const responder = new Responder({ records, facts, forwarder, entropy: systemEntropy, log: silentLog });
  const respond = (message: Buffer, transport: 'udp' | 'tcp') => responder.respond(message, transport);
  await listenDns({ host: '127.0.0.1', port: Number(process.argv[3]), clock: systemClock, log: silentLog, respond });
  await new Promise(() => setInterval(() => {}, 60_000));
}

/** A server in a process of its own, which is asked on loopback. */
interface Peer {
  readonly name: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly perSecond: number[];
  readonly p99Ms: number[];
  readonly cpuMicros: number[];
}

const queries = Array.from({ length: services }, (_, index) =>
  dnsPacket.encode({ type: 'query', id: 0, flags: dnsPacket.RECURSION_DESIRED, questions: [{ name: nameOf(index), type: 'A' }] }),
);

/** Asks as fast as answers come, for one round. A question without an answer within it counts for nothing. */
async function round(
  port: number,
): Promise<{ readonly answers: number; readonly latenciesMs: readonly number[]; readonly seconds: number }> {
  const latenciesMs: number[] = [];
  const endMs = performance.now() + roundMs;
  let answers = 0;
  await Promise.all(
    Array.from({ length: askers }, async (_, asker) => {
      const socket = createSocket('udp4');
      const askedMs = new Map<number, number>();
      let next = asker * 250;
      const ask = (id: number): void => {
        const message = Buffer.from(queries[next++ % services] ?? '');
        message.writeUInt16BE(id);
        askedMs.set(id, performance.now());
        socket.send(message);
      };
      await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', () => resolve()));
      socket.on('error', () => {});
      socket.on('message', (message) => {
        const nowMs = performance.now();
        const id = message.readUInt16BE();
        if ((message.readUInt16BE(2) & 0xf) !== 0 || message.readUInt16BE(6) !== 1) throw new Error('an answer is none');
        latenciesMs.push(nowMs - (askedMs.get(id) ?? nowMs));
        answers++;
        if (nowMs < endMs) ask(id);
      });
      for (let id = 0; id < underWay; id++) ask(id);
      await new Promise((resolve) => setTimeout(resolve, roundMs));
      socket.close();
    }),
  );
  return { answers, latenciesMs, seconds: roundMs / 1000 };
}

/** The processor time of a process so far, from the kernel: microseconds. */
function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function untilItAnswers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = createSocket('udp4');
    const heard = await new Promise<boolean>((resolve) => {
      socket.once('message', () => resolve(true));
      socket.on('error', () => {});
      socket.send(queries[0] ?? '', port, '127.0.0.1');
      setTimeout(() => resolve(false), 100);
    });
    socket.close();
    if (heard) return;
  }
  throw new Error('a server does not answer');
}

const scratch = mkdtempSync(join(tmpdir(), 'peapod-dns-'));
const peers: Peer[] = [];
const start = async (name: string, command: (port: number) => readonly [string, readonly string[]]): Promise<void> => {
  const port = await freePort();
  const [program, args] = command(port);
  peers.push({ name, port, process: spawn(program, args, { stdio: 'ignore' }), perSecond: [], p99Ms: [], cpuMicros: [] });
  await untilItAnswers(port);
};
try {
  await start('peapod', (port) => [
    process.execPath,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), 'serve', String(port)],
  ]);
  const dnsmasq = findProgram('dnsmasq');
  if (dnsmasq === undefined) console.log('dnsmasq is missing (apt-get install dnsmasq-base): only the published figure stands beside it');
  else {
    const hosts = join(scratch, 'hosts');
    writeFileSync(hosts, Array.from({ length: services }, (_, index) => `${addressOf(index)} ${nameOf(index)}\n`).join(''));
    const flags = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--no-hosts',
      '--no-resolv',
      `--addn-hosts=${hosts}`,
      `--local=/${domain}/`,
    ];
    const own = ['--listen-address=127.0.0.1', '--bind-interfaces', '--local-ttl=5', `--pid-file=${join(scratch, 'pid')}`, '--user=root'];
    await start('dnsmasq', (port) => [dnsmasq, [...flags, ...own, `--port=${port}`]]);
  }
  // In turn, so that whatever else the machine does meets both; the first round only warms up.
  for (let turn = 0; turn <= rounds; turn++)
    for (const peer of peers) {
      const pid = peer.process.pid ?? 0;
      const before = cpuMicrosOf(pid);
      const { answers, latenciesMs, seconds } = await round(peer.port);
      if (turn === 0) continue;
      peer.perSecond.push(answers / seconds);
      peer.p99Ms.push(percentile(latenciesMs, 0.99));
      peer.cpuMicros.push((cpuMicrosOf(pid) - before) / answers);
    }
} finally {
  for (const { process: one } of peers) one.kill();
  if (existsSync(scratch)) rmSync(scratch, { recursive: true, force: true });
}
for (const { name, perSecond, p99Ms, cpuMicros } of peers)
  console.log(
    `${name.padEnd(8)} ${Math.round(median(perSecond))} q/s, p99 ${median(p99Ms).toFixed(2)} ms with ${askers * underWay} under way, ${median(cpuMicros).toFixed(1)} µs of processor time a question`,
  );
const [own, other] = peers.map(({ perSecond }) => median(perSecond));
console.log(
  `beside CoreDNS' published ${published} q/s at 2 cores (here the asker has one of them): ratio ${((own ?? 0) / published).toFixed(2)}`,
);
if (other !== undefined) console.log(`beside dnsmasq in this run: ratio ${((own ?? 0) / other).toFixed(2)}`);
