// Owns the validation of Services, as far as it needs no allocation of addresses and ports, and what a change of type takes away.
import { isIP } from 'node:net';
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName, checkOneOf } from '../field-checks.ts';
import { parseAddress } from '../ip-address.ts';
import { checkEndpointIp, checkIp } from '../ip-checks.ts';
import { labelCauses } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors } from '../names.ts';
import { checkPortsTogether, checkServicePorts } from './service-port-validation.ts';
import {
  checkLoadBalancer,
  checkLoadBalancerClass,
  checkSessionAffinity,
  checkTraffic,
  needsHealthCheck,
} from './service-traffic-validation.ts';
import type { Service, ServiceSpec } from './v1.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const oldHints = 'service.kubernetes.io/topology-aware-hints';
const mode = 'service.kubernetes.io/topology-mode';

function checkClusterIps(spec: ServiceSpec, out: Causes): void {
  const { clusterIP = '', clusterIPs = [], type } = spec;
  const at = 'spec.clusterIPs';
  if (type === 'ExternalName') {
    if (clusterIP !== '' || clusterIPs.length > 0) out.push(forbiddenValue(at, 'may not be set for ExternalName services'));
    return;
  }
  if (clusterIP === '' && clusterIPs.length > 0) out.push(invalidValue(at, clusterIPs, 'must be empty when `clusterIP` is not specified'));
  else if (clusterIP !== '' && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP)
    out.push(invalidValue(at, clusterIPs, 'first value must match `clusterIP`'));
  const list = clusterIPs.length > 0 ? clusterIPs : clusterIP === '' ? [] : [clusterIP];
  if (list.length > 2) out.push(invalidValue(at, list, 'may only hold up to 2 values'));
  for (const [index, ip] of list.entries()) {
    if (ip === 'None') {
      if (type === 'LoadBalancer' || type === 'NodePort')
        out.push(invalidValue(`${at}[${index}]`, ip, `may not be set to 'None' for ${type} services`));
      else if (list.length > 1)
        out.push(invalidValue(`${at}[${index}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
    } else checkIp(ip, `${at}[${index}]`, out);
  }
  const families = list.map((ip) => isIP(ip)).filter((family) => family !== 0);
  if (families.length > 1 && new Set(families).size < families.length)
    out.push(invalidValue(at, list, 'may specify no more than one IP for each IP family'));
}

function checkFamilies({ ipFamilies = [], ipFamilyPolicy, type }: ServiceSpec, out: Causes): void {
  if (type === 'ExternalName') return;
  const seen = new Set<string>();
  for (const [index, family] of ipFamilies.entries()) {
    checkOneOf(family, ['IPv4', 'IPv6'], `spec.ipFamilies[${index}]`, out);
    if (seen.has(family)) out.push(duplicate(`spec.ipFamilies[${index}]`, family));
    seen.add(family);
  }
  if (ipFamilyPolicy !== undefined)
    checkOneOf(ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], 'spec.ipFamilyPolicy', out);
}

function checkTopology({ metadata }: Service, out: Causes): void {
  const before = metadata.annotations?.[oldHints];
  const after = metadata.annotations?.[mode];
  if (before !== undefined && after !== undefined && before !== after)
    out.push(invalidValue(`metadata.annotations[${mode}]`, after, `must match annotations[${oldHints}] when both are specified`));
}

function checkExternalName({ externalName = '', ipFamilies = [], ipFamilyPolicy }: ServiceSpec, out: Causes): void {
  const why = 'may not be set for ExternalName services';
  if (ipFamilies.length > 0) out.push(forbiddenValue('spec.ipFamilies', why));
  if (ipFamilyPolicy !== undefined) out.push(forbiddenValue('spec.ipFamilyPolicy', why));
  const name = externalName.replace(/\.$/, '');
  if (name === '') out.push(required('spec.externalName'));
  else checkName(dnsSubdomainErrors(name), name, 'spec.externalName', out);
}

/** Complaints about a service beyond its metadata. */
export function serviceCauses(service: Service): StatusCause[] {
  const out: Causes = [];
  const { spec = {} } = service;
  const { type = '', ports = [], clusterIP, clusterIPs } = spec;
  checkTopology(service, out);
  const headless = (clusterIPs ?? (clusterIP ? [clusterIP] : []))[0] === 'None';
  if (ports.length === 0 && !headless && type !== 'ExternalName') out.push(required('spec.ports'));
  if (type === 'ExternalName') checkExternalName(spec, out);
  checkServicePorts(ports, out);
  out.push(...labelCauses(spec.selector, 'spec.selector'));
  checkSessionAffinity(spec, out);
  checkClusterIps(spec, out);
  checkFamilies(spec, out);
  for (const [index, ip] of (spec.externalIPs ?? []).entries())
    if (checkIp(ip, `spec.externalIPs[${index}]`, out)) checkEndpointIp(ip, `spec.externalIPs[${index}]`, out);
  if (type === ('' as string)) out.push(required('spec.type'));
  else if (!types.includes(type)) out.push(notSupported('spec.type', type, types));
  checkPortsTogether(spec, out);
  checkLoadBalancer(service, out);
  checkLoadBalancerClass(spec, undefined, out);
  checkTraffic(spec, out);
  return out;
}

/** Complaints about a changed service: its addresses stay unless its type changes, so do its load balancer and the port for health checks. */
export function serviceUpdateCauses(next: Service, old: Service): StatusCause[] {
  const out: Causes = [];
  const before = old.spec ?? {};
  const after = next.spec ?? {};
  const ipsOf = ({ clusterIPs, clusterIP }: ServiceSpec): readonly string[] => clusterIPs ?? (clusterIP ? [clusterIP] : []);
  const addressed = before.type !== 'ExternalName' && after.type !== 'ExternalName';
  const [was, is] = [ipsOf(before), ipsOf(after)];
  if (addressed && was[0] !== undefined && is[0] !== undefined && was[0] !== is[0])
    out.push(invalidValue('spec.clusterIPs[0]', is, 'may not change once set'));
  checkLoadBalancerClass(after, before, out);
  if (needsHealthCheck(before) && needsHealthCheck(after) && before.healthCheckNodePort !== after.healthCheckNodePort)
    out.push(forbiddenValue('spec.healthCheckNodePort', 'field is immutable'));
  return [...out, ...serviceCauses(next)];
}

/** Complaints about where a load balancer makes a service reachable. */
export function serviceStatusCauses({ spec, status }: Service): StatusCause[] {
  const out: Causes = [];
  const ingress = status?.loadBalancer?.ingress ?? [];
  const at = 'status.loadBalancer.ingress';
  if (spec?.type !== 'LoadBalancer' && ingress.length > 0)
    return [forbiddenValue(at, "may only be used when `spec.type` is 'LoadBalancer'")];
  for (const [index, { ip = '', ipMode, hostname = '' }] of ingress.entries()) {
    const here = `${at}[${index}]`;
    if (ip !== '') checkIp(ip, `${here}.ip`, out);
    if (ip !== '' && ipMode === undefined) out.push(required(`${here}.ipMode`, 'must be specified when `ip` is set'));
    else if (ip === '' && ipMode !== undefined) out.push(forbiddenValue(`${here}.ipMode`, 'may not be specified when `ip` is not set'));
    else if (ipMode !== undefined) checkOneOf(ipMode, ['Proxy', 'VIP'], `${here}.ipMode`, out);
    if (hostname === '') continue;
    checkName(dnsSubdomainErrors(hostname), hostname, `${here}.hostname`, out);
    if (parseAddress(hostname) !== undefined) out.push(invalidValue(`${here}.hostname`, hostname, 'must be a DNS name, not an IP address'));
  }
  return out;
}

/** Fields that only the old type had go with it, where the writer left them as they were. */
export function withoutStaleFields(next: Service, old: Service): Service {
  if (next.spec === undefined || old.spec === undefined || next.spec.type === old.spec.type) return next;
  const dropped: Record<string, unknown> = { ...next.spec };
  const stale = (field: keyof ServiceSpec, needed: boolean): void => {
    if (!needed && sameValue(next.spec?.[field], old.spec?.[field])) delete dropped[field];
  };
  const type = next.spec.type;
  const addressed = type !== 'ExternalName';
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] as const)
    stale(field, addressed);
  stale('externalTrafficPolicy', type === 'NodePort' || type === 'LoadBalancer');
  stale('healthCheckNodePort', type === 'LoadBalancer');
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerSourceRanges'] as const)
    stale(field, type === 'LoadBalancer');
  const ports =
    type === 'NodePort' || type === 'LoadBalancer' ? next.spec.ports : next.spec.ports?.map(({ nodePort: _port, ...port }) => port);
  return { ...next, spec: { ...(dropped as ServiceSpec), ...(ports === undefined ? {} : { ports }) } };
}
