// Owns what NetworkPolicies mean for the pods of one node: who is isolated in which direction, and by which rules of nftables others get through. Pure.
import { createHash } from 'node:crypto';
import type { Namespace, Pod } from '../../api/core/v1.ts';
import { formatAddress, parseAddress } from '../../api/ip-address.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/networking/v1.ts';
import { everyLabel, type Labels, labelSelectorOf, noLabel, SelectorError } from '../../api/selectors/label-selector.ts';
import { familyOf } from '../service-port.ts';
import type { PolicyTable } from './policy-table.ts';

/** A pod as policies see it. */
export interface PolicyPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** One of each IP family at most, in canonical form. */
  readonly ips: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
  readonly node: string;
}

/** What policies are looked at with. */
export interface PolicyFacts {
  readonly policies: readonly NetworkPolicy[];
  readonly pods: readonly PolicyPod[];
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** Of the node whose rules are wanted. */
  readonly node: string;
}

/** The pod, as long as policies concern it: it has an address of its own, and has not ended. */
export function policyPodOf({ metadata, spec, status }: Pod): PolicyPod | undefined {
  const told = status?.podIPs?.map((one) => one.ip) ?? [status?.podIP];
  const ips = told.flatMap((text) => {
    const address = text === undefined ? undefined : parseAddress(text);
    return address === undefined ? [] : [formatAddress(address)];
  });
  if (ips.length === 0 || spec.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  // Sidecars are init containers that stay.
  const containers = [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    labels: metadata.labels ?? {},
    ips,
    ports: containers.flatMap(({ ports }) =>
      (ports ?? []).flatMap(({ name, protocol, containerPort }) =>
        name === undefined ? [] : [{ name, protocol: (protocol ?? 'TCP').toLowerCase(), port: containerPort }],
      ),
    ),
    node: spec.nodeName ?? '',
  };
}

/** The labels of a namespace. */
export function namespaceLabels({ metadata }: Namespace): Labels {
  return metadata.labels ?? {};
}

type Direction = 'ingress' | 'egress';

/** One rule of a policy, whatever its direction: who is at the other end, and which ports of the one that is spoken to. */
interface Opening {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

/** What a direction is in the kernel's words. `own`: the isolated pod's address in a packet, `other`: the peer's. */
const words = {
  ingress: { short: 'in', own: 'daddr', other: 'saddr' },
  egress: { short: 'out', own: 'saddr', other: 'daddr' },
} as const;

function typesOf({ spec }: NetworkPolicy): readonly Direction[] {
  const types = spec.policyTypes ?? ['Ingress', ...(spec.egress === undefined ? [] : ['Egress'])];
  return (['ingress', 'egress'] as const).filter((direction) => types.some((type) => type.toLowerCase() === direction));
}

function openingsOf({ spec }: NetworkPolicy, direction: Direction): readonly Opening[] {
  return direction === 'ingress'
    ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
}

/** A selector that cannot be read selects nothing: the server lets none in. */
function selects(selector: Parameters<typeof labelSelectorOf>[0], labels: Labels): boolean {
  try {
    return labelSelectorOf(selector).matches(labels);
  } catch (error) {
    if (error instanceof SelectorError) return noLabel.matches(labels);
    throw error;
  }
}

/** The table of a node; without any chains where none of its pods is isolated. Whose pods are known is in it all the same. Everything in it is in a stable order. */
export function planPolicies({ policies, pods, namespaces, node }: PolicyFacts): PolicyTable {
  const here = pods.filter((pod) => pod.node === node).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const chains = new Map<string, readonly string[]>();
  const sets = new Map<string, { readonly type: string; readonly elements: readonly string[] }>();
  const isolated: Record<Direction, Map<string, string[]>> = { ingress: new Map(), egress: new Map() };
  const ordered = [...policies].sort((a, b) => (policyKey(a) < policyKey(b) ? -1 : 1));
  for (const policy of ordered) {
    const namespace = policy.metadata.namespace ?? '';
    const chosen = here.filter((pod) => pod.namespace === namespace && selects(policy.spec.podSelector ?? {}, pod.labels));
    if (chosen.length === 0) continue;
    for (const direction of typesOf(policy)) {
      const name = shortened(`${words[direction].short}/${policyKey(policy)}`);
      const rules = openingsOf(policy, direction).flatMap((opening, index) =>
        rulesOf(opening, direction, `${name}/${index}`, { namespace, chosen, pods, namespaces }, sets),
      );
      chains.set(name, rules);
      for (const pod of chosen) isolated[direction].set(keyOf(pod), [...(isolated[direction].get(keyOf(pod)) ?? []), name]);
    }
  }
  const verdicts = (direction: Direction): readonly (readonly [string, string])[] =>
    here.flatMap((pod) => {
      const names = isolated[direction].get(keyOf(pod));
      if (names === undefined) return [];
      const chain = shortened(`${words[direction].short}-pod/${keyOf(pod)}`);
      chains.set(chain, [...names.map((name) => `jump ${name}`), 'drop']);
      return pod.ips.map((ip) => [ip, `goto ${chain}`] as const);
    });
  const [incoming, outgoing] = [verdicts('ingress'), verdicts('egress')];
  const own = [...new Set([...incoming, ...outgoing].map(([ip]) => `${ip} . ${ip}`))].sort();
  const known = [...new Set(here.flatMap(({ ips }) => ips))].sort();
  return { incoming: new Map(incoming), outgoing: new Map(outgoing), own, known, chains, sets };
}

/** Names of the kernel end somewhere; a long one is cut and told from others by a hash. */
function shortened(name: string): string {
  return name.length <= 120 ? name : `${name.slice(0, 100)}/${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

const keyOf = ({ namespace, name }: Pick<PolicyPod, 'namespace' | 'name'>): string => `${namespace}/${name}`;
const policyKey = ({ metadata }: NetworkPolicy): string => keyOf({ namespace: metadata.namespace ?? '', name: metadata.name });

interface Around {
  readonly namespace: string;
  /** The pods of this node that the policy is about. */
  readonly chosen: readonly PolicyPod[];
  readonly pods: readonly PolicyPod[];
  readonly namespaces: ReadonlyMap<string, Labels>;
}

const families = [
  { family: 'ip', type: 'ipv4_addr', mark: '' },
  { family: 'ip6', type: 'ipv6_addr', mark: '.6' },
] as const;

/** The accepting rules of one opening. What they name is added to `sets`. */
function rulesOf(
  { peers, ports }: Opening,
  direction: Direction,
  name: string,
  around: Around,
  sets: Map<string, { readonly type: string; readonly elements: readonly string[] }>,
): readonly string[] {
  const { other } = words[direction];
  const anyone = peers === undefined || peers.length === 0;
  const met = anyone ? [] : around.pods.filter((pod) => peers.some((peer) => isPeer(peer, pod, around)));
  const ends: string[] = anyone ? [''] : [];
  for (const { family, type, mark } of families) {
    const addresses = [...new Set(met.flatMap(({ ips }) => ips.filter((ip) => familyOf(ip) === family)))].sort();
    if (addresses.length === 0) continue;
    sets.set(`${name}${mark}`, { type, elements: addresses });
    ends.push(`${family} ${other} @${name}${mark} `);
  }
  for (const { ipBlock } of anyone ? [] : peers) {
    if (ipBlock === undefined) continue;
    const family = familyOf(ipBlock.cidr);
    const except = (ipBlock.except ?? []).filter((range) => familyOf(range) === family);
    const without = except.length === 0 ? '' : `${family} ${other} != { ${except.join(', ')} } `;
    ends.push(`${family} ${other} ${ipBlock.cidr} ${without}`);
  }
  const named = (ports ?? []).flatMap(({ port, protocol }) => (typeof port === 'string' ? [{ port, protocol }] : []));
  const numbered = (ports ?? []).filter(({ port }) => typeof port !== 'string');
  const lines = ports === undefined || ports.length === 0 ? ends.map((end) => `${end}accept`) : [];
  for (const end of ends) for (const port of numbered) lines.push(`${end}${portText(port)} accept`);
  // A name is the port of whoever is spoken to: each pod may mean another number by it.
  const spokenTo = direction === 'ingress' ? around.chosen : anyone ? around.pods : met;
  named.forEach(({ port, protocol }, index) => {
    const wanted = (protocol ?? 'TCP').toLowerCase();
    for (const { family, type, mark } of families) {
      const elements = spokenTo.flatMap(({ ips, ports: own }) =>
        own
          .filter((one) => one.name === port && one.protocol === wanted)
          .flatMap((one) => ips.filter((ip) => familyOf(ip) === family).map((ip) => `${ip} . ${wanted} . ${one.port}`)),
      );
      if (elements.length === 0) continue;
      const set = `${name}/${index}${mark}`;
      sets.set(set, { type: `${type} . inet_proto . inet_service`, elements: [...new Set(elements)].sort() });
      const at = `${family} daddr . meta l4proto . th dport @${set} accept`;
      // Outwards the set already says who.
      if (direction === 'egress') lines.push(at);
      else for (const end of ends) if (end === '' || end.startsWith(`${family} `)) lines.push(`${end}${at}`);
    }
  });
  return lines;
}

function isPeer({ podSelector, namespaceSelector }: NetworkPolicyPeer, pod: PolicyPod, { namespace, namespaces }: Around): boolean {
  if (podSelector === undefined && namespaceSelector === undefined) return false;
  const near =
    namespaceSelector === undefined ? pod.namespace === namespace : selects(namespaceSelector, namespaces.get(pod.namespace) ?? {});
  return near && (podSelector === undefined ? everyLabel.matches(pod.labels) : selects(podSelector, pod.labels));
}

function portText({ port, endPort, protocol }: NetworkPolicyPort): string {
  const of = `meta l4proto ${(protocol ?? 'TCP').toLowerCase()}`;
  if (port === undefined) return of;
  return `${of} th dport ${endPort === undefined ? port : `${port}-${endPort}`}`;
}
