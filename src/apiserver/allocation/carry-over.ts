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

function keepNodePorts(ports: readonly ServicePort[], old: readonly ServicePort[]): readonly ServicePort[] {
  const used = new Set(ports.map((port) => port.nodePort ?? 0));
  return ports.map((port) => {
    if (port.nodePort) return port;
    const former = old.find((one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))?.nodePort;
    if (!former || used.has(former)) return port;
    used.add(former);
    return { ...port, nodePort: former };
  });
}

function without(spec: ServiceSpec, ...fields: readonly (keyof ServiceSpec)[]): ServiceSpec {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !fields.includes(field as keyof ServiceSpec))) as ServiceSpec;
}

/** The new spec with the old one's addresses and ports where the writer named none. */
export function carriedOver(next: ServiceSpec, old: ServiceSpec): ServiceSpec {
  let spec = next;
  if (needsClusterIP(next) && needsClusterIP(old)) {
    const sameIPs = sameValue(next.clusterIPs ?? [], old.clusterIPs ?? []);
    if (!spec.clusterIP && (sameIPs || !spec.clusterIPs?.length)) {
      spec = {
        ...spec,
        ...(old.clusterIP === undefined ? {} : { clusterIP: old.clusterIP }),
        ...(old.clusterIPs === undefined ? {} : { clusterIPs: old.clusterIPs }),
      };
    } else if (spec.clusterIP && spec.clusterIP !== old.clusterIP && sameIPs) spec = { ...spec, clusterIPs: [spec.clusterIP] };
    else if (spec.clusterIP === old.clusterIP && !spec.clusterIPs?.length && old.clusterIPs !== undefined)
      spec = { ...spec, clusterIPs: old.clusterIPs };
    if (spec.ipFamilies === undefined && old.ipFamilies !== undefined) spec = { ...spec, ipFamilies: old.ipFamilies };
    if (spec.ipFamilyPolicy === undefined && old.ipFamilyPolicy !== undefined) spec = { ...spec, ipFamilyPolicy: old.ipFamilyPolicy };
  } else if (needsClusterIP(old)) {
    if (sameValue(next.clusterIPs ?? [], old.clusterIPs ?? []) && next.clusterIP === old.clusterIP)
      spec = without(spec, 'clusterIP', 'clusterIPs');
    if (sameValue(next.ipFamilies, old.ipFamilies)) spec = without(spec, 'ipFamilies');
    if (next.ipFamilyPolicy === old.ipFamilyPolicy) spec = without(spec, 'ipFamilyPolicy');
  } else if (spec.clusterIP && !spec.clusterIPs?.length) spec = { ...spec, clusterIPs: [spec.clusterIP] };
  if (allocatesNodePorts(next) && allocatesNodePorts(old)) spec = { ...spec, ports: keepNodePorts(spec.ports ?? [], old.ports ?? []) };
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
