// Owns what fields that hold IP addresses and ranges refuse, and what they warn of. Parsing is in ip-address.ts.
import { invalidValue, quoted } from './causes.ts';
import { type Causes, checkName } from './field-checks.ts';
import { firstAddress, formatAddress, formatCidr, holdsAddress, parseAddress, parseCidr } from './ip-address.ts';

const wrongAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const wrongRange = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Complaints about an IP address in any spelling that all programs read alike. */
function ipErrors(value: string): readonly string[] {
  const address = parseAddress(value);
  if (address === undefined) return [wrongAddress];
  return [...(address.padded ? ['must not have leading 0s'] : []), ...(address.mapped ? ['must not be an IPv4-mapped IPv6 address'] : [])];
}

/** Complaints about an IP address in its canonical spelling. */
export function canonicalIpErrors(value: string): readonly string[] {
  const errors = ipErrors(value);
  const address = parseAddress(value);
  if (errors.length > 0 || address === undefined || formatAddress(address) === value) return errors;
  return [`must be in canonical form (${quoted(formatAddress(address))})`];
}

/** An IP address of either family. Tells whether it is one. */
export function checkIp(value: string, at: string, out: Causes): boolean {
  const errors = ipErrors(value);
  checkName(errors, value, at, out);
  return errors.length === 0;
}

function cidrErrors(value: string): readonly string[] {
  const range = parseCidr(value);
  if (range === undefined) return [wrongRange];
  if (range.padded) return ['must not have leading 0s in IP or prefix length'];
  if (range.address.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  return firstAddress(range).bits === range.address.bits ? [] : ['must not have bits set beyond the prefix length'];
}

/** A CIDR range in any spelling that all programs read alike. */
export function checkCidr(value: string, at: string, out: Causes): void {
  checkName(cidrErrors(value), value, at, out);
}

/** A CIDR range in its canonical spelling. */
export function checkCanonicalCidr(value: string, at: string, out: Causes): void {
  const errors = cidrErrors(value);
  const range = parseCidr(value);
  const canonical = range === undefined ? '' : formatCidr(range);
  checkName(errors.length > 0 || canonical === value ? errors : [`must be in canonical form (${quoted(canonical)})`], value, at, out);
}

const linkMulticast = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
const specials: readonly (readonly [range: string, refusal: string])[] = [
  ['127.0.0.0/8', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['::1/128', 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ['169.254.0.0/16', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['fe80::/10', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['224.0.0.0/24', linkMulticast],
  ['ff02::/16', linkMulticast],
];

/** An address that traffic may be sent to: neither unspecified nor of this host or link. */
export function checkEndpointIp(value: string, at: string, out: Causes): void {
  const address = parseAddress(value);
  if (address === undefined) return void out.push(invalidValue(at, value, 'must be a valid IP address'));
  if (address.bits === 0n) out.push(invalidValue(at, value, `may not be unspecified (${value})`));
  for (const [range, refusal] of specials) {
    const special = parseCidr(range);
    if (special !== undefined && holdsAddress(special, address)) out.push(invalidValue(at, value, refusal));
  }
}

/** What to say of an accepted address: IPv6 that is not in its canonical spelling. */
export function ipWarnings(value: string, at: string): readonly string[] {
  const address = parseAddress(value);
  if (address?.family !== 6) return [];
  const canonical = formatAddress(address);
  return canonical === value ? [] : [`${at}: IPv6 address ${quoted(value)} should be in RFC 5952 canonical format (${quoted(canonical)})`];
}

/** The same for an accepted range. */
export function cidrWarnings(value: string, at: string): readonly string[] {
  const range = parseCidr(value);
  if (range?.address.family !== 6) return [];
  const canonical = formatCidr(range);
  return canonical === value
    ? []
    : [`${at}: IPv6 CIDR value ${quoted(value)} should be in RFC 5952 canonical format (${quoted(canonical)})`];
}
