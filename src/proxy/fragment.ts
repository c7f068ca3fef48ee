// Owns the rules of one Service as nftables sees them: its chains, its places in the maps, its sets of remembered clients. Pure.
import type { Backend, TrafficPort } from './service-port.ts';

/** What one Service adds to the table. Chains have a name and rules in order; elements a key and a verdict. */
export interface Fragment {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Of the map `service_ips`, keyed by address, protocol and port. */
  readonly serviceIps: ReadonlyMap<string, string>;
  /** Of the map `node_ports`, keyed by protocol and port. */
  readonly nodePorts: ReadonlyMap<string, string>;
  /** Of the set `hairpins`: a pod that meets itself through its Service must get its answer through the node. */
  readonly hairpins: ReadonlyMap<string, ''>;
  /** Sets of clients that stay with a backend: a name and the seconds that they do. */
  readonly affinities: ReadonlyMap<string, number>;
}

/** What all Services' rules share. */
export interface RuleFacts {
  readonly clusterCidr: string;
}

/** The chain that marks a connection to get the node's address as its source. */
export const masqueradeChain = 'to_masquerade';
/** The chains for connections that nobody can answer: here, or only elsewhere. They are refused (or dropped) in the filter hooks. */
export const refuseChain = 'to_refuse';
export const dropChain = 'to_drop';

/** The fragment of a Service's ports. */
export function fragmentOf(ports: readonly TrafficPort[], facts: RuleFacts): Fragment {
  const chains = new Map<string, readonly string[]>();
  const serviceIps = new Map<string, string>();
  const nodePorts = new Map<string, string>();
  const affinities = new Map<string, number>();
  const hairpins = new Map<string, ''>();
  for (const port of ports) {
    const name = `${port.namespace}/${port.name}/${port.protocol}/${port.port}`;
    const at = (ip: string): string => `${ip} . ${port.protocol} . ${port.port}`;
    const outside = port.nodePort > 0 || port.externalIps.length > 0;
    const internal = `svc/${name}`;
    if (port.internal.length > 0) {
      const masquerade = `ip daddr ${port.clusterIp} ip saddr != ${facts.clusterCidr} jump ${masqueradeChain}`;
      chains.set(internal, [masquerade, ...balance(port, port.internal, name, affinities)]);
    }
    const served = new Set(outside ? [...port.internal, ...port.external] : port.internal);
    for (const backend of served) {
      hairpins.set(`${backend.ip} . ${backend.ip}`, '');
      if (port.affinitySeconds > 0) chains.set(endpointChain(name, backend), endpointRules(port, backend, name));
    }
    serviceIps.set(at(port.clusterIp), verdict(port.internal, port.internalElsewhere, internal));
    if (!outside) continue;
    const external = `ext/${name}`;
    if (port.external.length > 0) chains.set(external, externalRules(port, name, facts, internal, affinities));
    else if (port.externalElsewhere && port.internal.length > 0) chains.set(external, [...insideRules(facts, internal), 'drop']);
    const to = chains.has(external) ? `goto ${external}` : verdict(port.external, port.externalElsewhere, external);
    for (const ip of port.externalIps) serviceIps.set(at(ip), to);
    if (port.nodePort > 0) nodePorts.set(`${port.protocol} . ${port.nodePort}`, to);
  }
  return { chains, serviceIps, nodePorts, hairpins, affinities };
}

function verdict(backends: readonly Backend[], elsewhere: boolean, chain: string): string {
  if (backends.length > 0) return `goto ${chain}`;
  return elsewhere ? `goto ${dropChain}` : `goto ${refuseChain}`;
}

/** Pods and the node itself come from inside, whatever address they use: the policy for connections from outside is not theirs. */
function insideRules({ clusterCidr }: RuleFacts, internal: string): readonly string[] {
  return [
    `ip saddr ${clusterCidr} goto ${internal}`,
    `fib saddr type local jump ${masqueradeChain}`,
    `fib saddr type local goto ${internal}`,
  ];
}

function externalRules(
  port: TrafficPort,
  name: string,
  facts: RuleFacts,
  internal: string,
  affinities: Map<string, number>,
): readonly string[] {
  const allowed = port.sourceRanges.length === 0 ? [] : [`ip saddr != { ${port.sourceRanges.join(', ')} } drop`];
  if (!port.keepsSource) return [...allowed, `jump ${masqueradeChain}`, ...balance(port, port.external, name, affinities)];
  const inside = port.internal.length > 0 ? insideRules(facts, internal) : [];
  return [...allowed, ...inside, ...balance(port, port.external, name, affinities)];
}

const placeOf = ({ ip, port }: Backend): string => `${ip}/${port}`;
const endpointChain = (name: string, backend: Backend): string => `ep/${name}/${placeOf(backend)}`;
/** The name tells the seconds as well: a set cannot change its timeout. */
const affinitySet = (name: string, backend: Backend, seconds: number): string => `from/${seconds}/${name}/${placeOf(backend)}`;

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
    const to = `meta l4proto ${port.protocol} dnat ip to`;
    if (backends.length <= dealtOneByOne) {
      // Each takes its share of what the ones before it left.
      return backends.map(({ ip, port: at }, index) => {
        const left = backends.length - index;
        return `${left === 1 ? '' : `numgen random mod ${left} 0 `}${to} ${ip}:${at}`;
      });
    }
    return [
      `${to} numgen random mod ${backends.length} map { ${deal(
        backends.map(({ ip, port: at }) => `${ip} . ${at}`),
        ', ',
      )} }`,
    ];
  }
  for (const backend of backends) affinities.set(affinitySet(name, backend, port.affinitySeconds), port.affinitySeconds);
  const chains = backends.map((backend) => endpointChain(name, backend));
  const remembered = backends.map(
    (backend, index) => `ip saddr @${affinitySet(name, backend, port.affinitySeconds)} goto ${chains[index]}`,
  );
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
    `update @${affinitySet(name, backend, port.affinitySeconds)} { ip saddr }`,
    `meta l4proto ${port.protocol} dnat ip to ${backend.ip}:${backend.port}`,
  ];
}
