// Tests which connections of UDP are forgotten when endpoints change.
import { expect, test } from 'vitest';
import type { TrafficPort } from './service-port.ts';
import { mayBeStale, staleFlows, udpTargets } from './stale-flows.ts';

const line = (to: string, port: number, by: string, from: number): string =>
  `udp      17 29 src=10.42.0.9 dst=${to} sport=40000 dport=${port} src=${by} dst=10.42.0.9 sport=${from} dport=40000 [ASSURED] mark=0 use=1`;
const port = (backends: readonly string[], more: Partial<TrafficPort> = {}): TrafficPort =>
  ({
    protocol: 'udp',
    clusterIp: '10.96.0.10',
    port: 53,
    nodePort: 0,
    externalIps: [],
    balancerIps: [],
    cluster: [],
    internal: backends.map((ip) => ({ ip, port: 5353 })),
    external: [],
    ...more,
  }) as unknown as TrafficPort;
const none = new Set<string>();

test.each<readonly [string, string, readonly TrafficPort[], ReadonlySet<string>, number]>([
  ['an endpoint that is there', line('10.96.0.10', 53, '10.42.0.2', 5353), [port(['10.42.0.2'])], none, 0],
  ['one that went', line('10.96.0.10', 53, '10.42.0.2', 5353), [port(['10.42.0.3'])], none, 1],
  ['one that went, and nobody is left', line('10.96.0.10', 53, '10.42.0.2', 5353), [port([])], none, 1],
  ['sent nowhere before somebody came', line('10.96.0.10', 53, '10.96.0.10', 53), [port(['10.42.0.2'])], none, 1],
  ['sent nowhere, and nobody is there', line('10.96.0.10', 53, '10.96.0.10', 53), [port([])], none, 0],
  ['at an external address', line('192.0.2.5', 53, '10.42.0.2', 5353), [port(['10.42.0.3'], { externalIps: ['192.0.2.5'] })], none, 1],
  ['at an IPv6 address', line('fd96::a', 53, 'fd42::2', 5353), [port(['fd42::3'], { clusterIp: 'fd96::a' })], none, 1],
  [
    'at a node port of either family',
    line('fd42::1', 30053, 'fd42::2', 5353),
    [port(['fd42::2'], { nodePort: 30053 }), port(['10.42.0.2'], { nodePort: 30053 })],
    none,
    0,
  ],
  ['at a node port', line('192.0.2.1', 30053, '10.42.0.2', 5353), [port(['10.42.0.3'], { nodePort: 30053 })], none, 1],
  ['a program’s own port of that number', line('192.0.2.1', 30053, '192.0.2.1', 30053), [port([], { nodePort: 30053 })], none, 0],
  ['of a Service that went', line('10.96.0.10', 53, '10.42.0.2', 5353), [], new Set(['10.96.0.10:53']), 1],
  ['of nobody’s Service', line('198.51.100.1', 53, '198.51.100.1', 53), [port(['10.42.0.2'])], none, 0],
  ['the same twice', `${line('10.96.0.10', 53, '10.42.0.2', 5353)}\n${line('10.96.0.10', 53, '10.42.0.2', 5353)}`, [port([])], none, 1],
  ['a line that is none', 'conntrack v1.4.7: 0 flow entries', [port([])], none, 0],
])('%s', (_, listed, ports, gone, count) => expect(staleFlows(listed, udpTargets(ports), gone)).toHaveLength(count));

test.each([
  ['nothing before, something now', undefined, ['a'], true],
  ['the same', ['a', 'b'], ['a', 'b'], false],
  ['one more', ['a'], ['a', 'b'], false],
  ['one less', ['a', 'b'], ['a'], true],
  ['the first', [], ['a'], true],
])('when the kernel is asked: %s', (_, before, now, expected) => {
  expect(mayBeStale(before === undefined ? undefined : udpTargets([port(before)]), udpTargets([port(now)]))).toBe(expected);
});
