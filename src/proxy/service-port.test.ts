// Who answers a Service's connections on one node: a table of policies, readiness and hints.
import { expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import { trafficPorts } from './service-port.ts';

const service = (spec: object = {}, status: object = {}): Service =>
  ({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...spec,
    },
    status,
  }) as unknown as Service;
const endpoint = (last: number, nodeName = 'here', more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [`10.42.0.${last}`],
  nodeName,
  conditions: { ready: true, serving: true, terminating: false },
  ...more,
});
const ending = { conditions: { ready: false, serving: true, terminating: true } };
const unready = { conditions: { ready: false, serving: false, terminating: false } };
const zone = (name: string) => ({ hints: { forZones: [{ name }] } });
const slice = (endpoints: readonly Endpoint[]): EndpointSlice =>
  ({
    addressType: 'IPv4',
    metadata: { name: 's' },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
  }) as unknown as EndpointSlice;
const here = { name: 'here', zone: 'a' };
const local = { type: 'NodePort', externalTrafficPolicy: 'Local' };

const table: [string, object, readonly Endpoint[], readonly string[], readonly string[]][] = [
  ['ready ones answer', {}, [endpoint(1), endpoint(2, 'there'), endpoint(3, 'here', unready)], ['1', '2'], ['1', '2']],
  ['those that end answer while none is ready', {}, [endpoint(1, 'here', ending), endpoint(2, 'here', unready)], ['1'], ['1']],
  ['those that end do not beside a ready one', {}, [endpoint(1, 'here', ending), endpoint(2)], ['2'], ['2']],
  ['internal Local keeps to the node', { internalTrafficPolicy: 'Local' }, [endpoint(1), endpoint(2, 'there')], ['1'], ['1', '2']],
  ['external Local keeps to the node', local, [endpoint(1), endpoint(2, 'there')], ['1', '2'], ['1']],
  ['external Local without one here', local, [endpoint(2, 'there')], ['2'], []],
  [
    'external Local while those here end',
    local,
    [endpoint(1, 'here', ending), endpoint(3, 'here', unready), endpoint(2, 'there')],
    ['2'],
    ['1'],
  ],
  [
    'external Local of addresses of a ClusterIP',
    { externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.1'] },
    [endpoint(1), endpoint(2, 'there')],
    ['1', '2'],
    ['1'],
  ],
  [
    'hints do not count while all end',
    {},
    [endpoint(1, 'here', { ...ending, ...zone('a') }), endpoint(2, 'x', { ...ending, ...zone('b') })],
    ['1', '2'],
    ['1', '2'],
  ],
  ['hints of a zone', {}, [endpoint(1, 'here', zone('a')), endpoint(2, 'there', zone('b'))], ['1'], ['1']],
  ['hints count only when all have one', {}, [endpoint(1, 'here', zone('a')), endpoint(2, 'there')], ['1', '2'], ['1', '2']],
  ['hints for other zones alone are no reason to fail', {}, [endpoint(1, 'there', zone('b'))], ['1'], ['1']],
  [
    'hints of a node before those of a zone',
    {},
    [
      endpoint(1, 'here', { hints: { forZones: [{ name: 'a' }], forNodes: [{ name: 'there' }] } }),
      endpoint(2, 'there', { hints: { forZones: [{ name: 'a' }], forNodes: [{ name: 'here' }] } }),
    ],
    ['2'],
    ['2'],
  ],
  ['the same address twice counts once', {}, [endpoint(1), endpoint(1)], ['1'], ['1']],
];

test.each(table)('%s', (_, spec, endpoints, internal, external) => {
  const [port] = trafficPorts(service(spec), [slice(endpoints)], here);
  const lasts = (backends: readonly { readonly ip: string }[] | undefined) => backends?.map(({ ip }) => ip.split('.').at(-1));
  expect([lasts(port?.internal), lasts(port?.external)]).toEqual([internal, external]);
});

test.each([
  ['headless', { clusterIP: 'None', clusterIPs: ['None'] }],
  ['ExternalName', { type: 'ExternalName', clusterIP: '', clusterIPs: [] }],
])('%s Services have no rules', (_, spec) => {
  expect(trafficPorts(service(spec), [slice([endpoint(1)])], here)).toEqual([]);
});

test('what connections from outside may use', () => {
  const spec = {
    type: 'LoadBalancer',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }],
    externalIPs: ['192.0.2.1'],
    loadBalancerSourceRanges: ['198.51.100.0/24'],
    sessionAffinity: 'ClientIP',
  };
  const ingress = [{ ip: '192.0.2.2', ipMode: 'VIP' }, { ip: '192.0.2.3', ipMode: 'Proxy' }, { hostname: 'x' }];
  const [port] = trafficPorts(service(spec, { loadBalancer: { ingress } }), [slice([endpoint(1)])], here);
  expect(port).toMatchObject({
    nodePort: 30_080,
    externalIps: ['192.0.2.1'],
    balancerIps: ['192.0.2.2'],
    sourceRanges: ['198.51.100.0/24'],
    affinitySeconds: 10_800,
    internal: [{ ip: '10.42.0.1', port: 8080 }],
  });
});

test('each family has the endpoints of its own slices, in one spelling', () => {
  const both = service({
    type: 'LoadBalancer',
    clusterIPs: ['10.96.0.9', 'fd96::0009'],
    externalIPs: ['192.0.2.1', '2001:DB8:0::1', 'nonsense'],
    loadBalancerSourceRanges: ['198.51.100.7/24 ', '2001:db8:1:0::/64'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }],
  });
  const six = { ...slice([]), addressType: 'IPv6', endpoints: [{ ...endpoint(1), addresses: ['fd42:0:0:0::5'] }] } as EndpointSlice;
  expect(trafficPorts(both, [slice([endpoint(1)]), six], here)).toMatchObject([
    {
      family: 'ip',
      clusterIp: '10.96.0.9',
      externalIps: ['192.0.2.1'],
      sourceRanges: ['198.51.100.0/24'],
      internal: [{ ip: '10.42.0.1', port: 8080 }],
    },
    {
      family: 'ip6',
      clusterIp: 'fd96::9',
      nodePort: 30_080,
      externalIps: ['2001:db8::1'],
      sourceRanges: ['2001:db8:1::/64'],
      internal: [{ ip: 'fd42::5', port: 8080 }],
    },
  ]);
});
