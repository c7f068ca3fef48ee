// Owns instants and spans as text, the way Go spells and reads them, and their parts in time zones.
import { CelError, Duration, Timestamp } from './values.ts';

const billion = 1_000_000_000n;
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: billion,
  m: 60n * billion,
  h: 3600n * billion,
};
const longestSpan = 2n ** 63n - 1n;
const [firstInstant, lastInstant] = [-62135596800n * billion, 253402300800n * billion - 1n];

/** Reads `1h30m`, `-1.5s`, `0`. Throws CelError. */
export function parseDuration(text: string): Duration {
  const refused = new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  const sign = text.startsWith('-') ? -1n : 1n;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return new Duration(0n);
  if (rest === '') throw refused;
  let nanos = 0n;
  while (rest !== '') {
    const match = /^(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/.exec(rest);
    if (match === null || (match[1] === '' && (match[2] ?? '') === '')) throw refused;
    const unit = units[match[3] ?? ''] ?? 1n;
    const fraction = match[2] ?? '';
    nanos += BigInt(match[1] || '0') * unit + (fraction === '' ? 0n : (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length));
    if (nanos > longestSpan) throw refused;
    rest = rest.slice(match[0].length);
  }
  return new Duration(sign * nanos);
}

/** Reads an instant of RFC 3339. Throws CelError. */
export function parseTimestamp(text: string): Timestamp {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)$/.exec(text);
  const millis = match === null ? Number.NaN : Date.parse(text.replace(/[.,]\d+/, ''));
  if (match === null || Number.isNaN(millis) || Number(match[4]) > 23)
    throw new CelError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
    );
  const nanos = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return inRange(BigInt(millis) * 1_000_000n + nanos);
}

/** An instant between the years 1 and 9999. Throws CelError. */
export function inRange(nanos: bigint): Timestamp {
  if (nanos < firstInstant || nanos > lastInstant) throw new CelError('timestamp overflow');
  return new Timestamp(nanos);
}

/** A span that fits 64 bits. Throws CelError. */
export function inSpan(nanos: bigint): Duration {
  if (nanos > longestSpan || nanos < -longestSpan - 1n) throw new CelError('duration overflow');
  return new Duration(nanos);
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** RFC 3339 in UTC with as many digits as there are. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const seconds = floorDivide(nanos, billion);
  const rest = nanos - seconds * billion;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace(/^\+00/, '');
  return `${text}${rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`}Z`;
}

/** Seconds with an s: `5400s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  const rest = size % billion;
  return `${nanos < 0n ? '-' : ''}${size / billion}${rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`}s`;
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The parts of an instant in a zone: `UTC`, a name, or `+02:00`. Throws CelError for unknown zones. */
export function partsOf({ nanos }: Timestamp, zone: string): Readonly<Record<string, number>> {
  const millis = Number(floorDivide(nanos, 1_000_000n));
  const offset = /^([-+]?)(\d\d):(\d\d)$/.exec(zone);
  const shifted = offset === null ? millis : millis + (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
  const named = offset !== null || zone === '' || zone === 'UTC' || zone === 'Z' ? 'UTC' : zone;
  let parts: readonly Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat('en-US', {
      timeZone: named,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      weekday: 'short',
    }).formatToParts(new Date(shifted));
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const [year, month, day] = [part('year'), part('month'), part('day')];
  const date = Date.UTC(year, month - 1, day);
  return {
    getFullYear: year,
    getMonth: month - 1,
    getDayOfMonth: day - 1,
    getDate: day,
    getDayOfYear: Math.round((date - Date.UTC(year, 0, 1)) / 86_400_000),
    getDayOfWeek: weekdays.indexOf(parts.find((one) => one.type === 'weekday')?.value ?? 'Sun'),
    getHours: part('hour'),
    getMinutes: part('minute'),
    getSeconds: part('second'),
    getMilliseconds: ((millis % 1000) + 1000) % 1000,
  };
}
