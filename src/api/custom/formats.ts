// Owns the formats of strings that a schema may ask for, as upstream's validators understand them. Other formats are not looked at.
import { dnsLabelErrors, dnsSubdomainErrors } from '../names.ts';
import { isCidr, isIp } from './ip-text.ts';

const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z0-9\p{S}\p{L}])(-?[a-zA-Z0-9\p{S}\p{L}]){1,62})$/u;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const byteOfColor = '(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';
const rgbColor = new RegExp(`^rgb\\(\\s*${byteOfColor}\\s*,\\s*${byteOfColor}\\s*,\\s*${byteOfColor}\\s*\\)$`);
const card =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/;
const mac = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2}|(?:\1[0-9a-f]{2}){14})?$/i;
const dottedMac = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?:\.[0-9a-f]{4})?(?:(?:\.[0-9a-f]{4}){6})?$/i;
const goDuration = /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const wordyUnits = [
  'ns',
  'nano',
  'us',
  'µs',
  'micro',
  'ms',
  'milli',
  's',
  'sec',
  'm',
  'min',
  'h',
  'hr',
  'hour',
  'd',
  'day',
  'w',
  'week',
  'wk',
];
const unitPrefixes = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'wk'];

/** A calendar day: 2026-01-31. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

/** An instant as RFC 3339 has it; seconds up to 59. */
export function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t');
  if (time === undefined || !isDate(date)) return false;
  const parts = /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/.exec(time);
  return parts !== null && (parts[1] ?? '') <= '23' && (parts[2] ?? '') <= '59' && (parts[3] ?? '') <= '59';
}

/** A span: Go's spelling (`1h30m`), or numbers with the names of units (`3 days`). */
export function isDuration(text: string): boolean {
  if (goDuration.test(text)) return true;
  for (const [, , unit = ''] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const low = unit.toLowerCase();
    if (wordyUnits.includes(low) || unitPrefixes.some((prefix) => low.startsWith(prefix))) return true;
  }
  return false;
}

function isRequestUri(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a URI may not hold
  if (text === '' || /[\x00-\x20\x7f]/.test(text)) return false;
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return false;
  if (text === '*' || text.startsWith('/')) return true;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(text);
  const rest = scheme?.[2];
  if (rest === undefined) return false;
  if (!rest.startsWith('//')) return true;
  const authority = rest.slice(2).split(/[/?#]/)[0] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^(\[[0-9a-fA-F:.%a-zA-Z]*\]|[^[\]:<>"\\^`{|}]*)(:\d*)?$/.test(host);
}

function isEmail(text: string): boolean {
  const address = /^(?:.*<([^<>]+)>|([^<>]+))$/s.exec(text.trim());
  const spec = address?.[1] ?? address?.[2] ?? '';
  const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+";
  return new RegExp(`^(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\]|\\\\.)*")@(?:${atom}(?:\\.${atom})*|\\[[^\\]]*\\])$`).test(spec);
}

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255 || text.length > 255) return false;
  return text.split('.').every((label) => Buffer.byteLength(label) <= 63) && hostname.test(text);
}

function digitsOf(text: string): readonly number[] {
  return [...text.replace(/[ -]/g, '')].map((character) => (character === 'X' ? 10 : Number(character)));
}

function isIsbn10(text: string): boolean {
  const bare = text.replace(/[ -]/g, '');
  return (
    /^(?:\d{9}X|\d{10})$/.test(bare) &&
    digitsOf(text).reduce((sum, digit, index) => sum + digit * (index < 9 ? index + 1 : 10), 0) % 11 === 0
  );
}

function isIsbn13(text: string): boolean {
  const bare = text.replace(/[ -]/g, '');
  return /^\d{13}$/.test(bare) && digitsOf(text).reduce((sum, digit, index) => sum + digit * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCard(text: string): boolean {
  const bare = text.replace(/[^0-9]+/g, '');
  if (!card.test(bare)) return false;
  const sum = [...bare].reverse().reduce((total, character, index) => {
    const digit = Number(character) * (index % 2 === 0 ? 1 : 2);
    return total + (digit > 9 ? digit - 9 : digit);
  }, 0);
  return sum % 10 === 0;
}

function uuid(version: string): (text: string) => boolean {
  const variant = version === '' || version === '3' ? '[0-9a-f]{4}' : '[89ab][0-9a-f]{3}';
  const third = version === '' ? '[0-9a-f]{4}' : `${version}[0-9a-f]{3}`;
  const pattern = new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${variant}-?[0-9a-f]{12}$`, 'i');
  return (text) => pattern.test(text);
}

/** By the name without its dashes, as upstream compares them. */
const checks: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', (text) => /^[0-9a-fA-F]{24}$/.test(text)],
  ['uri', isRequestUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', (text) => isIp(text) && text.includes('.')],
  ['ipv6', (text) => isIp(text) && text.includes(':')],
  ['cidr', isCidr],
  ['mac', (text) => mac.test(text) || dottedMac.test(text)],
  ['uuid', uuid('')],
  ['uuid3', uuid('3')],
  ['uuid4', uuid('4')],
  ['uuid5', uuid('5')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCard],
  ['ssn', (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ['hexcolor', (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ['rgbcolor', (text) => rgbColor.test(text)],
  ['byte', (text) => base64.test(text)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (text) => dnsLabelErrors(text).length === 0],
  ['k8slongname', (text) => dnsSubdomainErrors(text).length === 0],
]);

function plain(format: string): string {
  return format.replaceAll('-', '');
}

/** Whether a format is one that is checked. */
export function isKnownFormat(format: string): boolean {
  return checks.has(plain(format));
}

/** Whether a text has a format. Every text has a format that nobody knows. */
export function hasFormat(text: string, format: string): boolean {
  return checks.get(plain(format))?.(text) ?? true;
}
