// Owns the validation of Services, as far as it needs no allocation of addresses and ports, and what a change of type takes away.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
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

/** Addresses as far as allocation leaves them to be judged: none for an alias, no headless one with ports on nodes or a load balancer. */
function checkClusterIps({ clusterIP = '', clusterIPs = [], type }: ServiceSpec, out: Causes): void {
  if (type === 'ExternalName' && (clusterIP !== '' || clusterIPs.length > 0))
    out.push(forbiddenValue('spec.clusterIPs', 'may not be set for ExternalName services'));
  if ((type === 'LoadBalancer' || type === 'NodePort') && clusterIPs[0] === 'None')
    out.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
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

const isHeadless = ({ clusterIPs = [] }: ServiceSpec): boolean => clusterIPs.length === 1 && clusterIPs[0] === 'None';

/** The first address stays; a second one may come and, with the policy for it, go. */
function checkSameIps(after: ServiceSpec, before: ServiceSpec, out: Causes): void {
  if (isHeadless(after) && isHeadless(before)) return;
  const [was, is] = [before.clusterIPs ?? [], after.clusterIPs ?? []];
  const at = 'spec.clusterIPs';
  const compared = was.length === is.length ? was.length : Math.min(was.length, is.length, 1);
  for (const [index, ip] of was.slice(0, compared).entries())
    if (ip !== is[index]) out.push(invalidValue(`${at}[${index}]`, is, 'may not change once set'));
  if (was.length <= is.length) return;
  if (is.length === 0) out.push(invalidValue(`${at}[0]`, after.clusterIPs ?? null, 'primary clusterIP can not be unset'));
  else if (after.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    out.push(invalidValue('spec.ipFamilyPolicy', after.ipFamilyPolicy ?? null, why));
  }
}

/** So does the first family, unless there are no addresses. Some refusals show the addresses, as upstream's do. */
function checkSameFamilies(after: ServiceSpec, before: ServiceSpec, out: Causes): void {
  if (isHeadless(after) || isHeadless(before)) return;
  const [was, is]: (readonly string[])[] = [before.ipFamilies ?? [], after.ipFamilies ?? []];
  if (was === undefined || is === undefined) return;
  const at = 'spec.ipFamilies[0]';
  if (was.length === is.length) {
    for (const [index, family] of was.entries()) if (family !== is[index]) out.push(invalidValue(at, is, 'may not change once set'));
    return;
  }
  const moved = was.length > 0 && is.length > 0 && was[0] !== is[0];
  if (was.length > is.length && (after.clusterIPs ?? []).length === 0)
    out.push(invalidValue(at, after.ipFamilies ?? null, 'primary ipFamily can not be unset'));
  if (moved) out.push(invalidValue(at, after.clusterIPs ?? null, 'may not change once set'));
  if (was.length > is.length && is.length === 1 && after.ipFamilyPolicy !== 'SingleStack') {
    const why = "must be set to 'SingleStack' when releasing the secondary ipFamily";
    out.push(invalidValue('spec.ipFamilyPolicy', after.ipFamilyPolicy ?? null, why));
  }
}

/** Complaints about a changed service: its addresses stay unless its type changes, so do its load balancer and the port for health checks. */
export function serviceUpdateCauses(next: Service, old: Service): StatusCause[] {
  const out: Causes = [];
  const before = old.spec ?? {};
  const after = next.spec ?? {};
  if (before.type !== 'ExternalName' && after.type !== 'ExternalName') {
    checkSameIps(after, before, out);
    checkSameFamilies(after, before, out);
  }
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
