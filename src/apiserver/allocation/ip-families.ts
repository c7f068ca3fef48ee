// Owns the fields of a Service about IP families and cluster IPs on a cluster with IPv4 alone: what is filled in, and what is refused. Pure.
import { isIP } from 'node:net';
import { duplicate, invalidValue, notSupported, required } from '../../api/causes.ts';
import type { ServiceSpec } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';

const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** True where the type has cluster IPs at all. */
export function needsClusterIP(spec: ServiceSpec): boolean {
  return spec.type !== 'ExternalName';
}

export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None';
}

function badIP(field: string, ip: string): StatusCause | undefined {
  if (isIP(ip) !== 0) return undefined;
  const zeros = /^\d+(\.\d+){3}$/.test(ip) && ip.split('.').every((part) => Number(part) < 256);
  return invalidValue(field, ip, zeros ? 'must not have leading 0s' : 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
}

/** What is wrong with the fields among themselves, whatever the cluster is like. */
export function clusterIPCauses(spec: ServiceSpec): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const ips = spec.clusterIPs ?? [];
  if (!spec.clusterIP) {
    if (ips.length > 0) causes.push(invalidValue('spec.clusterIPs', ips, 'must be empty when `clusterIP` is not specified'));
  } else if (ips.length === 0) causes.push(required('spec.clusterIPs'));
  else if (ips[0] !== spec.clusterIP) causes.push(invalidValue('spec.clusterIPs', ips, 'first value must match `clusterIP`'));
  const seen = new Set<string>();
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (!families.includes(family)) causes.push(notSupported(`spec.ipFamilies[${index}]`, family, families));
    if (seen.has(family)) causes.push(duplicate(`spec.ipFamilies[${index}]`, family));
    seen.add(family);
  }
  if (spec.ipFamilyPolicy !== undefined && !policies.includes(spec.ipFamilyPolicy))
    causes.push(notSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, policies));
  let readable = true;
  for (const [index, ip] of ips.entries()) {
    const field = `spec.clusterIPs[${index}]`;
    if (ip === 'None') {
      if (ips.length > 1) causes.push(invalidValue(field, ip, 'may not be set to `None` with other values'));
      if (spec.type === 'NodePort' || spec.type === 'LoadBalancer')
        causes.push(invalidValue(field, ip, `may not be set to 'None' for ${spec.type} services`));
      readable = false;
      continue;
    }
    const bad = badIP(field, ip);
    if (bad === undefined) continue;
    causes.push(bad);
    readable = false;
  }
  if (!readable) return causes;
  if (ips.length > 2) causes.push(invalidValue('spec.clusterIPs', ips, 'may only hold up to 2 values'));
  if (new Set(ips.map(isIP)).size < ips.length)
    causes.push(invalidValue('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'));
  for (const [index, ip] of ips.entries()) {
    const family = spec.ipFamilies?.[index];
    if (family !== undefined && families.includes(family) && family !== `IPv${isIP(ip)}`)
      causes.push(invalidValue(`spec.clusterIPs[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``));
  }
  return causes;
}

/** What this cluster, which has IPv4 only, cannot give. Headless Services without a selector may have any families. */
export function clusterCauses(spec: ServiceSpec): readonly StatusCause[] {
  if (isHeadless(spec) && isSelectorless(spec)) return [];
  const causes: StatusCause[] = [];
  const policy = spec.ipFamilyPolicy;
  const several = (spec.ipFamilies ?? []).length > 1 || (spec.clusterIPs ?? []).length > 1;
  if (policy === 'RequireDualStack' || (several && policy !== 'PreferDualStack' && policy !== undefined))
    causes.push(
      policy === 'RequireDualStack'
        ? invalidValue('spec.ipFamilyPolicy', policy, 'this cluster is not configured for dual-stack services')
        : invalidValue(
            'spec.ipFamilyPolicy',
            policy,
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
          ),
    );
  else if (several && policy === undefined)
    causes.push(required('spec.ipFamilyPolicy', "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"));
  for (const [index, family] of (spec.ipFamilies ?? []).entries())
    if (family === 'IPv6') causes.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  return causes;
}

function isSelectorless(spec: ServiceSpec): boolean {
  return Object.keys(spec.selector ?? {}).length === 0;
}

/** The spec with families and policy filled in, once nothing is wrong with it. */
export function withFamilies(spec: ServiceSpec): ServiceSpec {
  const free = isHeadless(spec) && isSelectorless(spec);
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack');
  const fromIP = (spec.clusterIPs ?? []).filter((ip) => isIP(ip) !== 0).map((ip) => `IPv${isIP(ip)}`);
  const known = spec.ipFamilies ?? [];
  const chosen = known.length > 0 ? known : fromIP.length > 0 ? fromIP : ['IPv4'];
  const other = chosen[0] === 'IPv4' ? 'IPv6' : 'IPv4';
  const ipFamilies = free && ipFamilyPolicy !== 'SingleStack' && chosen.length === 1 ? [...chosen, other] : chosen;
  return { ...spec, ipFamilyPolicy, ipFamilies } as ServiceSpec;
}
