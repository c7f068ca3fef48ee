// Owns the validation of Services, as far as it needs no allocation of addresses and ports.
import { isIP } from 'node:net';
import { duplicate, forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkDnsLabel, checkName, checkOneOf, checkPort } from '../field-checks.ts';
import { checkIp } from '../ip-checks.ts';
import { labelCauses } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, qualifiedNameErrors } from '../names.ts';
import { checkPortOrName } from './probe-validation.ts';
import type { Service, ServicePort, ServiceSpec } from './v1.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

/** A port as Go prints it. */
function goPort(port: ServicePort, targetPort: number | string): unknown {
  return {
    Name: port.name ?? '',
    Protocol: port.protocol ?? '',
    AppProtocol: port.appProtocol ?? null,
    Port: port.port,
    TargetPort: targetPort,
    NodePort: port.nodePort ?? 0,
  };
}

function checkPorts(spec: ServiceSpec, out: Causes): void {
  const ports = spec.ports ?? [];
  const headless = (spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []))[0] === 'None';
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') out.push(required('spec.ports'));
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    const name = port.name ?? '';
    if (ports.length > 1 && name === '') out.push(required(`${at}.name`));
    else if (name !== '') {
      checkDnsLabel(name, `${at}.name`, out);
      if (names.has(name)) out.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    checkPort(port.port, `${at}.port`, out);
    if (!port.protocol) out.push(required(`${at}.protocol`));
    else checkOneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], `${at}.protocol`, out);
    checkPortOrName(port.targetPort ?? 0, `${at}.targetPort`, out);
    if (port.appProtocol !== undefined) checkName(qualifiedNameErrors(port.appProtocol), port.appProtocol, `${at}.appProtocol`, out);
    if (
      headless &&
      typeof port.targetPort === 'number' &&
      port.targetPort !== port.port &&
      spec.type !== 'ExternalName' &&
      spec.clusterIP === 'None'
    )
      continue;
  }
  const seen = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const key = `${port.protocol}/${port.port}`;
    if (seen.has(key))
      out.push(duplicate(`spec.ports[${index}]`, goPort({ name: '', protocol: port.protocol, port: port.port } as ServicePort, 0)));
    seen.add(key);
  }
  if (spec.type !== 'ClusterIP' && spec.type !== undefined && spec.type !== 'ExternalName') return;
  for (const [index, port] of ports.entries())
    if (port.nodePort) out.push(forbiddenValue(`spec.ports[${index}].nodePort`, `may not be used when \`type\` is '${spec.type}'`));
}

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
    } else if (/^0\d|\.0\d/.test(ip) && /^[\d.]+$/.test(ip)) out.push(invalidValue(`${at}[${index}]`, ip, 'must not have leading 0s'));
    else checkIp(ip, `${at}[${index}]`, out);
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

function checkTraffic(spec: ServiceSpec, out: Causes): void {
  const { type, externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: health } = spec;
  const outside = type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0);
  if (external) {
    if (!outside) out.push(invalidValue('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services'));
    else checkOneOf(external, ['Cluster', 'Local'], 'spec.externalTrafficPolicy', out);
  }
  if (health && (type !== 'LoadBalancer' || external !== 'Local'))
    out.push(
      invalidValue(
        'spec.healthCheckNodePort',
        health,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  if (internal !== undefined) checkOneOf(internal, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', out);
}

function checkLoadBalancer(spec: ServiceSpec, out: Causes): void {
  if (spec.type === 'LoadBalancer') {
    const name = spec.loadBalancerClass;
    if (name !== undefined) checkName(qualifiedNameErrors(name), name, 'spec.loadBalancerClass', out);
    return;
  }
  const why = "may only be used when `type` is 'LoadBalancer'";
  if ((spec.loadBalancerSourceRanges ?? []).length > 0) out.push(forbiddenValue('spec.LoadBalancerSourceRanges', why));
  if (spec.allocateLoadBalancerNodePorts !== undefined) out.push(forbiddenValue('spec.allocateLoadBalancerNodePorts', why));
  if (spec.loadBalancerClass !== undefined) out.push(forbiddenValue('spec.loadBalancerClass', why));
}

/** Complaints about a service beyond its metadata. */
export function serviceCauses({ spec = {} }: Service): StatusCause[] {
  const out: Causes = [];
  const { type = '' } = spec;
  checkPorts(spec, out);
  if (type === '') out.push(required('spec.type'));
  else if (!types.includes(type)) out.push(notSupported('spec.type', type, types));
  if (type === 'ExternalName') {
    const name = spec.externalName ?? '';
    if (name === '') out.push(required('spec.externalName'));
    else checkName(dnsSubdomainErrors(name.replace(/\.$/, '')), name, 'spec.externalName', out);
  }
  checkClusterIps(spec, out);
  out.push(...labelCauses(spec.selector, 'spec.selector'));
  const affinity = spec.sessionAffinity ?? '';
  if (affinity === '') out.push(required('spec.sessionAffinity'));
  else checkOneOf(affinity, ['ClientIP', 'None'], 'spec.sessionAffinity', out);
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (affinity === 'ClientIP' && timeout !== undefined && (timeout <= 0 || timeout > 86_400))
    out.push(invalidValue('spec.sessionAffinityConfig.clientIP.timeoutSeconds', timeout, 'must be greater than 0 and less than 86400'));
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) checkIp(ip, `spec.externalIPs[${index}]`, out);
  checkFamilies(spec, out);
  checkTraffic(spec, out);
  checkLoadBalancer(spec, out);
  return out;
}

/** Addresses of a Service stay, unless its type changes. */
export function serviceUpdateCauses(next: Service, old: Service): StatusCause[] {
  const out = serviceCauses(next);
  const before = old.spec?.clusterIPs ?? (old.spec?.clusterIP ? [old.spec.clusterIP] : []);
  const after = next.spec?.clusterIPs ?? (next.spec?.clusterIP ? [next.spec.clusterIP] : []);
  const addressed = old.spec?.type !== 'ExternalName' && next.spec?.type !== 'ExternalName';
  if (addressed && before[0] !== undefined && after[0] !== undefined && !sameValue(before[0], after[0]))
    out.push(invalidValue('spec.clusterIPs[0]', after, 'may not change once set'));
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
  stale('externalName', type === 'ExternalName');
  stale('externalTrafficPolicy', type === 'NodePort' || type === 'LoadBalancer');
  stale('healthCheckNodePort', type === 'LoadBalancer');
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass', 'loadBalancerSourceRanges'] as const)
    stale(field, type === 'LoadBalancer');
  const ports =
    type === 'NodePort' || type === 'LoadBalancer' ? next.spec.ports : next.spec.ports?.map(({ nodePort: _port, ...port }) => port);
  return { ...next, spec: { ...(dropped as ServiceSpec), ...(ports === undefined ? {} : { ports }) } };
}
