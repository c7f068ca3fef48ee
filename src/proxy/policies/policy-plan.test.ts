// Tests what NetworkPolicies let through, by asking the planned rules as the kernel would: who reaches whom on which port.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { type Address, type Cidr, formatAddress, holdsAddress, parseAddress, parseCidr } from '../../api/ip-address.ts';
import type { NetworkPolicy } from '../../api/networking/v1.ts';
import { type PolicyFacts, type PolicyPod, planPolicies, policyPodOf } from './policy-plan.ts';
import type { PolicyTable } from './policy-table.ts';

/** The IPv6 address, or range, that stands for one of IPv4 here. */
const six = (text: string): string => {
  const { address, length } = parseCidr(text.includes('/') ? text : `${text}/32`) as Cidr;
  const standing = formatAddress({ ...address, family: 6, bits: (0xfd42n << 112n) + address.bits });
  return text.includes('/') ? `${standing}/${length + 96}` : standing;
};

type TestPod = PolicyPod & { readonly ip: string };
const pod = (name: string, ip: string, labels: Record<string, string>, namespace = 'shop', ports: PolicyPod['ports'] = []): TestPod => ({
  namespace,
  name,
  labels,
  ip,
  ips: [ip, six(ip)],
  ports,
  node: 'n1',
});
const web = pod('web', '10.42.0.2', { app: 'web' }, 'shop', [{ name: 'http', protocol: 'tcp', port: 8080 }]);
const other = pod('other', '10.42.0.3', { app: 'other' }, 'shop', [{ name: 'http', protocol: 'tcp', port: 9090 }]);
const guest = pod('guest', '10.42.1.4', { app: 'web' }, 'guests');
const all = [web, other, guest];
const outside = '198.51.100.7';
const namespaces = new Map([
  ['shop', { kind: 'inner' }],
  ['guests', { kind: 'outer' }],
]);

const policy = (spec: NetworkPolicy['spec'], name = 'p', namespace = 'shop'): NetworkPolicy =>
  ({ metadata: { name, namespace }, spec }) as unknown as NetworkPolicy;
const plan = (policies: readonly NetworkPolicy[], more: Partial<PolicyFacts> = {}): PolicyTable =>
  planPolicies({ policies, pods: all, namespaces, node: 'n1', ...more });

const within = (ip: string, range: string): boolean => {
  const cidr = parseCidr(range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`) as Cidr;
  return holdsAddress(cidr, parseAddress(ip) as Address);
};

/** Whether a new connection gets through, by reading the rules as nftables does. */
function passes(table: PolicyTable, from: string, to: string, port = 80, protocol = 'tcp'): boolean {
  if (table.own.includes(`${from} . ${to}`)) return true;
  const accepts = (rule: string): boolean => {
    const field = (name: string): string => (name === 'saddr' ? from : to);
    let rest = rule.replace(/^(ip6?)\b/, '');
    const of = rule.startsWith('ip6 ') ? 'ip6' : rule.startsWith('ip ') ? 'ip' : undefined;
    if (of !== undefined && (of === 'ip6') !== to.includes(':')) return false;
    rest = rule.replace(/\bip6 /g, 'ip ');
    const take = (shape: RegExp): RegExpExecArray | null => {
      const match = shape.exec(rest);
      if (match !== null) rest = rest.slice(match[0].length);
      return match;
    };
    for (;;) {
      const triple = take(/^ip daddr \. meta l4proto \. th dport @(\S+) /);
      if (triple !== null) {
        if (!table.sets.get(triple[1] ?? '')?.elements.includes(`${to} . ${protocol} . ${port}`)) return false;
        continue;
      }
      const set = take(/^ip (saddr|daddr) @(\S+) /);
      if (set !== null) {
        if (!table.sets.get(set[2] ?? '')?.elements.includes(field(set[1] ?? ''))) return false;
        continue;
      }
      const not = take(/^ip (saddr|daddr) != \{ ([^}]*) \} /);
      if (not !== null) {
        if ((not[2] ?? '').split(', ').some((range) => within(field(not[1] ?? ''), range))) return false;
        continue;
      }
      const block = take(/^ip (saddr|daddr) ([\da-f:./]+) /);
      if (block !== null) {
        if (!within(field(block[1] ?? ''), block[2] ?? '')) return false;
        continue;
      }
      const kind = take(/^meta l4proto (\w+) /);
      if (kind !== null) {
        if (kind[1] !== protocol) return false;
        continue;
      }
      const ports = take(/^th dport (\d+)(?:-(\d+))? /);
      if (ports !== null) {
        if (port < Number(ports[1]) || port > Number(ports[2] ?? ports[1])) return false;
        continue;
      }
      expect(rest).toBe('accept');
      return true;
    }
  };
  const walk = (verdict: string | undefined): boolean => {
    if (verdict === undefined) return true;
    for (const rule of table.chains.get(verdict.replace('goto ', '')) ?? []) {
      if (rule === 'drop') return false;
      if (table.chains.get(rule.replace('jump ', ''))?.some(accepts)) return true;
    }
    return true;
  };
  return walk(table.outgoing.get(from)) && walk(table.incoming.get(to));
}

const app = (name: string) => ({ matchLabels: { app: name } });

test.each<
  readonly [string, NetworkPolicy['spec'], readonly [string, string, number, string?][], readonly [string, string, number, string?][]]
>([
  [
    'an empty policy isolates what it selects, inwards alone',
    { podSelector: app('web') },
    [
      [web.ip, other.ip, 80],
      [web.ip, outside, 80],
      [web.ip, web.ip, 80],
      [other.ip, guest.ip, 80],
    ],
    [
      [other.ip, web.ip, 80],
      [outside, web.ip, 80],
      [guest.ip, web.ip, 8080],
    ],
  ],
  [
    'an empty rule lets everyone in',
    { podSelector: {}, ingress: [{}] },
    [
      [outside, web.ip, 80],
      [guest.ip, other.ip, 53, 'udp'],
    ],
    [],
  ],
  [
    'nobody gets out',
    { podSelector: app('web'), policyTypes: ['Egress'] },
    [[other.ip, web.ip, 80]],
    [
      [web.ip, other.ip, 80],
      [web.ip, outside, 443],
    ],
  ],
  [
    'pods of the same namespace by label',
    { podSelector: app('web'), ingress: [{ from: [{ podSelector: app('other') }] }] },
    [[other.ip, web.ip, 80]],
    [
      [guest.ip, web.ip, 80],
      [outside, web.ip, 80],
    ],
  ],
  [
    'a namespace by label',
    { podSelector: app('web'), ingress: [{ from: [{ namespaceSelector: { matchLabels: { kind: 'outer' } } }] }] },
    [[guest.ip, web.ip, 80]],
    [[other.ip, web.ip, 80]],
  ],
  [
    'both at once must both fit',
    { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {}, podSelector: app('web') }] }] },
    [
      [guest.ip, other.ip, 80],
      [web.ip, other.ip, 80],
    ],
    [[other.ip, web.ip, 80]],
  ],
  [
    'a block with a hole',
    {
      podSelector: app('web'),
      ingress: [{ from: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.0/29', '198.51.100.128/25'] } }] }],
    },
    [['198.51.100.9', web.ip, 80]],
    [
      ['198.51.100.7', web.ip, 80],
      ['198.51.100.200', web.ip, 80],
      [other.ip, web.ip, 80],
    ],
  ],
  [
    'ports by number and range, protocols',
    { podSelector: app('web'), ingress: [{ ports: [{ port: 80 }, { port: 1000, endPort: 1010 }, { protocol: 'UDP' }] }] },
    [
      [other.ip, web.ip, 80],
      [other.ip, web.ip, 1010],
      [other.ip, web.ip, 53, 'udp'],
    ],
    [
      [other.ip, web.ip, 81],
      [other.ip, web.ip, 1011],
      [other.ip, web.ip, 80, 'sctp'],
    ],
  ],
  [
    'a named port inwards is that of the pod that is spoken to',
    { podSelector: {}, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }] }] },
    [
      [other.ip, web.ip, 8080],
      [web.ip, other.ip, 9090],
    ],
    [
      [other.ip, web.ip, 9090],
      [guest.ip, web.ip, 8080],
      [other.ip, web.ip, 80],
    ],
  ],
  [
    'a named port outwards is that of each peer',
    { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }], ports: [{ port: 'http' }] }] },
    [
      [other.ip, web.ip, 8080],
      [web.ip, other.ip, 9090],
    ],
    [
      [other.ip, web.ip, 9090],
      [web.ip, outside, 8080],
    ],
  ],
  [
    'types by what is there: egress rules isolate both ways',
    { podSelector: app('web'), egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] },
    [
      [web.ip, outside, 80],
      [web.ip, other.ip, 80],
    ],
    [[other.ip, web.ip, 80]],
  ],
  [
    'a peer that selects nobody lets nobody in',
    { podSelector: app('web'), ingress: [{ from: [{ podSelector: app('none') }] }] },
    [],
    [[other.ip, web.ip, 80]],
  ],
  [
    'blocks of the other family are of no matter',
    { podSelector: app('web'), ingress: [{ from: [{ ipBlock: { cidr: '2001:db8::/32' } }] }] },
    [],
    [[other.ip, web.ip, 80]],
  ],
])('%s', (_, spec, through, stopped) => {
  const table = plan([policy(spec)]);
  for (const connection of through) expect([connection, passes(table, ...connection)]).toEqual([connection, true]);
  for (const connection of stopped) expect([connection, passes(table, ...connection)]).toEqual([connection, false]);
  // In IPv6 the same holds, without a difference.
  const asSix = JSON.parse(JSON.stringify(spec).replace(/\d+\.\d+\.\d+\.\d+(\/\d+)?/g, six)) as NetworkPolicy['spec'];
  const inSix = plan([policy(asSix)]);
  for (const [from, to, ...rest] of through) expect([from, to, passes(inSix, six(from), six(to), ...rest)]).toEqual([from, to, true]);
  for (const [from, to, ...rest] of stopped) expect([from, to, passes(inSix, six(from), six(to), ...rest)]).toEqual([from, to, false]);
});

test('policies add up', () => {
  const table = plan([
    policy({ podSelector: {} }, 'deny'),
    policy({ podSelector: app('web'), ingress: [{ ports: [{ port: 80 }] }] }, 'http'),
    policy({ podSelector: app('web'), ingress: [{ ports: [{ port: 443 }] }] }, 'https'),
  ]);
  expect([80, 443, 22].map((port) => passes(table, guest.ip, web.ip, port))).toEqual([true, true, false]);
  expect(passes(table, guest.ip, other.ip, 80)).toBe(false);
});

test('of other nodes’ pods and other namespaces’ policies there is nothing here', () => {
  expect(plan([policy({ podSelector: {} })], { node: 'n2' })).toEqual({
    incoming: new Map(),
    outgoing: new Map(),
    own: [],
    known: [],
    chains: new Map(),
    sets: new Map(),
  });
  expect(passes(plan([policy({ podSelector: {} }, 'p', 'guests')]), outside, web.ip)).toBe(true);
});

test('long names stay within what the kernel takes, and apart', () => {
  const long = (end: string) => policy({ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }, `${'x'.repeat(240)}${end}`);
  const { chains, sets } = plan([long('a'), long('b')]);
  expect([...chains.keys(), ...sets.keys()].filter((name) => name.length > 128)).toEqual([]);
  // Of each family.
  expect(sets.size).toBe(4);
});

test.each([
  ['runs', { phase: 'Running', podIP: '10.42.0.9' }, {}, '10.42.0.9'],
  ['has ended', { phase: 'Succeeded', podIP: '10.42.0.9' }, {}, undefined],
  ['is on the node’s own network', { phase: 'Running', podIP: '10.42.0.9' }, { hostNetwork: true }, undefined],
  ['has no address yet', { phase: 'Pending' }, {}, undefined],
])('a pod that %s', (_, status, spec, ip) => {
  const given = { metadata: { name: 'a', namespace: 'b' }, spec: { containers: [], ...spec }, status } as unknown as Pod;
  expect(policyPodOf(given)?.ips[0]).toBe(ip);
});
