// Tests the transactions between states of a table of NetworkPolicies: small, in an order that nftables takes, nothing where nothing changes.
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NetworkPolicy } from '../../api/networking/v1.ts';
import { type PolicyPod, planPolicies } from './policy-plan.ts';
import { openTable, type PolicyTable, tableChange, wholeTable } from './policy-table.ts';

const shares = ['10.42.0.0/24', 'fd42::/64'];
const podOf = (index: number, app: string): PolicyPod => ({
  namespace: 'shop',
  name: `pod.${index}`,
  labels: { app },
  ips: [`10.42.0.${index + 2}`, `fd42::${index + 2}`],
  ports: [{ name: 'http', protocol: 'tcp', port: 8000 + index }],
  node: 'n1',
});
const policyOf = (name: string, spec: NetworkPolicy['spec']): NetworkPolicy =>
  ({ metadata: { name, namespace: 'shop' }, spec }) as unknown as NetworkPolicy;
const tableOf = (pods: readonly PolicyPod[], policies: readonly NetworkPolicy[]): PolicyTable =>
  planPolicies({ pods, policies, namespaces: new Map([['shop', {}]]), node: 'n1' });

const peer = { podSelector: { matchLabels: { app: 'a' } } };
const specs: readonly NetworkPolicy['spec'][] = [
  { podSelector: {} },
  { podSelector: peer.podSelector, ingress: [{ from: [peer], ports: [{ port: 80 }, { port: 'http' }] }] },
  {
    podSelector: {},
    ingress: [
      {
        from: [
          peer,
          { ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.8/29'] } },
          { ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } },
        ],
      },
    ],
  },
  {
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    egress: [
      {
        to: [peer],
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 1, endPort: 9 },
        ],
      },
    ],
  },
  { podSelector: {}, ingress: [{ ports: [{ port: 'http', protocol: 'TCP' }, { protocol: 'SCTP' }] }] },
];

test('a pod more is an element more', () => {
  const before = tableOf([podOf(0, 'a')], [policyOf('p', specs[1] ?? {})]);
  const after = tableOf([podOf(0, 'a'), podOf(1, 'b')], [policyOf('p', specs[1] ?? {})]);
  expect(tableChange('t', shares, before, after).trim().split('\n')).toEqual([
    'add element inet t known { 10.42.0.3 }',
    'add element inet t known6 { fd42::3 }',
  ]);
  const third = tableOf([podOf(0, 'a'), podOf(1, 'a')], [policyOf('p', specs[1] ?? {})]);
  const lines = tableChange('t', shares, after, third).trim().split('\n');
  expect(lines).toContain('add element inet t in/shop/p/0 { 10.42.0.3 }');
  expect(lines).toContain('add element inet t in/shop/p/0.6 { fd42::3 }');
  expect(lines.length).toBeLessThan(16);
});

const mayTry = process.getuid?.() === 0 && spawnSync('unshare', ['--net', 'nft', 'list', 'tables']).status === 0;
if (!mayTry) console.log('nftables is not asked: root and nft are needed');

describe.skipIf(!mayTry)('nftables itself', () => {
  const states = fc
    .record({
      apps: fc.array(fc.constantFrom('a', 'b'), { maxLength: 4 }),
      chosen: fc.subarray(specs.map((_, index) => index)),
    })
    .map(({ apps, chosen }) =>
      tableOf(
        apps.map((app, index) => podOf(index, app)),
        chosen.map((index) => policyOf(`p.${index}`, specs[index] ?? {})),
      ),
    );

  test('takes every transaction, and holds then what it would hold anew', () => {
    fc.assert(
      fc.property(fc.array(states, { minLength: 2, maxLength: 6 }), (path) => {
        const last = path.at(-1) ?? openTable;
        const steps = path.map((wanted, index) =>
          index === 0 ? wholeTable('t', shares, wanted) : tableChange('t', shares, path[index - 1] ?? openTable, wanted),
        );
        // Both in networks of their own, which end with the command.
        const script = (texts: readonly string[]): string =>
          `set -e\n${texts.map((text) => `nft -f - <<'END'\n${text}\nEND`).join('\n')}\nnft -j list table inet t`;
        const held = (texts: readonly string[]): readonly string[] => {
          const said = execFileSync('unshare', ['--net', 'sh', '-c', script(texts)], { encoding: 'utf8' });
          const { nftables } = JSON.parse(said.replace(/"handle": \d+/g, '"handle": 0')) as { nftables: readonly unknown[] };
          return nftables.map((one) => JSON.stringify(one)).sort();
        };
        expect(held(steps)).toEqual(held([wholeTable('t', shares, last)]));
      }),
      { numRuns: 12 },
    );
  });
});
