// Owns Kubernetes' own libraries for expressions: URLs, IP addresses and ranges, quantities, formats, versions, optional values.
import { hasFormat } from '../custom/formats.ts';
import { type AddressBytes, type ParsedCidr, parseCidr, parseIp } from '../custom/ip-text.ts';
import { dns1035LabelErrors, dnsLabelErrors, dnsSubdomainErrors, labelValueErrors, qualifiedNameErrors } from '../names.ts';
import { parseQuantity, type Quantity, QuantityError } from '../quantity.ts';
import { type CelFunction, listValue, textOf } from './core-functions.ts';
import { formatIp, maskedIp } from './ip-format.ts';
import { compareSemver, parseSemver, type Semver } from './semver.ts';
import { type ParsedUrl, parseUrl, UrlError } from './url-text.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  inInt,
  none,
  noSuchOverload,
  Opaque,
  Optional,
  sizeOfValue,
  Uint,
  ValueMap,
} from './values.ts';

function opaque<T>(value: CelValue | undefined, type: string): T {
  if (value instanceof Opaque && value.type === type) return value.content as T;
  throw noSuchOverload();
}

const url = (value: CelValue | undefined): ParsedUrl => opaque<ParsedUrl>(value, 'kubernetes.URL');
const ipOf = (value: CelValue | undefined): AddressBytes => opaque<AddressBytes>(value, 'net.IP');
const cidrOf = (value: CelValue | undefined): ParsedCidr => opaque<ParsedCidr>(value, 'net.CIDR');
const quantityOf = (value: CelValue | undefined): Quantity => opaque<Quantity>(value, 'kubernetes.Quantity');
const semverOf = (value: CelValue | undefined): Semver => opaque<Semver>(value, 'kubernetes.Semver');

/** Upstream's CEL reads addresses strictly, and refuses IPv4 in IPv6's clothing. */
function readIp(text: string): AddressBytes | undefined {
  const bytes = parseIp(text, true);
  if (bytes === undefined || (bytes.length === 16 && isMapped(bytes))) return undefined;
  return bytes;
}

function isMapped(bytes: AddressBytes): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
}

function makeIp(bytes: AddressBytes): Opaque {
  return new Opaque('net.IP', formatIp(bytes), bytes);
}

function ipFrom(text: string): Opaque {
  const bytes = readIp(text);
  if (bytes === undefined)
    throw new CelError(`IP Address "${text}" parse error during conversion from string: ParseAddr("${text}"): unable to parse IP`);
  return makeIp(bytes);
}

function readCidr(text: string): ParsedCidr | undefined {
  const parsed = parseCidr(text, true);
  return parsed === undefined || (parsed.ip.length === 16 && isMapped(parsed.ip)) ? undefined : parsed;
}

function makeCidr(cidr: ParsedCidr): Opaque {
  return new Opaque('net.CIDR', `${formatIp(cidr.ip)}/${cidr.prefix}`, cidr);
}

function cidrFrom(text: string): Opaque {
  const parsed = readCidr(text);
  if (parsed === undefined)
    throw new CelError(`network address parse error during conversion from string: netip.ParsePrefix("${text}"): unable to parse`);
  return makeCidr(parsed);
}

function within({ ip, prefix }: ParsedCidr, other: AddressBytes): boolean {
  return ip.length === other.length && formatIp(maskedIp(ip, prefix)) === formatIp(maskedIp(other, prefix));
}

function readQuantity(text: string): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

const one = 1_000_000_000n;

function makeQuantity(quantity: Quantity): Opaque {
  return new Opaque('kubernetes.Quantity', String(quantity.nano), quantity);
}

function quantityFrom(text: string): Opaque {
  const quantity = readQuantity(text);
  if (quantity === undefined)
    throw new CelError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  return makeQuantity(quantity);
}

function amount(value: CelValue | undefined): bigint {
  return typeof value === 'bigint' ? value * one : quantityOf(value).nano;
}

const sign = (value: bigint): bigint => (value < 0n ? -1n : value > 0n ? 1n : 0n);

type NamedFormat = (text: string) => readonly string[];

const prefixed =
  (errors: NamedFormat): NamedFormat =>
  (text) =>
    errors(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text);
const known =
  (format: string, why: string): NamedFormat =>
  (text) =>
    hasFormat(text, format) ? [] : [why];

const namedFormats: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: dnsLabelErrors,
  dns1123Subdomain: dnsSubdomainErrors,
  dns1035Label: dns1035LabelErrors,
  qualifiedName: qualifiedNameErrors,
  dns1123LabelPrefix: prefixed(dnsLabelErrors),
  dns1123SubdomainPrefix: prefixed(dnsSubdomainErrors),
  dns1035LabelPrefix: prefixed(dns1035LabelErrors),
  labelValue: labelValueErrors,
  uri: known('uri', 'invalid URI'),
  uuid: known('uuid', 'does not match the UUID format'),
  byte: known('byte', 'invalid base64'),
  date: known('date', 'invalid date'),
  datetime: known('datetime', 'invalid datetime'),
};

function formatValue(name: string): Opaque {
  return new Opaque('kubernetes.NamedFormat', name, namedFormats[name]);
}

function readSemver([text, normalize]: readonly CelValue[]): Semver | undefined {
  return parseSemver(textOf(text), normalize === true);
}

function semverFrom(args: readonly CelValue[]): CelValue {
  const version = readSemver(args);
  if (version === undefined) throw new CelError(`No Major.Minor.Patch elements found`);
  return new Opaque('kubernetes.Semver', version.text, version);
}

function optional(value: CelValue | undefined): Optional {
  if (value instanceof Optional) return value;
  throw noSuchOverload();
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof Uint) return value.value === 0n;
  return (value instanceof CelList || value instanceof CelMap || value instanceof Uint8Array) && sizeOfValue(value) === 0;
}

function urlValue(text: string): Opaque {
  return new Opaque('kubernetes.URL', text, parseUrl(text));
}

/** By name; members and global functions of one name tell their arguments apart. */
export const kubernetesFunctions: Readonly<Record<string, CelFunction>> = {
  url: ([text]) => {
    try {
      return urlValue(textOf(text));
    } catch (error) {
      if (error instanceof UrlError) throw new CelError(`URL parse error during conversion from string: ${error.message}`);
      throw error;
    }
  },
  isURL: ([text]) => {
    try {
      parseUrl(textOf(text));
      return true;
    } catch (error) {
      if (error instanceof UrlError) return false;
      throw error;
    }
  },
  getScheme: ([value]) => url(value).scheme,
  getHost: ([value]) => url(value).host,
  getHostname: ([value]) => url(value).hostname,
  getPort: ([value]) => url(value).port,
  getEscapedPath: ([value]) => url(value).path,
  getQuery: ([value]) => new ValueMap(url(value).query.map(([key, values]) => [key, listValue(values)] as const)),
  ip: ([value]) => (value instanceof Opaque ? makeIp(cidrOf(value).ip) : ipFrom(textOf(value))),
  isIP: ([text]) => readIp(textOf(text)) !== undefined,
  'ip.isCanonical': ([text]) => ipFrom(textOf(text)).text === text,
  family: ([value]) => (ipOf(value).length === 4 ? 4n : 6n),
  isUnspecified: ([value]) => ipOf(value).every((byte) => byte === 0),
  isLoopback: ([value]) => {
    const bytes = ipOf(value);
    return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
  },
  isLinkLocalMulticast: ([value]) => {
    const bytes = ipOf(value);
    return bytes.length === 4 ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0 : bytes[0] === 255 && ((bytes[1] ?? 0) & 15) === 2;
  },
  isLinkLocalUnicast: ([value]) => isLinkLocal(ipOf(value)),
  isGlobalUnicast: ([value]) => {
    const bytes = ipOf(value);
    if (bytes.every((byte) => byte === 0) || isLinkLocal(bytes)) return false;
    if (bytes.length === 4) return bytes[0] !== 127 && (bytes[0] ?? 0) < 224;
    return bytes[0] !== 255 && !bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
  },
  cidr: ([text]) => cidrFrom(textOf(text)),
  isCIDR: ([text]) => readCidr(textOf(text)) !== undefined,
  containsIP: ([cidr, ip]) => within(cidrOf(cidr), ipOf(typeof ip === 'string' ? ipFrom(ip) : ip)),
  containsCIDR: ([cidr, other]) => {
    const [outer, inner] = [cidrOf(cidr), cidrOf(typeof other === 'string' ? cidrFrom(other) : other)];
    return outer.prefix <= inner.prefix && within(outer, inner.ip);
  },
  masked: ([value]) => {
    const { ip, prefix } = cidrOf(value);
    return makeCidr({ ip: maskedIp(ip, prefix), prefix });
  },
  prefixLength: ([value]) => BigInt(cidrOf(value).prefix),
  quantity: ([text]) => quantityFrom(textOf(text)),
  isQuantity: ([text]) => readQuantity(textOf(text)) !== undefined,
  sign: ([value]) => sign(amount(value)),
  isInteger: ([value]) => {
    const nano = amount(value);
    return nano % one === 0n && nano / one < 2n ** 63n && nano / one >= -(2n ** 63n);
  },
  asInteger: ([value]) => {
    const nano = amount(value);
    if (nano % one !== 0n) throw new CelError('cannot convert value to integer');
    return inInt(nano / one);
  },
  asApproximateFloat: ([value]) => Number(amount(value)) / 1e9,
  isGreaterThan: ([a, b]) => compare(a, b) > 0n,
  isLessThan: ([a, b]) => compare(a, b) < 0n,
  compareTo: ([a, b]) => compare(a, b),
  add: ([a, b]) => makeQuantity({ nano: quantityOf(a).nano + amount(b), format: quantityOf(a).format }),
  sub: ([a, b]) => makeQuantity({ nano: quantityOf(a).nano - amount(b), format: quantityOf(a).format }),
  'format.named': ([name]) => (Object.hasOwn(namedFormats, textOf(name)) ? new Optional(formatValue(textOf(name))) : none),
  ...Object.fromEntries(Object.keys(namedFormats).map((name): [string, CelFunction] => [`format.${name}`, () => formatValue(name)])),
  validate: ([format, text]) => {
    const errors = opaque<NamedFormat>(format, 'kubernetes.NamedFormat')(textOf(text));
    return errors.length === 0 ? none : new Optional(listValue(errors));
  },
  semver: semverFrom,
  isSemver: (args) => readSemver(args) !== undefined,
  major: ([value]) => semverOf(value).major,
  minor: ([value]) => semverOf(value).minor,
  patch: ([value]) => semverOf(value).patch,
  'optional.of': ([value = null]) => new Optional(value),
  'optional.ofNonZeroValue': ([value = null]) => (isZero(value) ? none : new Optional(value)),
  'optional.none': () => none,
  hasValue: ([value]) => optional(value).value !== undefined,
  value: ([value]) => {
    const inner = optional(value).value;
    if (inner === undefined) throw new CelError('optional.none() dereference');
    return inner;
  },
  or: ([value, other]) => (optional(value).value === undefined ? optional(other) : optional(value)),
  orValue: ([value, other = null]) => optional(value).value ?? other,
};

function isLinkLocal(bytes: AddressBytes): boolean {
  return bytes.length === 4 ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 254 && ((bytes[1] ?? 0) & 192) === 128;
}

function compare(a: CelValue | undefined, b: CelValue | undefined): bigint {
  if (a instanceof Opaque && a.type === 'kubernetes.Semver') return BigInt(compareSemver(semverOf(a), semverOf(b)));
  return sign(quantityOf(a).nano - quantityOf(b).nano);
}
