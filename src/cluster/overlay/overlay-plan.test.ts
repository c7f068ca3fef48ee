// Tests what the overlay between machines should be, and by which commands the kernel comes there from any state.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node } from '../../api/core/v1.ts';
import {
  type OverlayEntries,
  overlayAnnotation,
  overlayChanges,
  overlayGuard,
  overlayMac,
  overlayPeers,
  wantedEntries,
} from './overlay-plan.ts';

const node = (name: string, podCIDR: string | undefined, address: string | undefined): Node =>
  ({
    metadata: { name, annotations: address === undefined ? {} : { [overlayAnnotation]: address } },
    spec: podCIDR === undefined ? {} : { podCIDR },
  }) as unknown as Node;

const own = { address: '192.0.2.1', sources: ['10.42.0.1', 'fd42::1'] };

test('a machine without IPv6 among its pods has no way to those elsewhere', () => {
  const both = { ...node('b', undefined, '192.0.2.2'), spec: { podCIDRs: ['10.42.1.0/24', 'fd42:0:0:1::/64'] } };
  expect(overlayPeers([both], { ...own, sources: ['10.42.0.1'] }).map(({ podCidr }) => podCidr)).toEqual(['10.42.1.0/24']);
  expect(overlayChanges(none, wantedEntries(overlayPeers([both], own), 7), facts).ip.at(-1)).toBe(
    'route replace fd42:0:0:1::/64 via fd42:0:0:1::1 dev vx onlink src fd42::1',
  );
});

test.each([
  ['another machine', node('b', '10.42.1.0/24', '192.0.2.2'), [{ podCidr: '10.42.1.0/24', gateway: '10.42.1.1', address: '192.0.2.2' }]],
  [
    'another machine, whose first share is IPv6',
    { ...node('b', 'fd42:0:0:1::/64', '192.0.2.2'), spec: { podCIDR: 'fd42:0:0:1::/64', podCIDRs: ['fd42:0:0:1::/64', '10.42.1.0/24'] } },
    [
      { podCidr: '10.42.1.0/24', gateway: '10.42.1.1', address: '192.0.2.2' },
      { podCidr: 'fd42:0:0:1::/64', gateway: 'fd42:0:0:1::1', address: '192.0.2.2' },
    ],
  ],
  ['this machine', node('a', '10.42.0.0/24', '192.0.2.1'), []],
  ['no share yet', node('b', undefined, '192.0.2.2'), []],
  ['no address yet', node('b', '10.42.1.0/24', undefined), []],
  ['an address that is a command', node('b', '10.42.1.0/24', '192.0.2.2 dev eth0'), []],
  ['a share that is a command', node('b', '10.42.1.0/24\nlink del eth0', '192.0.2.2'), []],
  ['a share of another size', node('b', '0.0.0.0/0', '192.0.2.2'), []],
])('who is elsewhere: %s', (_, one, expected) => expect(overlayPeers([one], own)).toEqual(expected));

const facts = { device: 'vx', sources: ['10.42.0.1', 'fd42::1'] };
const none: OverlayEntries = { routes: new Map(), neighbours: new Map(), machines: new Map() };
const peers = overlayPeers([node('b', '10.42.1.0/24', '192.0.2.2'), node('c', '10.42.2.0/24', '192.0.2.2')], own);

test('two nodes of one machine share its entry; what is there already is left alone', () => {
  const mac = overlayMac(7, '192.0.2.2');
  expect(overlayChanges(none, wantedEntries(peers, 7), facts)).toEqual({
    bridge: [`fdb append ${mac} dev vx dst 192.0.2.2`],
    ip: [
      `neigh replace 10.42.1.1 lladdr ${mac} dev vx nud permanent`,
      `neigh replace 10.42.2.1 lladdr ${mac} dev vx nud permanent`,
      'route replace 10.42.1.0/24 via 10.42.1.1 dev vx onlink src 10.42.0.1',
      'route replace 10.42.2.0/24 via 10.42.2.1 dev vx onlink src 10.42.0.1',
    ],
  });
  expect(overlayChanges(wantedEntries(peers, 7), wantedEntries(peers, 7), facts)).toEqual({ bridge: [], ip: [] });
  expect(overlayChanges(wantedEntries(peers, 7), none, facts)).toEqual({
    bridge: [`fdb del ${mac} dev vx dst 192.0.2.2`],
    ip: ['route del 10.42.1.0/24 dev vx', 'route del 10.42.2.0/24 dev vx', 'neigh del 10.42.1.1 dev vx', 'neigh del 10.42.2.1 dev vx'],
  });
});

/** What the kernel would hold after the commands. */
function after(
  held: OverlayEntries,
  { ip, bridge }: { readonly ip: readonly string[]; readonly bridge: readonly string[] },
): OverlayEntries {
  const [routes, neighbours, machines] = [new Map(held.routes), new Map(held.neighbours), new Map(held.machines)];
  for (const line of [...bridge, ...ip]) {
    const [what, verb, key = '', , value = ''] = line.split(' ');
    const [map, held] =
      what === 'route' ? [routes, value] : what === 'neigh' ? [neighbours, value] : [machines, line.split(' ').at(-1) ?? ''];
    if (verb === 'del') map.delete(key);
    else map.set(key, held);
  }
  return { routes, neighbours, machines };
}

test('whatever the kernel holds, the commands lead to what it should hold', () => {
  const some = fc
    .uniqueArray(fc.record({ share: fc.nat(5), machine: fc.nat(3) }), { selector: ({ share }) => share })
    .map((nodes) => nodes.map(({ share, machine }) => node('n', `10.42.${share}.0/24`, `192.0.2.${machine + 2}`)));
  fc.assert(
    fc.property(some, some, (before, now) => {
      const [held, wanted] = [before, now].map((nodes) => wantedEntries(overlayPeers(nodes, own), 7)) as [OverlayEntries, OverlayEntries];
      expect(after(held, overlayChanges(held, wanted, facts))).toEqual(wanted);
    }),
  );
});

test('only the machines of the cluster may send into its overlay', () => {
  const text = overlayGuard({ table: 't', vni: 7 }, peers);
  expect(text).toContain('elements = { 192.0.2.2 }');
  expect(text).toContain('udp dport 8472 @th,96,24 7 ip saddr != @machines counter drop');
  expect(overlayGuard({ table: 't', vni: 7 }, [])).not.toContain('elements');
});
