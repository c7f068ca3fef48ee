// Owns whether a text is a cron schedule, with the complaints that upstream's parser makes. When it fires is decided elsewhere.

interface Field {
  readonly low: number;
  readonly high: number;
  readonly names: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly Field[] = [
  { low: 0, high: 59, names: [] },
  { low: 0, high: 23, names: [] },
  { low: 1, high: 31, names: [] },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
];
const macros = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

function numberOf(text: string, field: Field): number | string {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0) return named + field.low;
  const failed = `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}`;
  if (!/^[+-]?\d+$/.test(text)) return `${failed}: invalid syntax`;
  const whole = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, whole) !== whole) return `${failed}: value out of range`;
  return whole < 0n ? `negative number (${whole}) not allowed: ${text}` : Number(whole);
}

function rangeError(expression: string, field: Field): string | undefined {
  const [range = '', stepText, ...moreSteps] = expression.split('/');
  const [first = '', last, ...moreBounds] = range.split('-');
  let start: number | string = field.low;
  let end: number | string = field.high;
  if (first !== '*' && first !== '?') {
    start = numberOf(first, field);
    if (typeof start === 'string') return start;
    if (moreBounds.length > 0) return `too many hyphens: ${expression}`;
    end = last === undefined ? (stepText === undefined ? start : field.high) : numberOf(last, field);
    if (typeof end === 'string') return end;
  }
  if (moreSteps.length > 0) return `too many slashes: ${expression}`;
  const step = stepText === undefined ? 1 : numberOf(stepText, { low: 0, high: 0, names: [] });
  if (typeof step === 'string') return step;
  if (start < field.low) return `beginning of range (${start}) below minimum (${field.low}): ${expression}`;
  if (end > field.high) return `end of range (${end}) above maximum (${field.high}): ${expression}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`;
  return step === 0 ? `step of range should be a positive number: ${expression}` : undefined;
}

function macroError(text: string): string | undefined {
  if (macros.has(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const why = durationError(text.slice('@every '.length));
  return why === undefined ? undefined : `failed to parse duration ${text}: time: ${why}`;
}

const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** About 292 years: what Go's durations hold. */
const longestMs = 2 ** 63 / 1e6;

/** What Go says of a text that is no duration; undefined where it is one. */
function durationError(text: string): string | undefined {
  const invalid = `invalid duration ${JSON.stringify(text)}`;
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return undefined;
  if (rest === '') return invalid;
  let spanMs = 0;
  while (rest !== '') {
    const [part, amount = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^.\d]*)/.exec(rest) ?? [];
    if (part === undefined) return invalid;
    if (unit === '') return `missing unit in duration ${JSON.stringify(text)}`;
    const ms = unitsMs[unit];
    if (ms === undefined) return `unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
    spanMs += Number(amount) * ms;
    rest = rest.slice(part.length);
  }
  return spanMs > longestMs ? invalid : undefined;
}

/** What Go says of a name that cannot be one of a time zone, whichever there are. */
export function badLocation(name: string): string | undefined {
  return name.includes('..') || name.startsWith('/') || name.startsWith('\\') ? 'time: invalid location name' : undefined;
}

/** Why a text is no schedule; undefined where it is one. A leading `TZ=` is read, not refused. */
export function scheduleError(text: string): string | undefined {
  let rest = text;
  const zone = /^(?:CRON_)?TZ=(\S*)\s*(.*)$/s.exec(text);
  if (zone !== null) {
    const [, name = '', after = ''] = zone;
    try {
      new Intl.DateTimeFormat('en-US', { timeZone: name });
    } catch {
      return `provided bad location ${name}: ${badLocation(name) ?? `unknown time zone ${name}`}`;
    }
    rest = after;
  }
  if (rest.startsWith('@')) return macroError(rest);
  const parts = rest.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (const [index, part] of parts.entries())
    for (const expression of part.split(',').filter((one) => one !== '')) {
      const field = fields[index];
      const error = field === undefined ? undefined : rangeError(expression, field);
      if (error !== undefined) return error;
    }
  return undefined;
}
