// Owns what the store in etcd costs: creates a second of 2 KiB objects through the whole API over an etcd, beside bare puts to the same etcd (needs `etcd`).
import { EtcdConnection } from '../src/store/etcd/etcd-connection.ts';
import { EtcdProcess, etcdMissing } from '../test/etcd/etcd-process.ts';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

const missing = etcdMissing();
if (missing !== undefined) {
  console.error(`etcd-store: ${missing}; then try again.`);
  process.exit(1);
}

const blob = 'x'.repeat(1900);
const bytes = Buffer.alloc(2048, 120);
const path = '/api/v1/namespaces/default/configmaps';
await using etcd = await EtcdProcess.open();
const plane = await ControlPlane.open('scheduler,controllers', ['--store', `etcd://${etcd.endpoint}`]);
const client = new LoadClient(plane.access, 4);
const bare = new EtcdConnection({ endpoints: [etcd.endpoint] });
let worst = Number.POSITIVE_INFINITY;
try {
  const put = (key: string): Promise<unknown> =>
    bare.txn({ compare: [], puts: [{ key, value: bytes }], deletes: [], otherwiseRead: [] }, 30_000);
  const create = (name: string): Promise<unknown> => client.ask('POST', path, JSON.stringify({ metadata: { name }, data: { blob } }));
  const read = (name: string): Promise<unknown> => client.ask('GET', `${path}/${name}`);
  // What is compiled on first use is not what is measured.
  await throughput(500, 16, (index) => create(`warm-${index}`));
  await throughput(500, 16, (index) => put(`/bare/warm-${index}`));
  for (const [clients, count] of [
    [1, 600],
    [64, 6000],
    [512, 6000],
  ] as const) {
    const [ours, theirs, reads]: [number[], number[], number[]] = [[], [], []];
    const cpuBefore = plane.cpuMs;
    for (let round = 0; round < 3; round++) {
      theirs.push(await throughput(count / 3, clients, (index) => put(`/bare/${clients}-${round}-${index}`)));
      ours.push(await throughput(count / 3, clients, (index) => create(`c-${clients}-${round}-${index}`)));
      reads.push(await throughput(count / 3, clients, (index) => read(`c-${clients}-${round}-${index}`)));
    }
    const [our, their] = [Math.max(...ours), Math.max(...theirs)];
    worst = Math.min(worst, our / their);
    const cpu = ((plane.cpuMs - cpuBefore) / (2 * count)).toFixed(2);
    console.log(
      `${String(clients).padStart(3)} clients: ${Math.round(our)} creates/s, ${Math.round(Math.max(...reads))} certain reads/s (${cpu} ms of CPU each), bare etcd ${Math.round(their)} puts/s, ${(our / their).toFixed(2)} times`,
    );
  }
  console.log(`etcd-store: creates through the API come to ${worst.toFixed(2)} times bare puts where it is least`);
} finally {
  client.close();
  bare.close();
  await plane.close();
}
