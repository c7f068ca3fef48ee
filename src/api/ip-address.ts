// Owns parsing and spelling IP addresses and CIDR ranges, exactly: which texts Go's lenient parser takes, and the canonical form of each.

/** An address of either family as a number. An IPv4 address that was written in IPv6 form is `mapped` and counts as IPv4. */
export interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
  readonly mapped: boolean;
  /** Whether an octet of an IPv4 part was written with leading zeros, which some programs read as octal. */
  readonly padded: boolean;
}

/** A range: its address as written, and how many leading bits count. */
export interface Cidr {
  readonly address: Address;
  /** Of the family's 32 or 128. */
  readonly length: number;
  readonly padded: boolean;
}

function parseIPv4(text: string): { readonly bits: bigint; readonly padded: boolean } | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^[0-9]+$/.test(part) || part.length > 64 || BigInt(part) > 255n)) return undefined;
  const bits = parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  return { bits, padded: parts.some((part) => part.length > 1 && part.startsWith('0')) };
}

function groupsOf(text: string): readonly bigint[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? groups.map((group) => BigInt(`0x${group}`)) : undefined;
}

function parseIPv6(text: string): Address | undefined {
  let rest = text;
  let tail: readonly bigint[] = [];
  let padded = false;
  if (text.includes('.')) {
    const at = text.lastIndexOf(':');
    const dotted = parseIPv4(text.slice(at + 1));
    if (dotted === undefined) return undefined;
    tail = [dotted.bits >> 16n, dotted.bits & 0xffffn];
    padded = dotted.padded;
    rest = text.slice(0, at + 1);
    rest = rest.endsWith('::') ? rest : rest.slice(0, -1);
  }
  const halves = rest.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const back = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === undefined || back === undefined) return undefined;
  const given = head.length + back.length + tail.length;
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
  const groups = [...head, ...Array<bigint>(8 - given).fill(0n), ...back, ...tail];
  const bits = groups.reduce((sum, group) => (sum << 16n) | group, 0n);
  const mapped = bits >> 32n === 0xffffn;
  return mapped ? { family: 4, bits: bits & 0xffffffffn, mapped, padded } : { family: 6, bits, mapped, padded };
}

/** The address that a text names, as leniently as Go's ParseIPSloppy; undefined where it names none. Zones are refused. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) return parseIPv6(text);
  const found = parseIPv4(text);
  return found && { family: 4, bits: found.bits, mapped: false, padded: found.padded };
}

/** The range that a text names, as leniently as Go's ParseCIDRSloppy; undefined where it names none. */
export function parseCidr(text: string): Cidr | undefined {
  const [head = '', digits = '', ...more] = text.split('/');
  if (more.length > 0 || !/^[0-9]+$/.test(digits)) return undefined;
  const address = parseAddress(head);
  if (address === undefined) return undefined;
  const written = Number(digits);
  const length = address.mapped ? written - 96 : written;
  if (length < 0 || length > (address.family === 4 ? 32 : 128)) return undefined;
  return { address, length, padded: address.padded || (digits.length > 1 && digits.startsWith('0')) };
}

function widthOf(address: Address): bigint {
  return address.family === 4 ? 32n : 128n;
}

/** The first address of a range. */
export function firstAddress({ address, length }: Cidr): Address {
  const shift = widthOf(address) - BigInt(length);
  return { ...address, bits: (address.bits >> shift) << shift };
}

/** Whether a range holds an address. */
export function holdsAddress({ address, length }: Cidr, other: Address): boolean {
  const shift = widthOf(address) - BigInt(length);
  return address.family === other.family && address.bits >> shift === other.bits >> shift;
}

/** The canonical spelling (RFC 5952): IPv4 in dots, IPv6 lower case with the longest run of zeros left out. */
export function formatAddress({ family, bits }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((bits >> shift) & 0xffffn).toString(16));
  let start = 0;
  let longest = 1;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === '0') to++;
    if (to - from > longest) [start, longest] = [from, to - from];
  }
  if (longest < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + longest).join(':')}`;
}

/** The canonical spelling of a range: its first address and its length. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(firstAddress(cidr))}/${cidr.length}`;
}
