// Owns the validation of the ranges that Services get their addresses from, and of the objects that stand for such addresses.
import { invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkName } from '../field-checks.ts';
import { parseCidr } from '../ip-address.ts';
import { checkCanonicalCidr } from '../ip-checks.ts';
import { immutable } from '../meta/object-meta-validation.ts';
import type { StatusCause } from '../meta/v1.ts';
import { dnsSubdomainErrors, pathSegmentErrors } from '../names.ts';
import type { IPAddress, ServiceCIDR } from './v1.ts';

/** Complaints about an address beyond its metadata. */
export function ipAddressCauses({ spec }: IPAddress): StatusCause[] {
  const out: Causes = [];
  const parent = spec?.parentRef;
  const at = 'spec.parentRef';
  if (parent === undefined) return [required(at)];
  if (parent.group) checkName(dnsSubdomainErrors(parent.group), parent.group, `${at}.group`, out);
  for (const field of ['resource', 'name'] as const) {
    const value = parent[field] ?? '';
    if (value === '') out.push(required(`${at}.${field}`));
    else checkName(pathSegmentErrors(value), value, `${at}.${field}`, out);
  }
  if (parent.namespace) checkName(pathSegmentErrors(parent.namespace), parent.namespace, `${at}.namespace`, out);
  return out;
}

/** Complaints about a change of an address: whom it belongs to stays. */
export function ipAddressUpdateCauses(next: IPAddress, old: IPAddress): StatusCause[] {
  const parent = next.spec?.parentRef;
  if (sameValue(parent, old.spec?.parentRef)) return [];
  const shown = parent && {
    Group: parent.group ?? '',
    Resource: parent.resource ?? '',
    Namespace: parent.namespace ?? '',
    Name: parent.name ?? '',
  };
  return [invalidValue('spec.parentRef', shown ?? null, immutable)];
}

/** Complaints about a service range beyond its metadata: one CIDR or two, of different families. */
export function serviceCidrCauses({ spec }: ServiceCIDR): StatusCause[] {
  const out: Causes = [];
  const cidrs = spec?.cidrs ?? [];
  const at = 'spec.cidrs';
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalidValue(at, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  for (const [index, cidr] of cidrs.entries()) checkCanonicalCidr(cidr, `${at}[${index}]`, out);
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.address.family);
  if (first !== undefined && first === second)
    out.push(invalidValue(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  return out;
}

/** Complaints about a change of a service range: a second family may be added, nothing else. */
export function serviceCidrUpdateCauses(next: ServiceCIDR, old: ServiceCIDR): StatusCause[] {
  const before = old.spec?.cidrs ?? [];
  const after = next.spec?.cidrs ?? [];
  const changed = before.flatMap((cidr, index) =>
    after[index] === cidr ? [] : [invalidValue(`spec.cidrs[${index}]`, after[index] ?? '', immutable)],
  );
  if (before.length === after.length) return changed;
  if (before.length === 1 && after.length === 2) return [...changed, ...serviceCidrCauses(next)];
  return [invalidValue('spec.cidrs', after, immutable)];
}
