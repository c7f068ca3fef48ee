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
  if (/^[+-]?\d+$/.test(text)) return Number(text) < 0 ? `negative number (${Number(text)}) not allowed: ${text}` : Number(text);
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
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
  const duration = text.slice('@every '.length);
  if (/^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(duration)) return undefined;
  return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
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
