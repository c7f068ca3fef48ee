// Proves that an etcd that wants certificates is spoken to with them, and that without them, or with another authority, nothing is told to it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { makeCa, signClient, signServing } from '../../src/cluster/certificates.ts';
import { openStore, storeChoice } from '../../src/cluster/store-choice.ts';
import type { Store } from '../../src/store/store.ts';
import { EtcdProcess, etcdMissing } from './etcd-process.ts';

const missing = etcdMissing();
let dir = '';
let etcd: EtcdProcess | undefined;
const file = (name: string): string => join(dir, name);

beforeAll(async () => {
  if (missing !== undefined) return;
  dir = mkdtempSync(join(tmpdir(), 'peapod-etcd-tls-'));
  const nowMs = systemClock.now();
  const [ca, stranger] = [await makeCa(nowMs), await makeCa(nowMs)];
  const serving = await signServing(ca, { dns: ['localhost'], ips: ['127.0.0.1'] }, nowMs);
  const client = await signClient(ca, { name: 'peapod', groups: [] }, nowMs);
  for (const [name, pem] of Object.entries({
    'ca.crt': ca.cert,
    'stranger.crt': stranger.cert,
    'serving.crt': serving.cert,
    'serving.key': serving.key,
    'client.crt': client.cert,
    'client.key': client.key,
  }))
    writeFileSync(file(name), pem, { mode: 0o600 });
  etcd = await EtcdProcess.open([
    `--cert-file=${file('serving.crt')}`,
    `--key-file=${file('serving.key')}`,
    `--trusted-ca-file=${file('ca.crt')}`,
    '--client-cert-auth',
  ]);
}, 90_000);
afterAll(async () => {
  await etcd?.[Symbol.asyncDispose]();
  if (dir !== '') rmSync(dir, { recursive: true, force: true });
});

const open = (flags: object): Promise<Store> =>
  openStore(storeChoice({ store: `etcds://${etcd?.endpoint}`, ...flags }), '', silentLog, 2000);

test.skipIf(missing !== undefined)('with the authority and a certificate of its own it is served', async () => {
  const store = await open({ etcdCafile: file('ca.crt'), etcdCertfile: file('client.crt'), etcdKeyfile: file('client.key') });
  expect(await store.transact({ compare: [], writes: [{ type: 'put', key: '/a', value: Buffer.from('1') }] })).toMatchObject({ ok: true });
  await store.close();
});

test.skipIf(missing !== undefined).concurrent.each([
  ['without a certificate', { etcdCafile: 'ca.crt' }],
  ['with another authority', { etcdCafile: 'stranger.crt', etcdCertfile: 'client.crt', etcdKeyfile: 'client.key' }],
])('%s it is not, and says where', { timeout: 30_000 }, async (_, names) => {
  const flags = Object.fromEntries(Object.entries(names).map(([flag, name]) => [flag, file(name)]));
  await expect(open(flags)).rejects.toMatchObject({
    name: 'OptionError',
    message: expect.stringMatching(/--store etcds:\/\/127\.0\.0\.1:\d+: etcd cannot be reached/),
  });
});
