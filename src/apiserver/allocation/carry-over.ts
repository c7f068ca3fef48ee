// Owns what a Service keeps over an update whose writer left it out, and what it loses when its type no longer has it. Pure; upstream's rules.
import type { ServicePort, ServiceSpec } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { needsClusterIP } from './ip-families.ts';

/** True where ports without a node port get one. */
export function allocatesNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

/** True where the type may have node ports. */
export function mayHaveNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer';
}

/** True where a port for health checks is given. */
export function needsHealthCheckPort(spec: ServiceSpec): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** A port that names no node port keeps the one that the port of its name had, unless another port asks for that. */
function keepNodePorts(ports: readonly ServicePort[], old: readonly ServicePort[]): readonly ServicePort[] {
  const used = new Set(ports.map((port) => port.nodePort ?? 0));
  const byName = new Map(old.map((port) => [port.name ?? '', port.nodePort]));
  return ports.map((port) => {
    const former = port.nodePort ? undefined : byName.get(port.name ?? '');
    return !former || used.has(former) ? port : { ...port, nodePort: former };
  });
}

function without(spec: ServiceSpec, ...fields: readonly (keyof ServiceSpec)[]): ServiceSpec {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !fields.includes(field as keyof ServiceSpec))) as ServiceSpec;
}

/** The new spec with the old one's addresses and ports where the writer named none. */
export function carriedOver(next: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let spec = next;
  if (needsClusterIP(next) && needsClusterIP(old)) {
    const clusterIP = next.clusterIP || old.clusterIP;
    const had = old.clusterIPs ?? [];
    const clusterIPs = next.clusterIPs?.length ? next.clusterIPs : had;
    // A client that knows one address only has changed that one.
    const followed = clusterIP !== undefined && clusterIP !== old.clusterIP && sameValue(clusterIPs, had) ? [clusterIP] : clusterIPs;
    if (clusterIP !== undefined) spec = { ...spec, clusterIP, clusterIPs: followed };
  } else if (needsClusterIP(old)) {
    if (sameValue(next.clusterIPs ?? [], old.clusterIPs ?? []) && next.clusterIP === old.clusterIP)
      spec = without(spec, 'clusterIP', 'clusterIPs');
    if (sameValue(next.ipFamilies, old.ipFamilies)) spec = without(spec, 'ipFamilies');
    if (next.ipFamilyPolicy === old.ipFamilyPolicy) spec = without(spec, 'ipFamilyPolicy');
  } else if (spec.clusterIP && !spec.clusterIPs?.length) spec = { ...spec, clusterIPs: [spec.clusterIP] };
  if (mayHaveNodePorts(next) && mayHaveNodePorts(old)) spec = { ...spec, ports: keepNodePorts(spec.ports ?? [], old.ports ?? []) };
  else if (mayHaveNodePorts(old) && !mayHaveNodePorts(next)) {
    const before = new Set((old.ports ?? []).map((port) => port.nodePort));
    if ((spec.ports ?? []).every((port) => !port.nodePort || before.has(port.nodePort)))
      spec = { ...spec, ports: (spec.ports ?? []).map(({ nodePort: _, ...port }) => port) };
  }
  if (needsHealthCheckPort(old)) {
    if (needsHealthCheckPort(spec)) {
      if (!spec.healthCheckNodePort && old.healthCheckNodePort) spec = { ...spec, healthCheckNodePort: old.healthCheckNodePort };
    } else if (spec.healthCheckNodePort === old.healthCheckNodePort) spec = without(spec, 'healthCheckNodePort');
  }
  if (spec.ports !== undefined && spec.ports.length === 0 && next.ports === undefined) spec = without(spec, 'ports');
  return spec;
}
