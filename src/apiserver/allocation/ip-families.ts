// Owns a Service's fields about IP families on this cluster: what is filled in on a create and an update, and what is refused. Upstream's rules; pure.
import { invalidValue } from '../../api/causes.ts';
import type { ServiceSpec } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { familyOf, serviceAddressCauses } from './address-causes.ts';

export type Family = 'IPv4' | 'IPv6';

/** True where the type has cluster IPs at all. */
export function needsClusterIP(spec: ServiceSpec): boolean {
  return spec.type !== 'ExternalName';
}

/** True where the cluster IP is None. */
export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.[0] === 'None' || spec.clusterIP === 'None';
}

/** The spec with its fields filled in, or why it is refused. */
export type FamilyFields = { readonly spec: ServiceSpec } | { readonly causes: readonly StatusCause[] };

const policyField = 'spec.ipFamilyPolicy';

function same(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/** A preference for two families is weighed when it is stated, not whenever the Service is written: the cluster may have changed since. */
export function keepsPreference(next: ServiceSpec, old: ServiceSpec | undefined): boolean {
  return (
    old !== undefined &&
    next.type === old.type &&
    next.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    same(next.clusterIPs, old.clusterIPs) &&
    same(next.ipFamilies, old.ipFamilies)
  );
}

function other(family: string | undefined): Family {
  return family === 'IPv4' ? 'IPv6' : 'IPv4';
}

/** For a spec that has cluster IPs. `configured`: the families of this cluster, its own first; `old`: absent for a create. */
export function withFamilies(asked: ServiceSpec, old: ServiceSpec | undefined, configured: readonly Family[]): FamilyFields {
  if (keepsPreference(asked, old)) return { spec: asked };
  const selectorless = asked.clusterIP === 'None' && Object.keys(asked.selector ?? {}).length === 0;
  const policy = asked.ipFamilyPolicy ?? old?.ipFamilyPolicy ?? (selectorless ? 'RequireDualStack' : 'SingleStack');
  const wrong = serviceAddressCauses({ ...asked, ipFamilyPolicy: policy });
  if (wrong.length > 0) return { causes: wrong };
  const single = policy === 'SingleStack';
  let [ips, families] = [asked.clusterIPs ?? [], (asked.ipFamilies ?? []) as readonly Family[]];
  const causes: StatusCause[] = [];
  const refuse = (why: string): unknown => causes.push(invalidValue(policyField, policy, why));
  if (old !== undefined && single) {
    // With addresses and families as they were, the policy alone says what is wanted.
    if (same(ips, old.clusterIPs)) ips = ips.slice(0, 1);
    if (same(families, old.ipFamilies)) families = families.slice(0, 1);
  } else if (old !== undefined) {
    if (ips.length > 0 && ips.length < (old.clusterIPs ?? []).length) refuse("must be 'SingleStack' to release the secondary cluster IP");
    if (families.length > 0 && families.length < (old.ipFamilies ?? []).length)
      refuse("must be 'SingleStack' to release the secondary IP family");
  }
  const several = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  if (single && ips.length === 2) refuse(`${several} cluster IPs are specified`);
  if (single && families.length === 2) refuse(`${several} IP families are specified`);
  for (const [index, ip] of ips.entries()) {
    const family = familyOf(ip);
    if (family === undefined) break;
    if (index < families.length) continue;
    if (configured.includes(family)) families = [...families, family];
    else causes.push(invalidValue(`spec.clusterIPs[${index}]`, ips, `${family} is not configured on this cluster`));
  }
  if (causes.length > 0) return { causes };
  const [own = 'IPv4'] = configured;
  if (!selectorless) {
    if (policy === 'RequireDualStack' && configured.length < 2) refuse('this cluster is not configured for dual-stack services');
    for (const [index, family] of families.entries())
      if (!configured.includes(family)) causes.push(invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
    if (causes.length > 0) return { causes };
  }
  if (families.length === 0) families = [own];
  // Endpoints of a headless Service without selector are somebody's own: of which family they are, the cluster does not know.
  if (!single && families.length === 1 && (selectorless || configured.length === 2)) families = [...families, other(families[0])];
  return {
    spec: {
      ...asked,
      ...(asked.clusterIPs === undefined ? {} : { clusterIPs: ips }),
      ipFamilyPolicy: policy,
      ipFamilies: families,
    } as ServiceSpec,
  };
}
