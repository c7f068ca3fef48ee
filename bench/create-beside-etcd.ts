// Owns creates a second of 2 KiB objects through the whole API, at 1, 64 and 512 clients, beside etcd's own puts in the same run (needs `etcd`).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { freePort } from '../test/cli/peapod-process.ts';
import { ControlPlane } from './lib-control-plane.ts';
import { LoadClient, throughput } from './lib-http.ts';

if (spawnSync('etcd', ['--version']).status !== 0) {
  console.error('create-beside-etcd: etcd is missing. Debian: apt-get install etcd-server; then try again.');
  process.exit(1);
}

const { root } = protobuf.parse('syntax = "proto3"; message Put { bytes key = 1; bytes value = 2; } message Done { }');
const [put, done] = [root.lookupType('Put'), root.lookupType('Done')];
interface Puts {
  put(request: { readonly key: Buffer; readonly value: Buffer }, answer: (error: Error | null) => void): void;
  close(): void;
  waitForReady(deadline: number, ready: (error?: Error) => void): void;
}
const EtcdClient = makeGenericClientConstructor(
  {
    put: {
      path: '/etcdserverpb.KV/Put',
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: object) => Buffer.from(put.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => put.decode(bytes),
      responseSerialize: (value: object) => Buffer.from(done.encode(value).finish()),
      responseDeserialize: (bytes: Buffer) => done.decode(bytes),
    },
  },
  'KV',
);

/** An etcd of its own, as it comes: every put is on disk before it is answered. */
async function openEtcd(): Promise<{ client: Puts; close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-etcd-'));
  const [port, peers] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const peerUrl = `http://127.0.0.1:${peers}`;
  const etcd = spawn(
    'etcd',
    [
      '--data-dir',
      dir,
      '--listen-client-urls',
      url,
      '--advertise-client-urls',
      url,
      '--listen-peer-urls',
      peerUrl,
      '--initial-advertise-peer-urls',
      peerUrl,
      '--initial-cluster',
      `default=${peerUrl}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => etcd.once('close', () => resolve()));
  const client = new EtcdClient(`127.0.0.1:${port}`, credentials.createInsecure()) as unknown as Puts;
  await new Promise<void>((resolve, reject) => client.waitForReady(Date.now() + 20_000, (error) => (error ? reject(error) : resolve())));
  return {
    client,
    async close() {
      client.close();
      etcd.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const blob = 'x'.repeat(1900);
const bytes = Buffer.alloc(2048, 120);
const path = '/api/v1/namespaces/default/configmaps';
const etcd = await openEtcd();
const plane = await ControlPlane.open();
const client = new LoadClient(plane.access, 4);
let worst = Number.POSITIVE_INFINITY;
try {
  const puts = (key: string): Promise<void> =>
    new Promise((resolve, reject) =>
      etcd.client.put({ key: Buffer.from(key), value: bytes }, (error) => (error ? reject(error) : resolve())),
    );
  const creates = (name: string): Promise<unknown> => client.ask('POST', path, JSON.stringify({ metadata: { name }, data: { blob } }));
  // What is compiled on first use is not what is measured, in any of the processes: theirs is compiled before, ours takes some thousand creates.
  await throughput(6000, 64, (index) => creates(`warm-${index}`));
  await throughput(6000, 64, (index) => puts(`warm-${index}`));
  for (const [clients, count] of [
    [1, 1000],
    [64, 8000],
    [512, 8000],
  ] as const) {
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < 3; round++) {
      theirs.push(await throughput(count / 2, clients, (index) => puts(`/registry/configmaps/default/c-${clients}-${round}-${index}`)));
      ours.push(await throughput(count / 2, clients, (index) => creates(`c-${clients}-${round}-${index}`)));
    }
    const [our, their] = [Math.max(...ours), Math.max(...theirs)];
    worst = Math.min(worst, our / their);
    console.log(
      `${String(clients).padStart(3)} clients: Peapod ${Math.round(our)} creates/s, etcd ${Math.round(their)} puts/s, ${(our / their).toFixed(2)} times`,
    );
  }
  console.log(`create-beside-etcd: ${worst.toFixed(2)} times etcd where it is least; the mark is 1`);
} finally {
  client.close();
  await plane.close();
  await etcd.close();
}
