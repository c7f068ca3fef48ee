// Owns reading IP addresses and ranges from text as Kubernetes does where it is lenient: leading zeros in IPv4 are taken for decimal.

/** An address as its bytes: 4 for IPv4, 16 for IPv6. */
export type AddressBytes = readonly number[];

function ipv4(text: string, strict: boolean): AddressBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^\d{1,9}$/.test(part) && !(strict && part.length > 1 && part.startsWith('0')) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/** Reads an address; undefined where it is none. `strict` refuses leading zeros. Zones are refused. */
export function parseIp(text: string, strict = false): AddressBytes | undefined {
  if (!text.includes(':')) return ipv4(text, strict);
  if (!/^[0-9a-fA-F:.]+$/.test(text) || text.includes(':::')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const read = (half: string, last: boolean): number[] | undefined => {
    if (half === '') return [];
    const groups = half.split(':');
    const bytes: number[] = [];
    for (const [index, group] of groups.entries()) {
      if (last && index === groups.length - 1 && group.includes('.')) {
        const tail = ipv4(group, strict);
        if (tail === undefined) return undefined;
        bytes.push(...tail);
      } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
        const value = Number.parseInt(group, 16);
        bytes.push(value >> 8, value & 255);
      } else return undefined;
    }
    return bytes;
  };
  const [head = '', tail] = halves;
  const before = read(head, tail === undefined);
  const after = tail === undefined ? [] : read(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

/** Whether a text is an address of either family. */
export function isIp(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** An address and the length of a prefix. */
export interface ParsedCidr {
  readonly ip: AddressBytes;
  readonly prefix: number;
}

/** Reads a range `ADDRESS/BITS`; undefined where it is none. */
export function parseCidr(text: string, strict = false): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash), strict);
  const bits = text.slice(slash + 1);
  if (ip === undefined || !/^\d{1,3}$/.test(bits) || (strict && bits.length > 1 && bits.startsWith('0'))) return undefined;
  const prefix = Number(bits);
  return prefix <= ip.length * 8 ? { ip, prefix } : undefined;
}

/** Whether a text is a range of either family. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}
