// Owns a further node's place on this machine: a network namespace with a bridge for its pods, tied to the first node by a pair of links.
import { existsSync } from 'node:fs';
import { machineNames, nodeNameOf, nodeNetwork } from './identity.ts';
import { run } from './network.ts';
import { networkRules } from './network-rules.ts';
import { formatIpv4, rangeOf } from './options.ts';

/** Names and addresses of one node's link. */
export interface NodeLink {
  readonly node: string;
  /** The namespace's file. */
  readonly namespace: string;
  readonly namespaceName: string;
  /** The first node's end; at most 15 characters, as the kernel wants. */
  readonly hostLink: string;
  readonly address: string;
  readonly podCidr: string;
  /** The first node's address, through which everything else is reached. */
  readonly gateway: string;
}

/** The bridge and the uplink inside every node's namespace. */
export const nodeBridge = 'cni0';
const uplink = 'uplink0';

/** What the links of a data directory begin with, for rules that mean all of them. */
export function linkPrefix(dataDir: string): string {
  return `pp${machineNames(dataDir).bridge.split('-')[1] ?? ''}`;
}

export function nodeLink(dataDir: string, clusterCidr: string, index: number): NodeLink {
  const { address, podCidr } = nodeNetwork(clusterCidr, index);
  const node = nodeNameOf(index);
  const namespaceName = `${machineNames(dataDir).bridge}-${node}`;
  return {
    node,
    namespace: `/run/netns/${namespaceName}`,
    namespaceName,
    hostLink: `${linkPrefix(dataDir)}n${index + 1}`,
    address,
    podCidr,
    gateway: nodeNetwork(clusterCidr, 0).address,
  };
}

/** The command that runs a program in the node's network. */
export function inNode({ namespace }: NodeLink, command: readonly string[]): readonly [string, readonly string[]] {
  return ['nsenter', [`--net=${namespace}`, '--', ...command]];
}

/** What the node's own rules depend on. */
export interface LinkFacts {
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly apiPort: number;
  readonly table: string;
}

/** Makes namespace, links, bridge, routes and rules, or brings what is there to its form. */
export async function openLink(link: NodeLink, facts: LinkFacts): Promise<void> {
  const { namespaceName, namespace, hostLink, address, gateway } = link;
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
    if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables; fi`);
  const rules = networkRules({
    ...facts,
    bridge: nodeBridge,
    uplinks: [uplink],
    kubernetes: { ip: formatIpv4(rangeOf(facts.serviceCidr).first + 1), apiIp: gateway, apiPort: facts.apiPort },
  });
  await applyInNode(link, rules);
  await connectLink(link);
}

/** Applies a transaction of rules inside the node. */
export async function applyInNode(link: NodeLink, text: string): Promise<void> {
  await run(...inNode(link, ['nft', '-f', '-']), text);
}

/** Ties the node to the others. A link that was down has lost its route. */
export async function connectLink({ hostLink, podCidr, address, gateway }: NodeLink): Promise<void> {
  await run('ip', ['link', 'set', hostLink, 'up']);
  await run('ip', ['route', 'replace', podCidr, 'via', address, 'dev', hostLink, 'onlink', 'src', gateway]);
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
