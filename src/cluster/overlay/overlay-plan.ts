// Owns what the overlay between machines should be: which nodes are elsewhere, and by which entries of the kernel their pods are reached. Pure.
import { createHash, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Node } from '../../api/core/v1.ts';
import { firstAddress, formatCidr, parseCidr } from '../../api/ip-address.ts';
import { familyOf } from '../../proxy/service-port.ts';
import { nodeAddressIn } from '../ranges.ts';

/** On each Node: the address of its machine, between which the overlay's packets travel. */
export const overlayAnnotation = 'peapod.dev/overlay-address';
/** As Linux and other networks of Kubernetes have it. */
export const overlayPort = 8472;
/** What the overlay adds to each packet. */
export const overlayBytes = 50;

/** A cluster's overlay as one machine sees it. */
export interface OverlayFacts {
  /** The device's name; at most 15 characters. */
  readonly device: string;
  /** The table that guards it. */
  readonly table: string;
  readonly vni: number;
  /** This machine's address on the network that carries it. */
  readonly address: string;
  /** As which address this machine itself speaks to pods elsewhere, one of each family that pods have: those of its bridge. */
  readonly sources: readonly string[];
}

/** A share of a node of another machine: its pods are behind `gateway`, its machine at `address`. */
export interface OverlayPeer {
  readonly podCidr: string;
  readonly gateway: string;
  readonly address: string;
}

/** The number that tells a cluster's overlay from others on the same wire: all its machines know the authority's key. */
export function overlayNumber(caPem: string): number {
  const spki = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
  // The low numbers are those that people choose by hand.
  return 4096 + (createHash('sha256').update(spki).digest().readUInt32BE() % (2 ** 24 - 4096));
}

/** The link-layer address of a machine's end: everybody works it out alike, so nobody need tell it. */
export function overlayMac(vni: number, address: string): string {
  const bytes = createHash('sha256').update(`${vni}/${address}`).digest().subarray(0, 5);
  return ['02', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** A share as the controllers give them, spelled anew; undefined for anything else. */
function shareOf(text: string): string | undefined {
  const cidr = parseCidr(text);
  const expected = cidr?.address.family === 4 ? 24 : 64;
  return cidr === undefined || cidr.address.mapped || cidr.length !== expected || firstAddress(cidr).bits !== cidr.address.bits
    ? undefined
    : formatCidr(cidr);
}

/**
 * The shares of nodes of other machines, of the families that pods here have. A node that tells nothing that can be used is left out: what it says becomes
 * commands. In order of share.
 */
export function overlayPeers(
  nodes: readonly Node[],
  { address: ownAddress, sources }: Pick<OverlayFacts, 'address' | 'sources'>,
): readonly OverlayPeer[] {
  const peers = nodes.flatMap(({ metadata, spec }): OverlayPeer[] => {
    const address = metadata.annotations?.[overlayAnnotation] ?? '';
    if (!isIPv4(address) || address === ownAddress) return [];
    const shares = new Set([spec?.podCIDR ?? '', ...(spec?.podCIDRs ?? [])].flatMap((one) => shareOf(one) ?? []));
    return sources.flatMap((source) => {
      const podCidr = [...shares].find((share) => familyOf(share) === familyOf(source));
      return podCidr === undefined ? [] : [{ podCidr, gateway: nodeAddressIn(podCidr), address }];
    });
  });
  const byShare = new Map(peers.map((peer) => [peer.podCidr, peer]));
  return [...byShare.values()].sort((a, b) => (a.podCidr < b.podCidr ? -1 : 1));
}

/** What the kernel holds for the device now, or should hold: a line an entry. */
export interface OverlayEntries {
  /** Share → gateway. */
  readonly routes: ReadonlyMap<string, string>;
  /** Gateway → link-layer address. */
  readonly neighbours: ReadonlyMap<string, string>;
  /** Link-layer address → machine. */
  readonly machines: ReadonlyMap<string, string>;
}

export function wantedEntries(peers: readonly OverlayPeer[], vni: number): OverlayEntries {
  return {
    routes: new Map(peers.map(({ podCidr, gateway }) => [podCidr, gateway])),
    neighbours: new Map(peers.map(({ gateway, address }) => [gateway, overlayMac(vni, address)])),
    machines: new Map(peers.map(({ address }) => [overlayMac(vni, address), address])),
  };
}

/** Lines for `ip -batch` and `bridge -batch`. */
export interface OverlayChanges {
  readonly ip: readonly string[];
  readonly bridge: readonly string[];
}

/** What brings the kernel from what it holds to what it should hold: nothing where that is the same. */
export function overlayChanges(
  held: OverlayEntries,
  wanted: OverlayEntries,
  { device, sources }: Pick<OverlayFacts, 'device' | 'sources'>,
): OverlayChanges {
  const gone = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) => [...before].filter(([key]) => !after.has(key));
  const changed = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
    [...after].filter(([key, value]) => before.get(key) !== value);
  return {
    bridge: [
      ...[...held.machines]
        .filter(([mac, machine]) => wanted.machines.get(mac) !== machine)
        .map(([mac, machine]) => `fdb del ${mac} dev ${device} dst ${machine}`),
      ...changed(held.machines, wanted.machines).map(([mac, machine]) => `fdb append ${mac} dev ${device} dst ${machine}`),
    ],
    ip: [
      ...gone(held.routes, wanted.routes).map(([share]) => `route del ${share} dev ${device}`),
      ...gone(held.neighbours, wanted.neighbours).map(([gateway]) => `neigh del ${gateway} dev ${device}`),
      ...changed(held.neighbours, wanted.neighbours).map(
        ([gateway, mac]) => `neigh replace ${gateway} lladdr ${mac} dev ${device} nud permanent`,
      ),
      ...changed(held.routes, wanted.routes).map(
        ([share, gateway]) =>
          `route replace ${share} via ${gateway} dev ${device} onlink src ${sources.find((source) => familyOf(source) === familyOf(share))}`,
      ),
    ],
  };
}

/** The table that takes the overlay's packets from the cluster's machines alone: whoever else sends some would speak as any pod. */
export function overlayGuard({ table, vni }: Pick<OverlayFacts, 'table' | 'vni'>, peers: readonly OverlayPeer[]): string {
  const machines = [...new Set(peers.map(({ address }) => address))].sort();
  return `table inet ${table} {
}
delete table inet ${table}
table inet ${table} {
  set machines {
    type ipv4_addr
${machines.length === 0 ? '' : `    elements = { ${machines.join(', ')} }\n`}  }
  chain arriving {
    type filter hook input priority -10; policy accept;
    udp dport ${overlayPort} @th,96,24 ${vni} ip saddr != @machines counter drop
  }
}
`;
}
