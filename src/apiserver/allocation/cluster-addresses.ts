// Owns the cluster IPs of both families: which families this cluster has, and giving a Service an address of each that it should have.
import { invalidValue } from '../../api/causes.ts';
import type { ServiceSpec } from '../../api/core/v1.ts';
import { type Cidr, formatAddress, parseAddress, parseCidr } from '../../api/ip-address.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import type { Entropy } from '../../base/entropy.ts';
import { familyOf } from './address-causes.ts';
import { AddressRanges, serviceAddresses } from './address-ranges.ts';
import { type Family, isHeadless, keepsPreference, needsClusterIP } from './ip-families.ts';

/** The canonical spelling of an address; the text itself where it is none. */
export function canonicalAddress(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : formatAddress(address);
}

function rangeOf(cidr: string): Cidr {
  const range = parseCidr(cidr);
  if (range === undefined) throw new Error(`not a service range: ${cidr}`);
  return range;
}

/** The addresses of a cluster's Services. Addresses are texts in any spelling; what is no address is passed over. */
export class ClusterAddresses {
  /** Those that this cluster gives, its own first. */
  readonly families: readonly Family[];
  readonly #own: readonly string[];
  readonly #ranges: ReadonlyMap<Family, AddressRanges>;

  /** `cidrs`: one range, or one of each family, the cluster's own first. Throws Error for a text that is no range. */
  constructor(cidrs: readonly string[], entropy: Entropy) {
    this.#own = cidrs;
    this.families = cidrs.map((cidr): Family => `IPv${rangeOf(cidr).address.family}`);
    this.#ranges = new Map(this.families.map((family) => [family, new AddressRanges([], entropy)]));
    this.cover([]);
  }

  /** Gives addresses of these CIDRs from now on; of a family that has none among them, the cluster's own. */
  cover(cidrs: readonly string[]): void {
    for (const [family, ranges] of this.#ranges) {
      const of = (list: readonly string[]) =>
        list.map((cidr) => parseCidr(cidr)).filter((range) => range !== undefined && `IPv${range.address.family}` === family) as Cidr[];
      const open = of(cidrs);
      ranges.cover((open.length > 0 ? open : of(this.#own)).map(serviceAddresses));
    }
  }

  /**
   * The spec with its addresses; newly taken ones are added to `taken`. `refuse` throws. Throws InternalError where nothing is left.
   */
  give(spec: ServiceSpec, old: ServiceSpec | undefined, taken: string[], refuse: (causes: readonly StatusCause[]) => void): ServiceSpec {
    if (!needsClusterIP(spec) || isHeadless(spec)) return spec;
    const settled = old !== undefined && needsClusterIP(old);
    if (settled && (isHeadless(old) || keepsPreference(spec, old))) return spec;
    const families = (spec.ipFamilies ?? []) as readonly Family[];
    const kept = settled ? (old.ipFamilies ?? []).length : 0;
    // Only a second family may come to a Service that has an address.
    if (settled && !(kept === 1 && families.length === 2)) return spec;
    const ips = [...(spec.clusterIPs ?? [])];
    while (ips.length < families.length) ips.push('');
    for (const [index, family] of families.entries()) if (index >= kept) ips[index] = this.#take(family, index, ips, taken, refuse);
    return { ...spec, clusterIP: ips[0] ?? '', clusterIPs: ips };
  }

  #take(family: Family, index: number, ips: readonly string[], taken: string[], refuse: (causes: readonly StatusCause[]) => void): string {
    const ranges = this.#ranges.get(family);
    const wanted = ips[index] ?? '';
    if (wanted === '') {
      const bits = ranges?.takeAny();
      if (bits === undefined)
        throw new StatusError('InternalError', 'Internal error occurred: failed to allocate a serviceIP: range is full');
      const given = formatAddress({ family: family === 'IPv4' ? 4 : 6, bits, mapped: false, padded: false });
      taken.push(given);
      return given;
    }
    const address = parseAddress(wanted);
    const got = address === undefined ? 'outside' : (ranges?.take(address.bits) ?? 'outside');
    if (got === 'taken') taken.push(wanted);
    else {
      const why = got === 'already' ? 'provided IP is already allocated' : 'the provided network does not match the current range';
      refuse([invalidValue('spec.clusterIPs', ips, `failed to allocate IP ${wanted}: ${why}`)]);
    }
    return wanted;
  }

  free(ip: string): void {
    this.#each(ip, (ranges, bits) => ranges.free(bits));
  }

  /** Keeps an address from being given or not, whether or not it is taken. */
  block(ip: string, blocked: boolean): void {
    this.#each(ip, (ranges, bits) => ranges.block(bits, blocked));
  }

  /** Takes what is in use already. */
  hold(ip: string): void {
    this.#each(ip, (ranges, bits) => ranges.hold(bits));
  }

  clear(): void {
    for (const ranges of this.#ranges.values()) ranges.clear();
  }

  #each(ip: string, work: (ranges: AddressRanges, bits: bigint) => void): void {
    const family = familyOf(ip);
    const address = parseAddress(ip);
    const ranges = family === undefined ? undefined : this.#ranges.get(family);
    if (ranges !== undefined && address !== undefined) work(ranges, address.bits);
  }
}
