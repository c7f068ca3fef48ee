// Tests what Services' endpoints are planned to be, as slices and as Endpoints, and that pods show up there in virtual time.
import { expect, test } from 'vitest';
import type { Node, Pod, Service, ServiceSpec } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster } from '../../testing/simulated-cluster.ts';
import { planEndpoints } from '../endpoints/plan.ts';
import { planSlices } from './plan.ts';
import { sameEndpoints } from './pod-facts.ts';
import { TriggerTimes } from './trigger-times.ts';

const meta = (name: string) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const service = (spec: Partial<ServiceSpec> = {}): Service => ({
  metadata: meta('web'),
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], clusterIP: '10.96.0.1', ipFamilies: ['IPv4'], ...spec },
});
interface Given {
  readonly ready?: boolean;
  readonly phase?: string;
  readonly ip?: string;
  readonly ending?: boolean;
  readonly port?: number;
  readonly spec?: Partial<Pod['spec']>;
}
const pod = (name: string, { ready = true, phase = 'Running', ip = '10.0.0.1', ending = false, port = 8080, spec = {} }: Given = {}): Pod =>
  ({
    metadata: { ...meta(name), ...(ending ? { deletionTimestamp: '2026-01-01T00:01:00Z' } : {}) },
    spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }], nodeName: 'n1', ...spec },
    status: {
      phase,
      ...(ip === '' ? {} : { podIP: ip, podIPs: [{ ip }] }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:05Z' }],
    },
  }) as Pod;
const node = (name: string): Node => ({ metadata: { ...meta(name), labels: { 'topology.kubernetes.io/zone': 'z1' } }, spec: {} });
const plan = (one: Service, pods: readonly Pod[], slices: readonly EndpointSlice[] = []) =>
  planSlices(one, { pods, slices, node: (name) => (name === 'n1' ? node(name) : undefined), changedMs: undefined });
const stored = (one: Service, pods: readonly Pod[]): readonly EndpointSlice[] =>
  plan(one, pods).create.map((slice, index) => ({ ...slice, metadata: { ...meta(`web-${index}`), ...slice.metadata } }) as EndpointSlice);

test.each<readonly [string, Given, Partial<ServiceSpec>, string | undefined, string | undefined]>([
  ['is ready', {}, {}, 'ready serving', 'ready'],
  ['is not ready', { ready: false }, {}, '', 'not'],
  ['is not ready, but that does not matter', { ready: false }, { publishNotReadyAddresses: true }, 'ready', 'ready'],
  ['ends and still serves', { ending: true }, {}, 'serving terminating', undefined],
  ['ends and does not serve', { ending: true, ready: false }, {}, 'terminating', undefined],
  ['has no address', { ip: '' }, {}, undefined, undefined],
  ['succeeded', { phase: 'Succeeded' }, {}, undefined, undefined],
  ['failed', { phase: 'Failed' }, {}, undefined, undefined],
  ['has addresses of the other family only', { ip: 'fd00::1' }, {}, undefined, undefined],
])('a pod that %s', (_, given, spec, conditions, listed) => {
  const [slice] = plan(service(spec), [pod('p', given)]).create;
  const found = slice?.endpoints?.[0]?.conditions;
  expect(
    found &&
      Object.entries(found)
        .flatMap(([name, value]) => (value ? [name] : []))
        .join(' '),
  ).toBe(conditions);
  const subset = planEndpoints(service(spec), [pod('p', given)], undefined, undefined)?.subsets?.[0];
  expect(subset?.addresses ? 'ready' : subset?.notReadyAddresses ? 'not' : undefined).toBe(listed);
});

test('ports: by number, by name, unknown names left out, none of a headless Service', () => {
  const ports = (spec: Partial<ServiceSpec>) => plan(service(spec), [pod('p')]).create[0]?.ports;
  expect(ports({ ports: [{ port: 80 }] })).toEqual([{ name: '', port: 80, protocol: 'TCP' }]);
  const named = [
    { name: 'a', port: 80, targetPort: 'http' },
    { name: 'b', port: 81, targetPort: 'nothing' },
  ];
  expect(ports({ ports: named })).toEqual([{ name: 'a', port: 8080, protocol: 'TCP' }]);
  expect(ports({ ports: [], clusterIP: 'None' })).toEqual([]);
  const two = [
    { name: 'dns', port: 53, protocol: 'UDP' as const },
    { name: 'dns-tcp', port: 53, appProtocol: 'example.com/dns' },
  ];
  const [subset] = planEndpoints(service({ ports: two }), [pod('p')], undefined, undefined)?.subsets ?? [];
  expect(subset?.ports?.map(({ name }) => name)).toEqual(['dns-tcp', 'dns']);
});

test('a Service without pods has a slice without ports, which the first pod takes over', () => {
  const empty = stored(service(), []);
  expect(empty.map(({ endpoints, ports }) => [endpoints, ports])).toEqual([[[], []]]);
  const filled = plan(service(), [pod('p')], empty);
  expect([filled.create.length, filled.delete.length]).toEqual([0, 0]);
  expect(filled.update.map(({ metadata, endpoints, ports }) => [metadata.name, endpoints?.length, ports?.length])).toEqual([
    ['web-0', 1, 1],
  ]);
  expect(plan(service(), [], filled.update).update[0]).toMatchObject({ endpoints: [], ports: [] });
  const again = plan(service(), [pod('p')], filled.update);
  expect([again.create, again.update, again.delete]).toEqual([[], [], []]);
});

test('slices hold 100; room is used before a new one is made; pods with other ports have their own', () => {
  const pods = Array.from({ length: 150 }, (_, index) => pod(`p${String(index).padStart(3, '0')}`, { ip: `10.0.1.${index}` }));
  const slices = stored(service(), pods);
  expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 50]);
  const more = plan(service(), [...pods, pod('q', { ip: '10.0.2.1' })], slices);
  expect([more.create.length, more.update.map(({ endpoints }) => endpoints?.length)]).toEqual([0, [51]]);
  const byName = service({ ports: [{ port: 80, targetPort: 'http' }] });
  expect(stored(byName, [pod('a'), pod('b', { port: 9090 })]).map(({ ports }) => ports?.[0]?.port)).toEqual([8080, 9090]);
});

test('labels follow the Service, hints its traffic distribution, hostnames the subdomain; an unknown node is waited for', () => {
  const headless = service({ clusterIP: 'None', trafficDistribution: 'PreferClose' });
  const named = pod('p', { spec: { hostname: 'h', subdomain: 'web' } });
  const [slice] = plan({ ...headless, metadata: { ...headless.metadata, labels: { team: 'x' } } }, [named]).create;
  expect(slice?.metadata.labels).toEqual({
    team: 'x',
    'service.kubernetes.io/headless': '',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  expect(slice?.endpoints?.[0]).toMatchObject({ hostname: 'h', zone: 'z1', hints: { forZones: [{ name: 'z1' }] } });
  expect(plan(service(), [pod('p', { spec: { nodeName: 'n9' } })])).toMatchObject({
    complaints: ['skipping Pod p for Service default/web: Node n9 Not Found'],
  });
});

test('more than 1000 addresses: the ready ones first, and it is said', () => {
  const pods = Array.from({ length: 1002 }, (_, index) => pod(`p${index}`, { ip: `10.1.${index >> 8}.${index & 255}`, ready: index >= 4 }));
  const next = planEndpoints(service(), pods, undefined, undefined);
  expect([next?.subsets?.[0]?.addresses?.length, next?.subsets?.[0]?.notReadyAddresses?.length]).toEqual([998, 2]);
  expect(next?.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
});

test('the time of a change is told once', () => {
  const times = new TriggerTimes();
  expect(times.look('k', service(), [])).toBe(Date.UTC(2026, 0, 1));
  expect(times.look('k', service(), [])).toBeUndefined();
  expect(times.look('k', service(), [pod('p')])).toBe(Date.UTC(2026, 0, 1, 0, 0, 5));
  expect(times.look('k', service(), [pod('p')])).toBeUndefined();
});

test('a Service of few pods is looked at at once, one of many a little later', () => {
  const times = new TriggerTimes();
  times.look('few', service(), [pod('p')]);
  const many = Array.from({ length: 60 }, (_, index) => pod(`p${index}`));
  times.look('many', service(), many);
  expect([times.settleMs('few'), times.settleMs('many'), times.settleMs('unknown')]).toEqual([0, 5, 0]);
});

test('a pod comes into the endpoints of its Service and leaves them; all goes with the Service', async () => {
  const { client, clock, stop } = await openSimulatedCluster();
  const key = { namespace: 'default', name: 'web' };
  await clock.until(async () => (await client.list(resources.serviceAccounts, { namespace: 'default' })).items.length > 0);
  await client.create(resources.services, { metadata: key, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } });
  const labels = { app: 'web' };
  const container = { name: 'c', image: 'busybox:1.36', command: ['sleep', '1d'] };
  await client.create(resources.pods, {
    metadata: { ...key, labels },
    spec: { containers: [container], terminationGracePeriodSeconds: 1 },
  });
  const slices = async () => (await client.list(resources.endpointSlices, { labelSelector: 'kubernetes.io/service-name=web' })).items;
  await clock.until(async () => (await slices())[0]?.endpoints?.[0]?.conditions?.ready === true);
  const podIP = (await client.get(resources.pods, key)).status?.podIP;
  expect((await slices())[0]?.endpoints).toMatchObject([{ addresses: [podIP], nodeName: 'node1' }]);
  await clock.until(async () => (await client.get(resources.endpoints, key)).subsets !== undefined);
  expect((await client.get(resources.endpoints, key)).subsets).toMatchObject([{ addresses: [{ ip: podIP }], ports: [{ port: 8080 }] }]);
  await client.delete(resources.pods, key);
  await clock.until(async () => (await slices())[0]?.endpoints?.length === 0 || (await slices())[0]?.endpoints === null);
  await client.delete(resources.services, key);
  await clock.until(async () => (await slices()).length === 0);
  await clock.until(async () => (await client.list(resources.endpoints)).items.every(({ metadata }) => metadata.name !== 'web'));
  await stop();
});

test.each<readonly [string, Pod, boolean]>([
  ['nothing', pod('p'), true],
  ['what endpoints do not tell', { ...pod('p'), metadata: { ...meta('p'), resourceVersion: '2' } } as Pod, true],
  ['labels', { ...pod('p'), metadata: { ...meta('p'), labels: { app: 'web' } } } as Pod, false],
  ['readiness', pod('p', { ready: false }), false],
  ['the address', pod('p', { ip: '10.0.0.2' }), false],
  ['that it ends', pod('p', { ending: true }), false],
  ['that it has ended', pod('p', { phase: 'Succeeded' }), false],
  ['the node', pod('p', { spec: { nodeName: 'n2' } }), false],
  ['the host name', pod('p', { spec: { hostname: 'h' } }), false],
])('a pod of which %s is another: its endpoints are to be looked at or not', (_, changed, same) => {
  expect(sameEndpoints(changed, pod('p'))).toBe(same);
});
