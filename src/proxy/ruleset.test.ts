// The table of Services: what a Service's rules say, and that any run of small changes ends where saying everything anew would.
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fragment, fragmentOf } from './fragment.ts';
import { Ruleset } from './ruleset.ts';
import type { TrafficPort } from './service-port.ts';

const facts = { clusterCidrs: ['10.42.0.0/16', 'fd42::/48'] };
const one = { ip: '10.42.0.5', port: 8080 };
const two = { ip: '10.42.0.6', port: 8080 };
const port = (more: Partial<TrafficPort> = {}): TrafficPort => ({
  family: 'ip',
  namespace: 'default',
  name: 'web',
  protocol: 'tcp',
  port: 80,
  clusterIp: '10.96.0.9',
  nodePort: 0,
  externalIps: [],
  balancerIps: [],
  sourceRanges: [],
  affinitySeconds: 0,
  internal: [one],
  external: [one],
  cluster: [one],
  internalElsewhere: false,
  externalElsewhere: false,
  keepsSource: false,
  ...more,
});
const show = ({ chains, serviceIps, nodePorts, hairpins }: Fragment): readonly string[] => [
  ...[...chains].map(([name, rules]) => `${name}: ${rules.join(' | ')}`),
  ...[...serviceIps, ...nodePorts].map(([key, verdict]) => `${key} → ${verdict}`),
  ...hairpins.keys(),
];
const endpoint = 'ep/default/web/tcp/80/10.42.0.5/8080';

const inside = 'ip daddr 10.96.0.9 ip saddr != 10.42.0.0/16 jump to_masquerade';
test('one endpoint', () => {
  expect(show(fragmentOf('ip', [port()], facts))).toEqual([
    `svc/default/web/tcp/80: ${inside} | meta l4proto tcp dnat ip to 10.42.0.5:8080`,
    '10.96.0.9 . tcp . 80 → goto svc/default/web/tcp/80',
    '10.42.0.5 . 10.42.0.5',
  ]);
});

test.each([
  [
    'few, by a rule each',
    3,
    ['numgen random mod 3 0 ', 'numgen random mod 2 0 ', ''].map((share, n) => `${share}meta l4proto tcp dnat ip to 10.42.0.${n}:80`),
  ],
  [
    'many, by one rule',
    17,
    [
      `meta l4proto tcp dnat ip to numgen random mod 17 map { ${Array.from({ length: 17 }, (_, n) => `${n} : 10.42.0.${n} . 80`).join(', ')} }`,
    ],
  ],
])('connections are dealt out: %s', (_, count, rules) => {
  const backends = Array.from({ length: count }, (_none, n) => ({ ip: `10.42.0.${n}`, port: 80 }));
  expect(fragmentOf('ip', [port({ internal: backends })], facts).chains.get('svc/default/web/tcp/80')).toEqual([inside, ...rules]);
});

test.each<[string, Partial<TrafficPort>, readonly string[]]>([
  ['none here or anywhere: refused', { internal: [], external: [], nodePort: 30_080 }, ['goto to_refuse', 'goto to_refuse']],
  ['none here, some elsewhere: dropped', { internal: [], external: [], internalElsewhere: true }, ['goto to_drop']],
  ['outside as inside', { nodePort: 30_080 }, ['goto svc/default/web/tcp/80', 'goto ext/default/web/tcp/80']],
])('%s', (_, more, verdicts) => {
  const { serviceIps, nodePorts } = fragmentOf('ip', [port(more)], facts);
  expect([...serviceIps.values(), ...nodePorts.values()]).toEqual(verdicts);
});

test('Local drops strangers where no endpoint is, and serves pods and the node', () => {
  const { chains } = fragmentOf('ip', [port({ external: [], externalElsewhere: true, keepsSource: true, nodePort: 30_080 })], facts);
  expect(chains.get('ext/default/web/tcp/80')).toEqual([
    'ip saddr 10.42.0.0/16 goto all/default/web/tcp/80',
    'fib saddr type local jump to_masquerade',
    'fib saddr type local goto all/default/web/tcp/80',
    'drop',
  ]);
  expect(chains.get('all/default/web/tcp/80')).toEqual(['meta l4proto tcp dnat ip to 10.42.0.5:8080']);
});

test('only the load balancer’s addresses ask where somebody comes from', () => {
  const more = { nodePort: 30_080, externalIps: ['192.0.2.1'], balancerIps: ['192.0.2.2'] };
  const sourceRanges = ['198.51.100.0/24', '198.51.0.0/16', '203.0.113.0/24', '203.0.113.0/24'];
  const { chains, serviceIps, nodePorts } = fragmentOf('ip', [port({ ...more, sourceRanges })], facts);
  expect(chains.get('fw/default/web/tcp/80')).toEqual([
    'ip saddr != { 198.51.0.0/16, 203.0.113.0/24 } drop',
    'goto ext/default/web/tcp/80',
  ]);
  expect([...serviceIps.values(), ...nodePorts.values()]).toEqual(
    ['svc', 'ext', 'fw', 'ext'].map((kind) => `goto ${kind}/default/web/tcp/80`),
  );
});

test('the same Service in IPv6', () => {
  const six = { ip: 'fd42::5', port: 8080 };
  const all = { family: 'ip6', clusterIp: 'fd96::9', nodePort: 30_080, internal: [six], external: [six], affinitySeconds: 60 } as const;
  const fragment = fragmentOf('ip6', [port(), port(all)], facts);
  expect(show(fragment)).toEqual([
    'svc6/default/web/tcp/80: ip6 daddr fd96::9 ip6 saddr != fd42::/48 jump to_masquerade | ' +
      'ip6 saddr @from6/60/default/web/tcp/80/fd42..5/8080 goto ep6/default/web/tcp/80/fd42..5/8080 | goto ep6/default/web/tcp/80/fd42..5/8080',
    'ep6/default/web/tcp/80/fd42..5/8080: update @from6/60/default/web/tcp/80/fd42..5/8080 { ip6 saddr } | ' +
      'meta l4proto tcp dnat ip6 to [fd42::5]:8080',
    'ext6/default/web/tcp/80: jump to_masquerade | ' +
      'ip6 saddr @from6/60/default/web/tcp/80/fd42..5/8080 goto ep6/default/web/tcp/80/fd42..5/8080 | goto ep6/default/web/tcp/80/fd42..5/8080',
    'fd96::9 . tcp . 80 → goto svc6/default/web/tcp/80',
    'tcp . 30080 → goto ext6/default/web/tcp/80',
    'fd42::5 . fd42::5',
  ]);
  expect(new Ruleset({ table: 't', nodePortsFrom: undefined }).change('default/web', 'ip6', fragment)).toContain('{ type ipv6_addr; flags');
});

test('a client stays with its endpoint', () => {
  const { chains, affinities } = fragmentOf('ip', [port({ affinitySeconds: 60, internal: [one, two] })], facts);
  expect([...affinities]).toEqual([one, two].map(({ ip }) => [`from/60/default/web/tcp/80/${ip}/8080`, 60]));
  expect(chains.get('svc/default/web/tcp/80')?.[1]).toBe(`ip saddr @from/60/default/web/tcp/80/10.42.0.5/8080 goto ${endpoint}`);
  expect(chains.get(endpoint)?.[0]).toBe('update @from/60/default/web/tcp/80/10.42.0.5/8080 { ip saddr }');
});

const mayTry = process.getuid?.() === 0 && spawnSync('unshare', ['--net', 'nft', 'list', 'tables']).status === 0;
if (!mayTry) console.log('nftables is not asked: root and nft are needed');

test.skipIf(!mayTry)('5,000 endpoints of a Service are one rule that the kernel takes, in either family and with a change', () => {
  const many = (ip: (index: number) => string, count: number) => Array.from({ length: count }, (_, index) => ({ ip: ip(index), port: 80 }));
  const ruleset = new Ruleset({ table: 't', nodePortsFrom: undefined });
  const texts = [ruleset.whole()];
  for (const count of [5000, 4999]) {
    const four = many((index) => `10.42.${index >> 8}.${index & 255}`, count);
    const six = many((index) => `fd42::${(index + 1).toString(16)}`, count);
    const chosen = [port({ internal: four }), port({ family: 'ip6', clusterIp: 'fd96::9', internal: six })];
    for (const family of ['ip', 'ip6'] as const) texts.push(ruleset.change('default/web', family, fragmentOf(family, chosen, facts)));
  }
  const script = `set -e\n${texts.map((text) => `nft -f - <<'END'\n${text}\nEND`).join('\n')}\nnft list chain inet t svc/default/web/tcp/80\nnft list chain inet t svc6/default/web/tcp/80`;
  const held = execFileSync('unshare', ['--net', 'sh'], { encoding: 'utf8', input: script, maxBuffer: 64 * 1024 * 1024 });
  expect(held.match(/numgen random mod 4999/g)).toHaveLength(2);
  expect(held).toContain('10.42.19.134 . 80');
  expect(held).toContain('fd42::1387 . 80');
});

test('node ports answer on the chosen interfaces only', () => {
  const text = new Ruleset({ table: 't', nodePortsFrom: ['lo', 'link*'] }).whole();
  for (const name of ['lo', 'link*']) expect(text).toContain(`iifname "${name}" fib daddr type local goto to_node_port`);
});

/** What nftables would hold after these transactions: chains, sets and elements. Throws where it would refuse. */
function played(texts: readonly string[]): { chains: Map<string, string[]>; sets: Set<string>; elements: Map<string, string> } {
  const state = { chains: new Map<string, string[]>(), sets: new Set<string>(), elements: new Map<string, string>() };
  for (const line of texts.join('\n').split('\n')) {
    const [, verb = '', what = '', name = '', rest = ''] = /^(add|flush|delete) (\S+) inet t (\S+) ?(.*)$/.exec(line) ?? [];
    const must = (holds: boolean): void => {
      if (!holds) throw new Error(`refused: ${line}`);
    };
    if (what === 'chain') {
      if (verb === 'add' && !state.chains.has(name)) state.chains.set(name, []);
      must(state.chains.has(name));
      if (verb === 'flush') state.chains.set(name, []);
      if (verb === 'delete') {
        const used = [...state.chains.values()].flat().concat([...state.elements.values()]);
        must(
          state.chains.get(name)?.length === 0 && !used.some((text) => text.includes(`goto ${name}`) && !text.includes(`goto ${name}/`)),
        );
        state.chains.delete(name);
      }
    } else if (what === 'rule') {
      for (const [, target = ''] of rest.matchAll(/goto ([^\s,]+)/g)) must(target.startsWith('to_') || state.chains.has(target));
      for (const [, set = ''] of rest.matchAll(/@(\S+)/g)) must(state.sets.has(set));
      state.chains.get(name)?.push(rest);
    } else if (what === 'set') {
      if (verb === 'add') state.sets.add(name);
      else {
        must(![...state.chains.values()].flat().some((text) => text.includes(`@${name} `)));
        state.sets.delete(name);
      }
    } else if (what === 'element') {
      for (const item of rest.replace(/^\{ | \}$/g, '').split(', ')) {
        const [key = '', verdict = ''] = item.split(' : ');
        must(state.elements.has(`${name} ${key}`) === (verb === 'delete'));
        if (verb === 'add') {
          const target = verdict.replace('goto ', '');
          must(target === '' || target.startsWith('to_') || state.chains.has(target));
          state.elements.set(`${name} ${key}`, verdict);
        } else state.elements.delete(`${name} ${key}`);
      }
    }
  }
  return state;
}

const backends = fc.subarray([one, two, { ip: '10.42.0.7', port: 9090 }]);
const ports = fc.record({
  clusterIp: fc.constantFrom('10.96.0.9', '10.96.0.10'),
  nodePort: fc.constantFrom(0, 30_080),
  externalIps: fc.subarray(['192.0.2.1']),
  balancerIps: fc.subarray(['192.0.2.2']),
  sourceRanges: fc.subarray(['198.51.100.0/24']),
  cluster: backends,
  affinitySeconds: fc.constantFrom(0, 60, 90),
  internal: backends,
  external: backends,
  externalElsewhere: fc.boolean(),
  keepsSource: fc.boolean(),
});
const steps = fc.array(fc.record({ name: fc.constantFrom('a', 'b'), port: fc.option(ports) }), { maxLength: 8 });

test('small changes end where everything anew would, and nftables would refuse none of them', () => {
  fc.assert(
    fc.property(steps, (run) => {
      const ruleset = new Ruleset({ table: 't', nodePortsFrom: undefined });
      const fragments = run.map(
        ({ name, port: given }) => [name, given === null ? undefined : fragmentOf('ip', [port({ ...given, name })], facts)] as const,
      );
      const state = played(fragments.map(([name, fragment]) => ruleset.change(name, 'ip', fragment)));
      const anew = played([ruleset.whole()]);
      expect([...state.chains].sort()).toEqual([...anew.chains].sort());
      expect([...state.elements].sort()).toEqual([...anew.elements].sort());
      expect([...state.sets].sort()).toEqual([...anew.sets].sort());
    }),
  );
});
