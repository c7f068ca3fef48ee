// Owns the ranges a cluster takes for pods and Services: one, or one of each IP family, checked.
import { isIP } from 'node:net';
import { firstAddress, formatAddress, formatCidr, holdsAddress, parseAddress, parseCidr } from '../api/ip-address.ts';
import { OptionError } from './option-error.ts';

/** The prefix lengths a range may have, from the widest to the narrowest. */
export interface RangeLimits {
  readonly 4: readonly [widest: number, narrowest: number];
  readonly 6: readonly [widest: number, narrowest: number];
}

/** A node's share of an IPv6 pod range is a /64, and there are at most 65,536 of them. */
export const clusterLimits: RangeLimits = { 4: [8, 24], 6: [48, 64] };
export const serviceLimits: RangeLimits = { 4: [8, 28], 6: [64, 124] };

/** `a` or `a,b` of two families, in canonical form and in the order given. Throws OptionError. */
export function readRanges(flag: string, text: string, limits: RangeLimits): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  const ranges = parts.map((part) => {
    const [address = ''] = part.split('/');
    const family = isIP(address);
    const range = parseCidr(part);
    if (range === undefined || (family !== 4 && family !== 6) || range.address.mapped || range.padded) throw refusal(flag, limits, part);
    const [widest, narrowest] = limits[family];
    if (range.length < widest || range.length > narrowest) throw refusal(flag, limits, part);
    return range;
  });
  const [first, second] = ranges;
  if (ranges.length > 2 || first?.address.family === second?.address.family)
    throw new OptionError(`${flag} takes one range, or one of IPv4 and one of IPv6 such as 10.42.0.0/16,fd42::/48, not '${text}'`);
  return ranges.map(formatCidr);
}

function refusal(flag: string, { 4: four, 6: six }: RangeLimits, part: string): OptionError {
  return new OptionError(
    `${flag} takes an IPv4 range from /${four[0]} to /${four[1]}, for example 10.42.0.0/16, or an IPv6 range from /${six[0]} to /${six[1]}, not '${part}'`,
  );
}

/** Whether two ranges share an address. */
export function overlap(a: string, b: string): boolean {
  const [one, two] = [parseCidr(a), parseCidr(b)];
  if (one === undefined || two === undefined) return false;
  return holdsAddress(one, two.address) || holdsAddress(two, one.address);
}

/** The address so many steps into a range. */
export function addressIn(range: string, steps: number): string {
  const cidr = parseCidr(range);
  if (cidr === undefined) throw new Error(`not a range: ${range}`);
  const first = firstAddress(cidr);
  return formatAddress({ ...first, bits: first.bits + BigInt(steps) });
}

/** The first range of a family. */
export function rangeOfFamily(ranges: readonly string[], family: 4 | 6): string | undefined {
  return ranges.find((range) => range.includes(':') === (family === 6));
}

/** Whether an address is in one of the ranges. */
export function inRanges(ip: string, ranges: readonly string[]): boolean {
  const address = parseAddress(ip);
  if (address === undefined) return false;
  return ranges.some((range) => {
    const cidr = parseCidr(range);
    return cidr !== undefined && holdsAddress(cidr, address);
  });
}

/** A node's own address in a share: the first of it. */
export function nodeAddressIn(share: string): string {
  return addressIn(share, 1);
}

/** The shares of a node, counted from 0, of each pod range: a /24 of IPv4, a /64 of IPv6. */
export function nodeShares(clusterCidrs: readonly string[], index: number): readonly string[] {
  return clusterCidrs.map((range) => {
    const cidr = parseCidr(range);
    if (cidr === undefined) throw new Error(`not a range: ${range}`);
    const first = firstAddress(cidr);
    const step = first.family === 4 ? 1n << 8n : 1n << 64n;
    return `${formatAddress({ ...first, bits: first.bits + BigInt(index) * step })}/${first.family === 4 ? 24 : 64}`;
  });
}
