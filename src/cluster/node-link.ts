// Owns a further node's place on this machine: a network namespace with a bridge for its pods, tied to the first node by a pair of links.
import { existsSync } from 'node:fs';
import { machineNames, nodeNameOf, nodeNetwork } from './identity.ts';
import { run } from './network.ts';
import { networkRules } from './network-rules.ts';
import { addressIn, nodeAddressIn, nodeShares, rangeOfFamily } from './ranges.ts';

/** Names and addresses of one node's link. */
export interface NodeLink {
  readonly node: string;
  /** The namespace's file. */
  readonly namespace: string;
  readonly namespaceName: string;
  /** The first node's end; at most 15 characters, as the kernel wants. */
  readonly hostLink: string;
  readonly address: string;
  /** The node's shares of the pod ranges. */
  readonly podCidrs: readonly string[];
  /** The first node's address, through which everything else is reached. */
  readonly gateway: string;
  /** Of IPv6, where there is a range of it. */
  readonly ipv6: { readonly address: string; readonly podCidr: string; readonly gateway: string } | undefined;
}

/** The bridge and the uplink inside every node's namespace. */
export const nodeBridge = 'cni0';
const uplink = 'uplink0';

/** What the links of a data directory begin with, for rules that mean all of them. */
export function linkPrefix(dataDir: string): string {
  return `pp${machineNames(dataDir).bridge.split('-')[1] ?? ''}`;
}

/** The links' own addresses of IPv6: neighbours are asked for on a link by those that are on it. */
const linkLocal = { host: 'fe80::1', node: 'fe80::2' };

export function nodeLink(dataDir: string, clusterCidrs: readonly string[], index: number): NodeLink {
  const [first, own] = [0, index].map((one) => nodeShares(clusterCidrs, one).find((share) => share.includes(':')));
  const clusterCidr = rangeOfFamily(clusterCidrs, 4) ?? '';
  const { address } = nodeNetwork(clusterCidr, index);
  const node = nodeNameOf(index);
  const namespaceName = `${machineNames(dataDir).bridge}-${node}`;
  return {
    node,
    namespace: `/run/netns/${namespaceName}`,
    namespaceName,
    hostLink: `${linkPrefix(dataDir)}n${index + 1}`,
    address,
    podCidrs: nodeShares(clusterCidrs, index),
    gateway: nodeNetwork(clusterCidr, 0).address,
    ipv6:
      first === undefined || own === undefined ? undefined : { address: nodeAddressIn(own), podCidr: own, gateway: nodeAddressIn(first) },
  };
}

/** The command that runs a program in the node's network. */
export function inNode({ namespace }: NodeLink, command: readonly string[]): readonly [string, readonly string[]] {
  return ['nsenter', [`--net=${namespace}`, '--', ...command]];
}

/** What the node's own rules depend on. */
export interface LinkFacts {
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly apiPort: number;
  readonly table: string;
}

/** Makes namespace, links, bridge, routes and rules, or brings what is there to its form. */
export async function openLink(link: NodeLink, facts: LinkFacts): Promise<void> {
  const { namespaceName, namespace, hostLink, address, gateway, ipv6 } = link;
  if (!existsSync(namespace)) await run('ip', ['netns', 'add', namespaceName]);
  const inside = (script: string, input = ''): Promise<string> => run(...inNode(link, ['sh', '-ec', script]), input);
  if (!existsSync(`/sys/class/net/${hostLink}`))
    await run('ip', ['link', 'add', hostLink, 'type', 'veth', 'peer', 'name', uplink, 'netns', namespaceName]);
  await inside(`
    ip link set lo up
    ip link show ${nodeBridge} >/dev/null 2>&1 || ip link add ${nodeBridge} type bridge
    ip address replace ${address}/24 dev ${nodeBridge}
    ip link set ${nodeBridge} up
    ip link set ${uplink} up
    ip route replace default via ${gateway} dev ${uplink} onlink src ${address}
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo 1 > /proc/sys/net/ipv4/conf/${nodeBridge}/route_localnet
    for one in iptables ip6tables; do if [ -e /proc/sys/net/bridge/bridge-nf-call-$one ]; then echo 1 > /proc/sys/net/bridge/bridge-nf-call-$one; fi; done`);
  if (ipv6 !== undefined)
    await inside(`
    ip address replace ${ipv6.address}/64 dev ${nodeBridge} nodad
    ip address replace ${linkLocal.node}/64 dev ${uplink} nodad
    ip -6 route replace default via ${linkLocal.host} dev ${uplink} src ${ipv6.address}
    echo 1 > /proc/sys/net/ipv6/conf/all/forwarding`);
  const rules = networkRules({
    ...facts,
    bridge: nodeBridge,
    uplinks: [uplink],
    kubernetes: { ip: addressIn(rangeOfFamily(facts.serviceCidrs, 4) ?? '', 1), apiIp: gateway, apiPort: facts.apiPort },
  });
  await applyInNode(link, rules);
  await connectLink(link);
}

/** Applies a transaction of rules inside the node. */
export async function applyInNode(link: NodeLink, text: string): Promise<void> {
  await run(...inNode(link, ['nft', '-f', '-']), text);
}

/** Ties the node to the others. A link that was down has lost its route. */
export async function connectLink({ hostLink, podCidrs, address, gateway, ipv6 }: NodeLink): Promise<void> {
  const podCidr = rangeOfFamily(podCidrs, 4) ?? '';
  await run('ip', ['link', 'set', hostLink, 'up']);
  await run('ip', ['route', 'replace', podCidr, 'via', address, 'dev', hostLink, 'onlink', 'src', gateway]);
  if (ipv6 === undefined) return;
  await run('ip', ['address', 'replace', `${linkLocal.host}/64`, 'dev', hostLink, 'nodad']);
  await run('ip', ['-6', 'route', 'replace', ipv6.podCidr, 'via', linkLocal.node, 'dev', hostLink, 'src', ipv6.gateway]);
}

/** Cuts the node off. */
export async function disconnectLink({ hostLink }: NodeLink): Promise<void> {
  await run('ip', ['link', 'set', hostLink, 'down']);
}

/** Takes it all away: the namespace's end is that of everything in it. What is not there is no error. */
export async function closeLink({ hostLink, namespace, namespaceName }: NodeLink): Promise<void> {
  if (existsSync(`/sys/class/net/${hostLink}`)) await run('ip', ['link', 'delete', hostLink]);
  if (existsSync(namespace)) await run('ip', ['netns', 'delete', namespaceName]);
}
