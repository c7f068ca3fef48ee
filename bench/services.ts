// Owns what Services cost: programming 1,000 and 10,000 of them, one more, and a connection and a stream through one beside straight to its endpoint. Needs root.
import { spawnSync } from 'node:child_process';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { run } from '../src/cluster/network.ts';
import { fragmentOf } from '../src/proxy/fragment.ts';
import { Ruleset } from '../src/proxy/ruleset.ts';
import type { TrafficPort } from '../src/proxy/service-port.ts';
import { median } from './lib-figures.ts';

const limit = 0.97;
const inside = 'inside';
if (process.argv[2] !== inside) {
  // A network of its own: nothing of the machine's is touched, and all of it goes when this ends.
  const args = ['--net', '--', process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), inside];
  process.exit(spawnSync('unshare', args, { stdio: 'inherit' }).status ?? 1);
}

const endpointIp = '10.42.0.5';
const port = (index: number): TrafficPort => ({
  family: 'ip',
  namespace: 'default',
  name: `s${index}`,
  protocol: 'tcp',
  port: 80,
  clusterIp: `10.96.${index >> 8}.${index & 255}`,
  nodePort: 0,
  externalIps: [],
  balancerIps: [],
  sourceRanges: [],
  affinitySeconds: 0,
  internal:
    index === 0
      ? [{ ip: endpointIp, port: 8080 }]
      : [0, 1, 2].map((n) => ({ ip: `10.42.${1 + (index >> 8)}.${index & 255}`, port: 8080 + n })),
  external: [],
  cluster: [],
  internalElsewhere: false,
  externalElsewhere: false,
  keepsSource: false,
});
const fragment = (index: number) => fragmentOf('ip', [port(index)], { clusterCidrs: ['10.42.0.0/16'] });
const apply = (text: string): Promise<string> => run('nft', ['-f', '-'], text);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

await run('ip', ['link', 'set', 'lo', 'up']);
for (const address of [endpointIp, '10.42.0.1']) await run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
await run('ip', ['route', 'add', '10.96.0.0/16', 'dev', 'lo', 'src', '10.42.0.1']);

const chunk = Buffer.alloc(1024 * 1024, 120);
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', (asked) => {
    if (asked.toString() !== 'stream') return void socket.end('ok');
    const more = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  });
});
await new Promise<void>((resolve) => server.listen(8080, endpointIp, resolve));

const target = (through: boolean): { host: string; port: number } =>
  through ? { host: '10.96.0.0', port: 80 } : { host: endpointIp, port: 8080 };
function ask(through: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(target(through), () => socket.write('ask'));
    socket.on('data', () => {});
    socket.once('end', resolve);
    socket.once('error', reject);
  });
}
/** Milliseconds for connecting, asking and being answered: the median of many, taken in turn. */
async function latencies(): Promise<{ readonly through: number; readonly straight: number }> {
  const [through, straight]: [number[], number[]] = [[], []];
  for (let round = 0; round < 500; round++) {
    through.push(await timed(() => ask(true)));
    straight.push(await timed(() => ask(false)));
  }
  return { through: median(through), straight: median(straight) };
}
/** MB a second over one connection. */
async function bandwidth(through: boolean): Promise<number> {
  const socket = connect(target(through), () => socket.write('stream'));
  let bytes = 0;
  socket.on('data', (data: Buffer) => {
    bytes += data.length;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const [from, startMs] = [bytes, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 400));
  const rate = (bytes - from) / 1000 / (performance.now() - startMs);
  socket.destroy();
  return rate;
}

let worst = Number.POSITIVE_INFINITY;
for (const count of [1, 1000, 10_000]) {
  const ruleset = new Ruleset({ table: 'bench', nodePortsFrom: undefined });
  const planMs = await timed(async () => {
    for (let index = 0; index < count; index++) ruleset.change(`s${index}`, 'ip', fragment(index));
  });
  const text = ruleset.whole();
  const allMs = await timed(() => apply(text));
  const more: number[] = [];
  for (let index = count; index < count + 5; index++)
    more.push(await timed(() => apply(ruleset.change(`s${index}`, 'ip', fragment(index)))));
  const { through, straight } = await latencies();
  worst = Math.min(worst, straight / through);
  console.log(
    `${String(count).padStart(5)} Services: planned in ${planMs.toFixed(0)} ms, programmed in ${allMs.toFixed(0)} ms, one more in ${median(more).toFixed(1)} ms; a connection ${through.toFixed(3)} ms, straight ${straight.toFixed(3)} ms`,
  );
}
const rates: [number[], number[]] = [[], []];
for (let round = 0; round < 7; round++) {
  rates[0].push(await bandwidth(true));
  rates[1].push(await bandwidth(false));
}
const [through, straight] = [median(rates[0]), median(rates[1])];
console.log(`a stream: ${through.toFixed(0)} MB/s through the Service, ${straight.toFixed(0)} MB/s straight`);
console.log(
  `services: latency ${worst.toFixed(2)} and throughput ${(through / straight).toFixed(2)} of going straight to the pod; the limit is ${limit}`,
);
process.exit(0);
