// Owns the values that JSON spells as strings or numbers and Go as types of their own: quantities, times, bytes.
import { formatMicroTime, formatTime, parseTime } from '../base/time.ts';
import { canonicalQuantity } from './quantity.ts';

/** A value that its type refuses; the message is upstream's and names no field. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** Canonical spelling of a quantity that came as text, number or anything else. Throws QuantityError. */
export function decodeQuantity(raw: unknown): string {
  return canonicalQuantity(typeof raw === 'string' ? raw.trim() : typeof raw === 'number' ? `${raw}` : JSON.stringify(raw));
}

const layouts = { time: '2006-01-02T15:04:05Z07:00', micro: '2006-01-02T15:04:05.000000Z07:00' } as const;
const elements: readonly (readonly [string, RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d\d/],
  ['-', /^-/],
  ['02', /^\d\d/],
  ['T', /^T/],
  ['15', /^\d\d/],
  [':', /^:/],
  ['04', /^\d\d/],
  [':', /^:/],
  ['05', /^\d\d/],
];

function refusedTime(text: string, layout: string): ValueError {
  const because = (detail: string): ValueError => new ValueError(`parsing time ${JSON.stringify(text)} as "${layout}"${detail}`);
  let rest = text;
  for (const [element, pattern] of elements) {
    const match = pattern.exec(rest);
    if (match === null) return because(`: cannot parse ${JSON.stringify(rest)} as "${element}"`);
    rest = rest.slice(match[0].length);
  }
  if (layout === layouts.micro) {
    if (!/^[.,]\d{6}/.test(rest)) return because(`: cannot parse ${JSON.stringify(rest)} as ".000000"`);
    rest = rest.slice(7);
  } else rest = rest.replace(/^[.,]\d+/, '');
  const zone = /^(Z|[-+]\d\d:\d\d)/.exec(rest);
  if (zone === null) return because(`: cannot parse ${JSON.stringify(rest)} as "Z07:00"`);
  rest = rest.slice(zone[0].length);
  if (rest !== '') return because(`: extra text: ${JSON.stringify(rest)}`);
  const [month = 0, day = 0, hour = 0, minute = 0] = [text.slice(5, 7), text.slice(8, 10), text.slice(11, 13), text.slice(14, 16)].map(
    Number,
  );
  const out = month < 1 || month > 12 ? 'month' : day < 1 || day > 31 ? 'day' : hour > 23 ? 'hour' : minute > 59 ? 'minute' : 'day';
  return because(`: ${out} out of range`);
}

const wellFormedTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)$/;
const wellFormedMicroTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{6}(?:Z|[-+]\d\d:\d\d)$/;
const daysIn = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function instant(text: string, wellFormed: RegExp): number | undefined {
  if (!wellFormed.test(text)) return undefined;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  const day = Number(text.slice(8, 10));
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (month === 2 && !leap ? 28 : (daysIn[month - 1] ?? 0)) || Number(text.slice(11, 13)) > 23) return undefined;
  return parseTime(text.replace(',', '.'));
}

/** Go's zero instant, which the wire writes as null. */
const zeroInstant = Date.parse('0001-01-01T00:00:00Z');

/** `metav1.Time` in UTC and whole seconds; undefined for Go's zero time. Throws ValueError. */
export function decodeTime(text: string): string | undefined {
  if (text.length === 20 && text.endsWith('Z') && wellFormedTime.test(text) && instant(text, wellFormedTime) !== undefined)
    return text === '0001-01-01T00:00:00Z' ? undefined : text;
  const at = instant(text, wellFormedTime);
  if (at === undefined) throw refusedTime(text, layouts.time);
  return at === zeroInstant ? undefined : formatTime(at);
}

/** `metav1.MicroTime` in UTC; exactly six digits of a second are asked for. Throws ValueError. */
export function decodeMicroTime(text: string): string | undefined {
  const at = instant(text, wellFormedMicroTime);
  if (at === undefined) throw refusedTime(text, layouts.micro);
  if (at === zeroInstant) return undefined;
  return text.endsWith('Z') ? text : `${formatMicroTime(at).slice(0, 20)}${text.slice(20, 26)}Z`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes in standard base64 without line ends. Throws ValueError naming the first wrong position. */
export function decodeBase64(text: string): string {
  if (base64.test(text)) return text;
  const joined = text.replace(/[\r\n]/g, '');
  if (joined !== text && base64.test(joined)) return joined;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '\r' || character === '\n') continue;
    if (/[A-Za-z0-9+/]/.test(character)) digits++;
    else if (character === '=' && digits % 4 >= 2) {
      const next = digits % 4 === 2 ? text[at + 1] : '=';
      const end = digits % 4 === 2 ? at + 2 : at + 1;
      if (next === '=' && end === text.length) return Buffer.from(text, 'base64').toString('base64');
      throw new ValueError(`illegal base64 data at input byte ${next === '=' ? end : at + 1}`);
    } else throw new ValueError(`illegal base64 data at input byte ${at}`);
  }
  throw new ValueError(`illegal base64 data at input byte ${digits - (digits % 4)}`);
}
