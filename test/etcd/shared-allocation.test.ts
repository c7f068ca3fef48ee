// Proves that control planes on one etcd never give two Services the same address or port, and that each hears what the others give back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiServer } from '../../src/apiserver/api-server.ts';
import { systemClock } from '../../src/base/clock.ts';
import { systemEntropy } from '../../src/base/entropy.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { makeCa, makeKey } from '../../src/cluster/certificates.ts';
import { openControlPlane } from '../../src/cluster/control-plane.ts';
import { openEtcd } from '../../src/store/etcd/etcd.ts';
import type { Store } from '../../src/store/store.ts';
import { EtcdProcess, etcdMissing } from './etcd-process.ts';

const missing = etcdMissing();
if (missing !== undefined) console.log(`shared allocation is not tested: ${missing}`);

const admin = { name: 'admin', groups: ['system:masters'] };
const namespace = 'default';
const service = (name: string, spec: object = {}) => ({ metadata: { name, namespace }, spec: { ports: [{ port: 80 }], ...spec } }) as never;

let etcd: EtcdProcess | undefined;
const stores: Store[] = [];
const servers: ApiServer[] = [];
let clients: readonly [Client, Client];

beforeAll(async () => {
  if (missing !== undefined) return;
  etcd = await EtcdProcess.open();
  const [caPem, serviceAccountKey] = [(await makeCa(systemClock.now())).cert, await makeKey()];
  const open = async (endpoint: string): Promise<Client> => {
    const store = await openEtcd({ endpoints: [endpoint], prefix: '/peapod', log: silentLog });
    stores.push(store);
    const server = await openControlPlane({
      store,
      clock: systemClock,
      entropy: systemEntropy,
      log: silentLog,
      caPem,
      serviceAccountKey,
      serviceCidrs: ['10.96.0.0/28'],
      apiIp: undefined,
      apiPort: 6443,
      nodeConnections: () => undefined,
      ownNodes: false,
    });
    servers.push(server);
    return server.client(admin);
  };
  // Both at once, on an empty store: who makes what does not matter.
  clients = await Promise.all([open(etcd.endpoint), open(etcd.endpoint)]);
}, 90_000);
afterAll(async () => {
  for (const server of servers) await server.close();
  for (const store of stores) await store.close();
  await etcd?.[Symbol.asyncDispose]();
});

const at = (index: number): Client => clients[index % 2] as Client;
const clear = async (): Promise<void> => {
  const { items } = await at(0).list(resources.services, { namespace });
  for (const [index, { metadata }] of items.entries())
    if (metadata.name !== 'kubernetes') await at(index).delete(resources.services, { namespace, name: metadata.name });
};

test.skipIf(missing !== undefined)('every address of a small range is given once, however many ask at the same time', async () => {
  for (let round = 0; round < 3; round++) {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => at(index).create(resources.services, service(`s${index}`))),
    );
    const given = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.spec?.clusterIP] : []));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    expect([given.length, new Set(given).size]).toEqual([13, 13]);
    expect(refusals.filter((text) => !text.includes('range is full'))).toEqual([]);
    await clear();
  }
});

test.skipIf(missing !== undefined)('one node port that both are asked for goes to one of them; the other is told', async () => {
  for (let round = 0; round < 10; round++) {
    const nodePort = 30_100 + round;
    const spec = { type: 'NodePort', ports: [{ port: 80, nodePort }] };
    const outcomes = await Promise.allSettled([0, 1].map((which) => at(which).create(resources.services, service(`p${which}`, spec))));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refusal = outcomes.find((outcome) => outcome.status === 'rejected')?.reason;
    expect(String(refusal)).toContain('provided port is already allocated');
    await clear();
  }
});

test.skipIf(missing !== undefined)('what one gives back the other may give again', async () => {
  const spec = { type: 'NodePort', clusterIP: '10.96.0.5', ports: [{ port: 80, nodePort: 30_200 }] };
  for (let round = 0; round < 4; round++) {
    const name = `again${round}`;
    await at(round).create(resources.services, service(name, spec));
    await at(round + 1).delete(resources.services, { namespace, name });
  }
  expect((await at(0).list(resources.ipAddresses)).items.map(({ metadata }) => metadata.name)).toEqual(['10.96.0.1']);
});
