// Owns what a Service means for traffic on one node: each port with the addresses it is reached at and the endpoints that may answer. Pure.
import type { Service, ServiceSpec } from '../api/core/v1.ts';
import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';

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

/** One port of a Service in one family. Backends are in order of address. */
export interface TrafficPort {
  readonly namespace: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
  readonly clusterIp: string;
  /** 0 where it has none. */
  readonly nodePort: number;
  /** External addresses and those of a load balancer that hands connections through. */
  readonly externalIps: readonly string[];
  /** Whose connections from outside are taken; empty: everyone's. */
  readonly sourceRanges: readonly string[];
  /** Seconds for which a client stays with a backend; 0: it does not. */
  readonly affinitySeconds: number;
  /** Who answers connections to the cluster address. */
  readonly internal: readonly Backend[];
  /** Who answers connections from outside. */
  readonly external: readonly Backend[];
  /** Whether a node without backends drops connections instead of refusing them: elsewhere there are some. */
  readonly internalElsewhere: boolean;
  readonly externalElsewhere: boolean;
  /** Whether the client's address must be kept for connections from outside. */
  readonly keepsSource: boolean;
}

const isIpv4 = (address: string): boolean => !address.includes(':');

/** The ports of a Service that a node deals with; none for headless ones and ExternalName. */
export function trafficPorts(service: Service, slices: readonly EndpointSlice[], node: NodePlace): readonly TrafficPort[] {
  const { spec, metadata, status } = service;
  const clusterIp = (spec?.clusterIPs ?? [spec?.clusterIP ?? '']).find((ip) => ip !== '' && ip !== 'None' && isIpv4(ip));
  if (spec === undefined || spec.type === 'ExternalName' || clusterIp === undefined) return [];
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== 'Proxy' ? [ip] : []));
  const externalIps = [...new Set([...(spec.externalIPs ?? []), ...(spec.type === 'LoadBalancer' ? balancers : [])])].filter(isIpv4);
  return (spec.ports ?? []).map((port) => {
    const found = slices.flatMap((slice) => endpointsOf(slice, port.name ?? '', port.protocol ?? 'TCP'));
    const everywhere = usable(found);
    const near = closest(everywhere, node);
    const here = usable(found.filter(({ endpoint }) => endpoint.nodeName === node.name));
    const internalLocal = spec.internalTrafficPolicy === 'Local';
    const externalLocal = spec.externalTrafficPolicy === 'Local' && spec.type !== 'ClusterIP';
    return {
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      protocol: (port.protocol ?? 'TCP').toLowerCase() as TrafficPort['protocol'],
      port: port.port,
      clusterIp,
      nodePort: spec.type === 'NodePort' || spec.type === 'LoadBalancer' ? (port.nodePort ?? 0) : 0,
      externalIps,
      sourceRanges: spec.type === 'LoadBalancer' ? (spec.loadBalancerSourceRanges ?? []).filter(isIpv4) : [],
      affinitySeconds: affinityOf(spec),
      internal: backendsOf(internalLocal ? here : near),
      external: backendsOf(externalLocal ? here : near),
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

function endpointsOf({ addressType, endpoints, ports }: EndpointSlice, portName: string, protocol: string): readonly Found[] {
  const port = ports?.find((one) => (one.name ?? '') === portName && (one.protocol ?? 'TCP') === protocol)?.port;
  if (addressType !== 'IPv4' || port === undefined) return [];
  return (endpoints ?? []).flatMap((endpoint) => endpoint.addresses.slice(0, 1).map((ip) => ({ endpoint, backend: { ip, port } })));
}

/** Those that are ready; where none is, those that still serve while they end, so that a rollout drops nothing. */
function usable(found: readonly Found[]): readonly Found[] {
  const ready = found.filter(({ endpoint }) => endpoint.conditions?.ready ?? true);
  if (ready.length > 0) return ready;
  return found.filter(({ endpoint: { conditions } }) => (conditions?.serving ?? true) && conditions?.terminating === true);
}

/** Those that the hints give to this node, else to its zone; all where any endpoint has no hint of that sort or none is meant for here. */
function closest(found: readonly Found[], { name, zone }: NodePlace): readonly Found[] {
  const hinted = (pick: (endpoint: Endpoint) => readonly { readonly name: string }[] | undefined, wanted: string): readonly Found[] => {
    if (!found.every(({ endpoint }) => (pick(endpoint)?.length ?? 0) > 0)) return [];
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
