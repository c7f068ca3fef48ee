// Owns what is refused of a Service's cluster IPs, IP families and their policy among themselves. Upstream's rules; pure.
import { duplicate, invalidValue, required } from '../../api/causes.ts';
import type { ServiceSpec } from '../../api/core/v1.ts';
import { type Causes, checkOneOf } from '../../api/field-checks.ts';
import { parseAddress } from '../../api/ip-address.ts';
import { checkIp } from '../../api/ip-checks.ts';
import type { StatusCause } from '../../api/meta/v1.ts';

const families = ['IPv4', 'IPv6'];
const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const ipsField = 'spec.clusterIPs';
const familiesField = 'spec.ipFamilies';

/** The family of an address in any spelling; undefined where it is none (`None` included). */
export function familyOf(ip: string): 'IPv4' | 'IPv6' | undefined {
  const family = parseAddress(ip)?.family;
  return family === undefined ? undefined : `IPv${family}`;
}

/** What is wrong with the fields among themselves, whatever the cluster is like. */
export function serviceAddressCauses(spec: ServiceSpec): StatusCause[] {
  const out: Causes = [];
  if (spec.type === 'ExternalName') return out;
  const { clusterIP = '', clusterIPs: ips = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (clusterIP === '') {
    if (ips.length > 0) out.push(invalidValue(ipsField, ips, 'must be empty when `clusterIP` is not specified'));
  } else if (ips.length === 0) out.push(required(ipsField));
  else if (ips[0] !== clusterIP) out.push(invalidValue(ipsField, ips, 'first value must match `clusterIP`'));
  for (const [index, family] of ipFamilies.entries()) {
    checkOneOf(family, families, `${familiesField}[${index}]`, out);
    if (ipFamilies.indexOf(family) < index) out.push(duplicate(`${familiesField}[${index}]`, family));
  }
  if (ipFamilyPolicy !== undefined) checkOneOf(ipFamilyPolicy, policies, 'spec.ipFamilyPolicy', out);
  let readable = true;
  for (const [index, ip] of ips.entries()) {
    if (index === 0 && ip === 'None') {
      if (ips.length === 1) continue;
      readable = false;
      out.push(invalidValue(ipsField, ips, "'None' must be the first and only value"));
    } else if (!checkIp(ip, `${ipsField}[${index}]`, out)) readable = false;
  }
  if (ips.length > 2) out.push(invalidValue(ipsField, ips, 'may only hold up to 2 values'));
  if (!readable) return out;
  const given = ips.map(familyOf);
  if (ips.length > 1 && !(given.includes('IPv4') && given.includes('IPv6')))
    out.push(invalidValue(ipsField, ips, 'may specify no more than one IP for each IP family'));
  for (const [index, ip] of ips.entries()) {
    const family = ipFamilies[index];
    if (ip !== 'None' && family !== undefined && families.includes(family) && family !== given[index])
      out.push(invalidValue(`${ipsField}[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``));
  }
  return out;
}
