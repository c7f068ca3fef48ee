// Owns the rules of one Service as nftables sees them: its chains, its places in the maps, its sets of remembered clients. Pure.
import { holdsAddress, parseCidr } from '../api/ip-address.ts';
import { type Backend, type Family, familyOf, type TrafficPort } from './service-port.ts';

/** What one Service adds to the table in one family. Chains have a name and rules in order; elements a key and a verdict. */
export interface Fragment {
  readonly family: Family;
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Of the family's map `service_ips`, keyed by address, protocol and port. */
  readonly serviceIps: ReadonlyMap<string, string>;
  /** Of the family's map `node_ports`, keyed by protocol and port. */
  readonly nodePorts: ReadonlyMap<string, string>;
  /** Of the family's set `hairpins`: a pod that meets itself through its Service must get its answer through the node. */
  readonly hairpins: ReadonlyMap<string, ''>;
  /** Sets of clients that stay with a backend: a name and the seconds that they do. */
  readonly affinities: ReadonlyMap<string, number>;
}

/** What all Services' rules share. */
export interface RuleFacts {
  /** The ranges of pods, one of each family at most. */
  readonly clusterCidrs: readonly string[];
}

/** The chain that marks a connection to get the node's address as its source. */
export const masqueradeChain = 'to_masquerade';
/** The chains for connections that nobody can answer: here, or only elsewhere. They are refused (or dropped) in the filter hooks. */
export const refuseChain = 'to_refuse';
export const dropChain = 'to_drop';

/** Names of chains and sets: a colon may not be in them, and each family has its own. */
const nameOf = (kind: string, family: Family, rest: string): string => `${kind}${family === 'ip' ? '' : '6'}/${rest.replaceAll(':', '.')}`;

/** The fragment of a Service's ports of one family. */
export function fragmentOf(family: Family, ports: readonly TrafficPort[], facts: RuleFacts): Fragment {
  const chains = new Map<string, readonly string[]>();
  const serviceIps = new Map<string, string>();
  const nodePorts = new Map<string, string>();
  const affinities = new Map<string, number>();
  const hairpins = new Map<string, ''>();
  const pods = facts.clusterCidrs.find((range) => familyOf(range) === family);
  for (const port of ports.filter((one) => one.family === family)) {
    const name = `${port.namespace}/${port.name}/${port.protocol}/${port.port}`;
    const chain = (kind: string): string => nameOf(kind, family, name);
    const at = (ip: string): string => `${ip} . ${port.protocol} . ${port.port}`;
    const outside = port.nodePort > 0 || port.externalIps.length > 0 || port.balancerIps.length > 0;
    const deal = (backends: readonly Backend[]): readonly string[] => balance(port, backends, name, affinities);
    if (port.internal.length > 0) {
      const strangers = pods === undefined ? '' : ` ${family} saddr != ${pods}`;
      chains.set(chain('svc'), [`${family} daddr ${port.clusterIp}${strangers} jump ${masqueradeChain}`, ...deal(port.internal)]);
    }
    serviceIps.set(at(port.clusterIp), verdict(port.internal, port.internalElsewhere, chain('svc')));
    const served = new Set(outside ? [...port.internal, ...port.external, ...(port.keepsSource ? port.cluster : [])] : port.internal);
    for (const backend of served) {
      hairpins.set(`${backend.ip} . ${backend.ip}`, '');
      if (port.affinitySeconds > 0) chains.set(endpointChain(port, name, backend), endpointRules(port, backend, name));
    }
    if (!outside) continue;
    if (port.keepsSource && port.cluster.length > 0) chains.set(chain('all'), deal(port.cluster));
    const inside = port.keepsSource && port.cluster.length > 0 ? insideRules(family, pods, chain('all')) : [];
    if (port.external.length > 0)
      chains.set(chain('ext'), [...(port.keepsSource ? inside : [`jump ${masqueradeChain}`]), ...deal(port.external)]);
    else if (port.externalElsewhere && inside.length > 0) chains.set(chain('ext'), [...inside, 'drop']);
    const to = chains.has(chain('ext')) ? `goto ${chain('ext')}` : verdict(port.external, port.externalElsewhere, chain('ext'));
    for (const ip of port.externalIps) serviceIps.set(at(ip), to);
    if (port.nodePort > 0) nodePorts.set(`${port.protocol} . ${port.nodePort}`, to);
    if (port.balancerIps.length === 0) continue;
    const walled = port.sourceRanges.length > 0;
    if (walled) chains.set(chain('fw'), [`${family} saddr != { ${allowedSources(port).join(', ')} } drop`, to]);
    for (const ip of port.balancerIps) serviceIps.set(at(ip), walled ? `goto ${chain('fw')}` : to);
  }
  return { family, chains, serviceIps, nodePorts, hairpins, affinities };
}

/** Sets of ranges may not overlap: what lies in another one is left out. */
function allowedSources({ sourceRanges }: TrafficPort): readonly string[] {
  const ranges = sourceRanges.map((text) => ({ text, cidr: parseCidr(text) }));
  return ranges
    .filter(({ cidr }, index) =>
      ranges.every(({ cidr: other }, place) => {
        if (cidr === undefined || other === undefined || place === index) return true;
        const holds = other.length <= cidr.length && holdsAddress(other, cidr.address);
        return !holds || (other.length === cidr.length && place > index);
      }),
    )
    .map(({ text }) => text);
}

function verdict(backends: readonly Backend[], elsewhere: boolean, chain: string): string {
  if (backends.length > 0) return `goto ${chain}`;
  return elsewhere ? `goto ${dropChain}` : `goto ${refuseChain}`;
}

/** Pods and the node itself come from inside, whatever address they use: the policy for connections from outside is not theirs. */
function insideRules(family: Family, pods: string | undefined, all: string): readonly string[] {
  return [
    ...(pods === undefined ? [] : [`${family} saddr ${pods} goto ${all}`]),
    `fib saddr type local jump ${masqueradeChain}`,
    `fib saddr type local goto ${all}`,
  ];
}

const placeOf = ({ ip, port }: Backend): string => `${ip}/${port}`;
const endpointChain = ({ family }: TrafficPort, name: string, backend: Backend): string =>
  nameOf('ep', family, `${name}/${placeOf(backend)}`);
/** The name tells the seconds as well: a set cannot change its timeout. */
const affinitySet = ({ family, affinitySeconds }: TrafficPort, name: string, backend: Backend): string =>
  nameOf('from', family, `${affinitySeconds}/${name}/${placeOf(backend)}`);
const spotOf = ({ family }: TrafficPort, { ip, port }: Backend): string => `${family === 'ip' ? ip : `[${ip}]`}:${port}`;

/**
 * So many endpoints are dealt to by a rule each. A map would be one rule, but the kernel looks through all maps without a name to name another one:
 * ten thousand Services would take a hundred times as long as a thousand.
 */
const dealtOneByOne = 16;

/**
 * Without affinity one chain deals connections out, whatever the number of endpoints: the kernel walks all chains at every change. With it each
 * endpoint has a chain that remembers who came.
 */
function balance(port: TrafficPort, backends: readonly Backend[], name: string, affinities: Map<string, number>): readonly string[] {
  const [only, ...others] = backends;
  if (only === undefined) return [];
  const deal = (targets: readonly string[], separator: string): string =>
    targets.map((target, index) => `${index} : ${target}`).join(separator);
  if (port.affinitySeconds === 0) {
    const to = `meta l4proto ${port.protocol} dnat ${port.family} to`;
    if (backends.length <= dealtOneByOne) {
      // Each takes its share of what the ones before it left.
      return backends.map((backend, index) => {
        const left = backends.length - index;
        return `${left === 1 ? '' : `numgen random mod ${left} 0 `}${to} ${spotOf(port, backend)}`;
      });
    }
    return [
      `${to} numgen random mod ${backends.length} map { ${deal(
        backends.map(({ ip, port: at }) => `${ip} . ${at}`),
        ', ',
      )} }`,
    ];
  }
  for (const backend of backends) affinities.set(affinitySet(port, name, backend), port.affinitySeconds);
  const chains = backends.map((backend) => endpointChain(port, name, backend));
  const remembered = backends.map((backend, index) => `${port.family} saddr @${affinitySet(port, name, backend)} goto ${chains[index]}`);
  if (others.length === 0) return [...remembered, `goto ${chains[0]}`];
  return [
    ...remembered,
    `numgen random mod ${chains.length} vmap { ${deal(
      chains.map((chain) => `goto ${chain}`),
      ', ',
    )} }`,
  ];
}

function endpointRules(port: TrafficPort, backend: Backend, name: string): readonly string[] {
  return [
    `update @${affinitySet(port, name, backend)} { ${port.family} saddr }`,
    `meta l4proto ${port.protocol} dnat ${port.family} to ${spotOf(port, backend)}`,
  ];
}
