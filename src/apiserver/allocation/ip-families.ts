// Owns the fields of a Service about IP families and cluster IPs on a cluster with IPv4 alone: what is filled in, and what is refused. Pure.
import { duplicate, invalidValue, required } from '../../api/causes.ts';
import type { ServiceSpec } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import { checkOneOf } from '../../api/field-checks.ts';
import { checkIp } from '../../api/ip-checks.ts';
import type { StatusCause } from '../../api/meta/v1.ts';

const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** True where the type has cluster IPs at all. */
export function needsClusterIP(spec: ServiceSpec): boolean {
  return spec.type !== 'ExternalName';
}

function familyOf(ip: string): string {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/** True where the cluster IP is None. */
export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None';
}

/** Complaints about the fields among themselves, whatever the cluster is like. Where an address cannot be read, nothing is said of families. */
function clusterIPCauses(spec: ServiceSpec): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = 'spec.clusterIPs';
  const ips = spec.clusterIPs ?? [];
  if (!spec.clusterIP) {
    if (ips.length > 0) causes.push(invalidValue(at, ips, 'must be empty when `clusterIP` is not specified'));
  } else if (ips.length === 0) causes.push(required(at));
  else if (ips[0] !== spec.clusterIP) causes.push(invalidValue(at, ips, 'first value must match `clusterIP`'));
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    checkOneOf(family, families, `spec.ipFamilies[${index}]`, causes);
    if (spec.ipFamilies?.indexOf(family) !== index) causes.push(duplicate(`spec.ipFamilies[${index}]`, family));
  }
  if (spec.ipFamilyPolicy !== undefined) checkOneOf(spec.ipFamilyPolicy, policies, 'spec.ipFamilyPolicy', causes);
  let readable = true;
  for (const [index, ip] of ips.entries()) {
    if (index === 0 && ip === 'None') {
      if (ips.length > 1) causes.push(invalidValue(at, ips, "'None' must be the first and only value"));
      readable = readable && ips.length === 1;
    } else if (!checkIp(ip, `${at}[${index}]`, causes)) readable = false;
  }
  if (ips.length > 2) causes.push(invalidValue(at, ips, 'may only hold up to 2 values'));
  if (!readable || ips[0] === 'None') return causes;
  if (ips.length > 1 && new Set(ips.map(familyOf)).size < 2)
    causes.push(invalidValue(at, ips, 'may specify no more than one IP for each IP family'));
  for (const [index, ip] of ips.entries()) {
    const family = spec.ipFamilies?.[index];
    if (family !== undefined && families.includes(family) && family !== familyOf(ip))
      causes.push(invalidValue(`${at}[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``));
  }
  return causes;
}

type Policy = NonNullable<ServiceSpec['ipFamilyPolicy']>;

/** The policy that was asked for, else the one from before, else both families for what has neither address nor selector. */
function policyOf(spec: ServiceSpec, old: ServiceSpec | undefined): Policy {
  const free = spec.clusterIP === 'None' && isSelectorless(spec);
  return spec.ipFamilyPolicy ?? old?.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack');
}

/** Whether an update leaves a Service that takes what it gets as it is. */
function isKept(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  if (old?.ipFamilyPolicy !== 'PreferDualStack' || spec.ipFamilyPolicy !== 'PreferDualStack') return false;
  return sameValue(spec.clusterIPs ?? [], old.clusterIPs ?? []) && sameValue(spec.ipFamilies ?? [], old.ipFamilies ?? []);
}

/** One family where one is asked for and the writer left the two of before. */
function narrowed(spec: ServiceSpec, old: ServiceSpec | undefined): ServiceSpec {
  if (old === undefined || spec.ipFamilyPolicy !== 'SingleStack') return spec;
  const first = <T>(now: readonly T[] | undefined, before: readonly T[] | undefined): readonly T[] | undefined =>
    now !== undefined && now.length > 1 && sameValue(now, before) ? now.slice(0, 1) : now;
  const clusterIPs = first(spec.clusterIPs, old.clusterIPs);
  const ipFamilies = first(spec.ipFamilies, old.ipFamilies);
  return { ...spec, ...(clusterIPs === undefined ? {} : { clusterIPs }), ...(ipFamilies === undefined ? {} : { ipFamilies }) };
}

function policyCauses(
  { clusterIPs = [], ipFamilies = [], ipFamilyPolicy: policy }: ServiceSpec,
  old: ServiceSpec | undefined,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const refuse = (why: string): void => void causes.push(invalidValue('spec.ipFamilyPolicy', policy, why));
  if (policy !== 'SingleStack') {
    const reduced = (now: readonly unknown[], before: readonly unknown[] = []): boolean => now.length > 0 && now.length < before.length;
    if (reduced(clusterIPs, old?.clusterIPs)) refuse("must be 'SingleStack' to release the secondary cluster IP");
    if (reduced(ipFamilies, old?.ipFamilies)) refuse("must be 'SingleStack' to release the secondary IP family");
    return causes;
  }
  const both = "must be 'RequireDualStack' or 'PreferDualStack'";
  if (clusterIPs.length === 2) refuse(`${both} when multiple cluster IPs are specified`);
  if (ipFamilies.length === 2) refuse(`${both} when multiple IP families are specified`);
  return causes;
}

function isSelectorless(spec: ServiceSpec): boolean {
  return Object.keys(spec.selector ?? {}).length === 0;
}

/**
 * The spec with families and policy filled in, on a cluster with IPv4 alone. Complaints come in upstream's stages: a later one is
 * only asked where the ones before had none. Headless Services without a selector may have any families.
 */
export function withFamilies(asked: ServiceSpec, old: ServiceSpec | undefined): ServiceSpec | { readonly causes: readonly StatusCause[] } {
  if (isKept(asked, old)) return asked;
  const whole: ServiceSpec = { ...asked, ipFamilyPolicy: policyOf(asked, old) };
  const mistakes = clusterIPCauses(whole);
  if (mistakes.length > 0) return { causes: mistakes };
  const spec = narrowed(whole, old);
  const ips = spec.clusterIPs ?? [];
  const known: string[] = [...(spec.ipFamilies ?? [])];
  const contradictions = policyCauses(spec, old);
  for (const [index, ip] of ips.entries()) {
    if (ip === 'None') break;
    if (index < known.length) continue;
    if (familyOf(ip) === 'IPv4') known.push('IPv4');
    else contradictions.push(invalidValue(`spec.clusterIPs[${index}]`, ips, 'IPv6 is not configured on this cluster'));
  }
  if (contradictions.length > 0) return { causes: contradictions };
  const chosen = known.length > 0 ? known : ['IPv4'];
  if (spec.clusterIP === 'None' && isSelectorless(spec)) {
    const other = chosen[0] === 'IPv4' ? 'IPv6' : 'IPv4';
    const ipFamilies = chosen.length < 2 && spec.ipFamilyPolicy !== 'SingleStack' ? [...chosen, other] : chosen;
    return { ...spec, ipFamilies } as ServiceSpec;
  }
  const causes: StatusCause[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack')
    causes.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  for (const [index, family] of chosen.entries())
    if (family !== 'IPv4') causes.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  return causes.length > 0 ? { causes } : ({ ...spec, ipFamilies: chosen } as ServiceSpec);
}
