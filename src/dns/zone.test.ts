// What the cluster's names resolve to: Kubernetes' DNS specification as a table.
import { expect, test } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { ClusterRecords, namedService } from './records.ts';
import { answerOf, type ZoneRecord } from './zone.ts';

const service = (name: string, spec: object): Service => ({ metadata: { name, namespace: 'default' }, spec }) as unknown as Service;
const slice = (endpoints: readonly object[]): EndpointSlice =>
  ({
    addressType: 'IPv4',
    metadata: { name: 's' },
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints,
  }) as unknown as EndpointSlice;

const records = new ClusterRecords();
records.setNamespace('default', true);
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
const add = (one: Service, slices: readonly EndpointSlice[] = []): void =>
  records.set('default', one.metadata.name, namedService(one, slices));
add(service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports }), [slice([{ addresses: ['10.42.0.5'] }])]);
add(service('db', { clusterIP: 'None', clusterIPs: ['None'], ports }), [
  slice([
    { addresses: ['10.42.0.6'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.42.0.7'], conditions: { ready: true } },
    { addresses: ['10.42.0.8'], hostname: 'db-2', conditions: { ready: false } },
  ]),
]);
add(service('empty', { clusterIP: 'None', clusterIPs: ['None'], ports }));
add(service('away', { type: 'ExternalName', externalName: 'Example.org.' }));
add(service('number', { type: 'ExternalName', externalName: '192.0.2.1' }));
const udp = { name: 'dns', port: 53, protocol: 'UDP' };
add(service('names', { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [udp, { ...udp, name: 'dns-tcp', protocol: 'TCP' }] }));
add(service('both', { clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11', 'fd96::000b'], ports }), [
  { ...slice([{ addresses: ['fd42:0::5'] }]), addressType: 'IPv6' },
]);
const facts = { domain: 'cluster.local', serverIp: '10.96.0.10', owns: (ip: string) => /^10\.(42|96)\./.test(ip) };

const text = ({ type, data }: ZoneRecord): string => {
  if (typeof data === 'string') return `${type} ${data}`;
  return 'serial' in data ? type : `${type} ${data.port} ${data.target}`;
};
const ask = (name: string, type: string): string => {
  const answer = answerOf({ name, type }, records, facts);
  if (answer.is === 'records') return answer.answers.map(text).join(', ') || 'no data';
  return answer.is === 'alias' ? text(answer.alias) : answer.is;
};

const svc = 'default.svc.cluster.local';
test.each([
  [`web.${svc}`, 'A', 'A 10.96.0.9'],
  [`web.${svc}`, 'AAAA', 'no data'],
  [`web.${svc}`, 'SRV', `SRV 80 web.${svc}`],
  [`_http._tcp.web.${svc}`, 'SRV', `SRV 80 web.${svc}`],
  [`_http._tcp.web.${svc}`, 'A', 'A 10.96.0.9'],
  [`_http._tcp.web.${svc}`, 'AAAA', 'no data'],
  [`_http._tcp.db.${svc}`, 'A', 'A 10.42.0.6, A 10.42.0.7'],
  [`_http._tcp.away.${svc}`, 'A', 'CNAME Example.org'],
  [`db-0.away.${svc}`, 'A', 'unknown'],
  [`away.${svc}`, 'SRV', 'no data'],
  [`away.${svc}`, 'TXT', 'no data'],
  [`number.${svc}`, 'A', 'unknown'],
  [`*.${svc}`, 'A', 'unknown'],
  [`web.${svc}`, 'MX', 'no data'],
  [`web.${svc}`, 'ANY', 'no data'],
  [`names.${svc}`, 'SRV', `SRV 53 names.${svc}`],
  [`both.${svc}`, 'A', 'A 10.96.0.11'],
  [`both.${svc}`, 'AAAA', 'AAAA fd96::b'],
  [`fd42--5.both.${svc}`, 'AAAA', 'AAAA fd42::5'],
  [`_https._tcp.web.${svc}`, 'SRV', 'unknown'],
  [`_http._udp.web.${svc}`, 'SRV', 'unknown'],
  [`_tcp.web.${svc}`, 'A', 'unknown'],
  [`10-42-0-5.web.${svc}`, 'A', 'A 10.42.0.5'],
  [`db.${svc}`, 'A', 'A 10.42.0.6, A 10.42.0.7'],
  [`db-0.db.${svc}`, 'A', 'A 10.42.0.6'],
  [`db-2.db.${svc}`, 'A', 'unknown'],
  [`10-42-0-7.db.${svc}`, 'A', 'A 10.42.0.7'],
  [`_http._tcp.db.${svc}`, 'SRV', `SRV 8080 db-0.db.${svc}, SRV 8080 10-42-0-7.db.${svc}`],
  [`empty.${svc}`, 'A', 'unknown'],
  [`away.${svc}`, 'A', 'CNAME Example.org'],
  [`nope.${svc}`, 'A', 'unknown'],
  ['web.other.svc.cluster.local', 'A', 'unknown'],
  [svc, 'A', 'no data'],
  ['svc.cluster.local', 'A', 'no data'],
  ['cluster.local', 'NS', 'NS ns.dns.cluster.local'],
  ['cluster.local', 'SOA', 'SOA'],
  ['cluster.local', 'ANY', 'no data'],
  ['cluster.local', 'A', 'no data'],
  ['ns.dns.cluster.local', 'A', 'A 10.96.0.10'],
  ['dns-version.cluster.local', 'TXT', 'TXT 1.1.0'],
  ['nope.cluster.local', 'A', 'unknown'],
  ['1-2-3-4.default.pod.cluster.local', 'A', 'A 1.2.3.4'],
  ['1-2-3-400.default.pod.cluster.local', 'A', 'unknown'],
  ['1-2-3-04.default.pod.cluster.local', 'A', 'unknown'],
  ['fd42--5.default.pod.cluster.local', 'AAAA', 'AAAA fd42::5'],
  ['fd42--5.default.pod.cluster.local', 'A', 'no data'],
  ['b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.d.f.ip6.arpa', 'PTR', `PTR both.${svc}`],
  ['5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.d.f.ip6.arpa', 'PTR', `PTR fd42--5.both.${svc}`],
  ['1-2-3-4.other.pod.cluster.local', 'A', 'unknown'],
  ['9.0.96.10.in-addr.arpa', 'PTR', `PTR web.${svc}`],
  ['6.0.42.10.in-addr.arpa', 'PTR', `PTR db-0.db.${svc}`],
  ['99.0.42.10.in-addr.arpa', 'PTR', 'unknown'],
  ['4.3.2.1.in-addr.arpa', 'PTR', 'forward'],
  ['example.org', 'A', 'forward'],
  ['xcluster.local', 'A', 'forward'],
])('%s %s → %s', (name, type, expected) => {
  expect(ask(name, type)).toBe(expected);
});

test('a Service that is gone has neither name nor address', () => {
  const some = new ClusterRecords();
  some.setNamespace('default', true);
  const one = service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports });
  some.set('default', 'web', namedService(one, []));
  const before = some.generation;
  some.set('default', 'web', undefined);
  expect([some.byAddress('10.96.0.9'), some.service('default', 'web'), some.generation > before]).toEqual([[], undefined, true]);
});

test.each([
  [`_http._tcp.web.${svc}`, [100]],
  [`_http._tcp.db.${svc}`, [50, 50]],
  [`both.${svc}`, [50]],
])('the weights of %s are shares of a hundred', (name, weights) => {
  const answer = answerOf({ name, type: 'SRV' }, records, facts);
  expect(answer.is === 'records' && answer.answers.map(({ data }) => typeof data === 'object' && 'weight' in data && data.weight)).toEqual(
    weights,
  );
});
