// Owns what a Service means for traffic on one node: each port with the addresses it is reached at and the endpoints that may answer. Pure.
import type { Service, ServiceSpec } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import { formatAddress, formatCidr, parseAddress, parseCidr } from '../api/ip-address.ts';

/** The node that traffic is decided for. */
export interface NodePlace {
  readonly name: string;
  /** The node's `topology.kubernetes.io/zone`, where it has one. */
  readonly zone: string | undefined;
}

/** Where a connection may end. */
export interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** An IP family, in the word that nftables has for it. */
export type Family = 'ip' | 'ip6';

/** One port of a Service in one family: all its addresses are of that one. Backends are in order of address. */
export interface TrafficPort {
  readonly family: Family;
  readonly namespace: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly clusterIp: string;
  /** 0 where it has none. */
  readonly nodePort: number;
  readonly externalIps: readonly string[];
  /** Those of a load balancer that hands connections through. */
  readonly balancerIps: readonly string[];
  /** Whose connections to the load balancer's addresses are taken; empty: everyone's. */
  readonly sourceRanges: readonly string[];
  /** Seconds for which a client stays with a backend; 0: it does not. */
  readonly affinitySeconds: number;
  /** Who answers connections to the cluster address. */
  readonly internal: readonly Backend[];
  /** Who answers connections from outside. */
  readonly external: readonly Backend[];
  /** Who answers pods and the node themselves at the addresses for outside, whatever the policies are. */
  readonly cluster: readonly Backend[];
  /** Whether a node without backends drops connections instead of refusing them: elsewhere there are some. */
  readonly internalElsewhere: boolean;
  readonly externalElsewhere: boolean;
  /** Whether the client's address must be kept for connections from outside. */
  readonly keepsSource: boolean;
}

/** The family of an address or a range. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip';
}

/** One spelling for each address and range: the kernel knows numbers, and takes none of them twice. What is neither is left out. */
function spelled(text: string): readonly string[] {
  const [address, range] = text.includes('/') ? [undefined, parseCidr(text.trim())] : [parseAddress(text.trim()), undefined];
  if (address !== undefined) return [formatAddress(address)];
  return range === undefined ? [] : [formatCidr(range)];
}

/** The ports of a Service that a node deals with, those of its first family first; none for headless ones and ExternalName. */
export function trafficPorts(service: Service, slices: readonly EndpointSlice[], node: NodePlace): readonly TrafficPort[] {
  const { spec } = service;
  if (spec === undefined || spec.type === 'ExternalName') return [];
  const clusterIps = (spec.clusterIPs ?? [spec.clusterIP ?? '']).flatMap(spelled);
  return clusterIps.flatMap((clusterIp) => portsOf(service, spec, clusterIp, slices, node));
}

function portsOf(
  { metadata, status }: Service,
  spec: ServiceSpec,
  clusterIp: string,
  slices: readonly EndpointSlice[],
  node: NodePlace,
): readonly TrafficPort[] {
  const family = familyOf(clusterIp);
  const ofFamily = (all: readonly string[] | undefined): readonly string[] =>
    [...new Set(all?.flatMap(spelled))].filter((one) => familyOf(one) === family);
  const ingress = spec.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : [];
  const externalIps = ofFamily(spec.externalIPs);
  const own = slices.filter(({ addressType }) => addressType === (family === 'ip' ? 'IPv4' : 'IPv6'));
  return (spec.ports ?? []).map((port) => {
    const found = own.flatMap((slice) => endpointsOf(slice, port.name ?? '', port.protocol ?? 'TCP'));
    const everywhere = usable(found);
    const cluster = backendsOf(closest(everywhere, node));
    const local = usable(found.filter(({ endpoint }) => endpoint.nodeName === node.name));
    const here = backendsOf(local);
    const internalLocal = spec.internalTrafficPolicy === 'Local';
    const isOpen = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
    const externalLocal = spec.externalTrafficPolicy === 'Local' && isOpen;
    return {
      family,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      protocol: (port.protocol ?? 'TCP').toLowerCase() as TrafficPort['protocol'],
      port: port.port,
      clusterIp,
      nodePort: spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? (port.nodePort ?? 0) : 0,
      externalIps,
      balancerIps: ofFamily(ingress.flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== 'Proxy' ? [ip] : []))),
      sourceRanges: ofFamily(spec.type === 'LoadBalancer' ? spec.loadBalancerSourceRanges : []),
      affinitySeconds: affinityOf(spec),
      internal: internalLocal ? here : cluster,
      external: externalLocal ? here : cluster,
      cluster,
      internalElsewhere: internalLocal && here.length === 0 && everywhere.length > 0,
      externalElsewhere: externalLocal && here.length === 0 && everywhere.length > 0,
      keepsSource: externalLocal,
    };
  });
}

function affinityOf({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): number {
  return sessionAffinity === 'ClientIP' ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : 0;
}

interface Found {
  readonly endpoint: Endpoint;
  readonly backend: Backend;
}

function endpointsOf({ endpoints, ports }: EndpointSlice, portName: string, protocol: string): readonly Found[] {
  const port = ports?.find((one) => (one.name ?? '') === portName && (one.protocol ?? 'TCP') === protocol)?.port;
  if (port === undefined) return [];
  return (endpoints ?? []).flatMap((endpoint) =>
    endpoint.addresses
      .slice(0, 1)
      .flatMap(spelled)
      .map((ip) => ({ endpoint, backend: { ip, port } })),
  );
}

const isReady = ({ endpoint }: Found): boolean => endpoint.conditions?.ready ?? true;

/** Those that are ready; where none is, those that still serve while they end, so that a rollout drops nothing. */
function usable(found: readonly Found[]): readonly Found[] {
  const ready = found.filter(isReady);
  if (ready.length > 0) return ready;
  return found.filter(({ endpoint: { conditions } }) => (conditions?.serving ?? true) && conditions?.terminating === true);
}

/**
 * Those that the hints give to this node, else to its zone; all where any endpoint has no hint of that sort or none is meant for here, and where only
 * such are left that end.
 */
function closest(found: readonly Found[], { name, zone }: NodePlace): readonly Found[] {
  const hinted = (pick: (endpoint: Endpoint) => readonly { readonly name: string }[] | undefined, wanted: string): readonly Found[] => {
    if (!found.every((one) => isReady(one) && (pick(one.endpoint)?.length ?? 0) > 0)) return [];
    return found.filter(({ endpoint }) => pick(endpoint)?.some((one) => one.name === wanted));
  };
  const forNode = hinted(({ hints }) => hints?.forNodes, name);
  if (forNode.length > 0) return forNode;
  const forZone = zone === undefined ? [] : hinted(({ hints }) => hints?.forZones, zone);
  return forZone.length > 0 ? forZone : found;
}

function backendsOf(found: readonly Found[]): readonly Backend[] {
  const byPlace = new Map(found.map(({ backend }) => [`${backend.ip}:${backend.port}`, backend]));
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
}
