// Owns that every cluster IP has its IPAddress object, whatever becomes of its Service, and that ranges and addresses of people count.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { silentLog } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { makeCa, makeKey } from '../../cluster/certificates.ts';
import { openControlPlane } from '../../cluster/control-plane.ts';
import { memoryStore } from '../../store/memory.ts';
import type { ApiServer } from '../api-server.ts';

const store = memoryStore();
const clock = new VirtualClock();
const admin = { name: 'admin', groups: ['system:masters'] };
let server: ApiServer;
let client: Client;

async function open(serviceCidrs: readonly string[] = ['10.96.0.0/28']): Promise<void> {
  server = await openControlPlane({
    store,
    clock,
    entropy: seededEntropy(1),
    log: silentLog,
    caPem: (await makeCa(clock.now())).cert,
    serviceAccountKey: await makeKey(),
    serviceCidrs,
    apiIp: '10.244.0.1',
    apiPort: 6443,
    nodeConnections: () => undefined,
    ownNodes: false,
  });
  client = server.client(admin);
}

beforeAll(() => open());
afterAll(() => server.close());

const namespace = 'default';
const service = (name: string, spec: object = {}) => ({ metadata: { name, namespace }, spec: { ports: [{ port: 80 }], ...spec } }) as never;
const create = (name: string, spec?: object) => client.create(resources.services, service(name, spec));
const addresses = async (): Promise<Readonly<Record<string, string>>> => {
  const { items } = await client.list(resources.ipAddresses);
  return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, `${spec?.parentRef?.namespace}/${spec?.parentRef?.name}`]));
};

test('an address comes and goes with its Service', async () => {
  expect(await addresses()).toEqual({ '10.96.0.1': 'default/kubernetes' });
  await create('a', { clusterIP: '10.96.0.5' });
  await create('headless', { clusterIP: 'None' });
  expect(await addresses()).toEqual({ '10.96.0.1': 'default/kubernetes', '10.96.0.5': 'default/a' });
  const { items } = await client.list(resources.ipAddresses);
  expect(items.at(-1)?.metadata).toMatchObject({
    labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
    managedFields: [{ manager: 'kube-apiserver' }],
  });
  const a = await client.get(resources.services, { namespace, name: 'a' });
  await client.update(resources.services, { ...a, spec: { type: 'ExternalName', externalName: 'x.example.com' } });
  expect(await addresses()).toEqual({ '10.96.0.1': 'default/kubernetes' });
  await client.delete(resources.services, { namespace, name: 'a' });
  await client.delete(resources.services, { namespace, name: 'headless' });
});

test('an address that somebody made an object for is not given', async () => {
  const spec = { parentRef: { resource: 'services', namespace, name: 'elsewhere' } };
  await client.create(resources.ipAddresses, { metadata: { name: '10.96.0.7' }, spec } as never);
  await expect(create('b', { clusterIP: '10.96.0.7' })).rejects.toThrow('provided IP is already allocated');
  await client.delete(resources.ipAddresses, { name: '10.96.0.7' });
  await create('b', { clusterIP: '10.96.0.7' });
  await client.delete(resources.services, { namespace, name: 'b' });
});

test('what was removed by hand comes back, and a start puts the rest right', async () => {
  await create('c', { clusterIP: '10.96.0.9' });
  await client.delete(resources.ipAddresses, { name: '10.96.0.9' });
  await expect.poll(addresses, { timeout: 10_000 }).toHaveProperty(['10.96.0.9'], 'default/c');
  await server.close();
  const left = store.get('/registry/networking.k8s.io/ipaddresses/10.96.0.9');
  if (left === undefined) throw new Error('no address');
  const key = '/registry/networking.k8s.io/ipaddresses/10.96.0.10';
  await store.transact({
    compare: [],
    writes: [
      { type: 'delete', key: left.key },
      { type: 'put', key, value: Buffer.from(Buffer.from(left.value).toString().replace('0.9', '0.10')) },
    ],
  });
  await open();
  expect(await addresses()).toEqual({ '10.96.0.1': 'default/kubernetes', '10.96.0.9': 'default/c' });
});

test('a further range is used when the first is full', async () => {
  const made = await Promise.allSettled(Array.from({ length: 14 }, (_, index) => create(`full-${index}`)));
  expect(made.filter(({ status }) => status === 'rejected')).toHaveLength(2);
  await client.create(resources.serviceCIDRs, { metadata: { name: 'more' }, spec: { cidrs: ['10.97.0.0/24'] } } as never);
  expect((await create('late')).spec?.clusterIP).toMatch(/^10\.97\.0\./);
  expect(new Set(Object.keys(await addresses())).size).toBe(15);
});

test('a cluster that gets a second family gives addresses of both, and a start puts both right', async () => {
  const both = ['10.96.0.0/28', 'fd96::/112'];
  await server.close();
  await open(both);
  expect((await client.get(resources.serviceCIDRs, { name: 'kubernetes' })).spec?.cidrs).toEqual(both);
  const made = await create('both', { ipFamilyPolicy: 'RequireDualStack', clusterIP: 'FD96::0a' });
  expect(made.spec).toMatchObject({ ipFamilies: ['IPv6', 'IPv4'], clusterIPs: ['FD96::0a', expect.stringMatching(/^10\.97/)] });
  expect(await addresses()).toMatchObject({ 'fd96::a': 'default/both' });
  await server.close();
  const key = '/registry/networking.k8s.io/ipaddresses/fd96::a';
  await store.transact({ compare: [], writes: [{ type: 'delete', key }] });
  await open(both);
  expect(await addresses()).toMatchObject({ 'fd96::a': 'default/both' });
  await expect(create('other', { clusterIP: 'fd96::a' })).rejects.toThrow('provided IP is already allocated');
  await client.delete(resources.services, { namespace, name: 'both' });
  expect(Object.keys(await addresses()).filter((ip) => ip.includes(':'))).toEqual([]);
});
