// Owns reading a cron schedule as Kubernetes does: five fields, names, steps, macros, @every, and a zone before them. Pure.

/** When something happens: in fixed steps, or at the minutes of a calendar. */
export type Schedule = { readonly every: number; readonly zone: string } | Calendar;

/** The minutes at which it happens, in a time zone. Months are 1 to 12, weekdays 0 (Sunday) to 6. */
export interface Calendar {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** One of the two says nothing: a day must fit both. Where both say something it need fit only one. */
  readonly bothDays: boolean;
  /** Name of a time zone, e.g. Europe/Berlin. */
  readonly zone: string;
}

interface Field {
  readonly low: number;
  readonly high: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { low: 0, high: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];
const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const unitsMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** What a field allows, and whether it says nothing (a star without a step). */
interface Allowed {
  readonly values: readonly number[];
  readonly open: boolean;
}

function numberOf(text: string, { low, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + low;
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

function rangeOf(expression: string, field: Field): Allowed | undefined {
  const [range = '', stepText, ...moreSteps] = expression.split('/');
  const [first = '', last, ...moreBounds] = range.split('-');
  const step = stepText === undefined ? 1 : /^\+?\d+$/.test(stepText) ? Number(stepText) : 0;
  if (moreSteps.length > 0 || moreBounds.length > 0 || step === 0) return undefined;
  const open = first === '*' || first === '?';
  const start = open ? field.low : numberOf(first, field);
  // A single number with a step goes on to the end.
  const end = open ? field.high : last !== undefined ? numberOf(last, field) : stepText === undefined ? start : field.high;
  if (start === undefined || end === undefined || start < field.low || end > field.high || start > end) return undefined;
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return { values, open: open && step === 1 };
}

function fieldOf(text: string, field: Field): Allowed | undefined {
  const values = new Set<number>();
  let open = false;
  for (const expression of text.split(',').filter((one) => one !== '')) {
    const range = rangeOf(expression, field);
    if (range === undefined) return undefined;
    for (const value of range.values) values.add(value);
    open ||= range.open;
  }
  return { values: [...values].sort((a, b) => a - b), open };
}

function everyOf(text: string, zone: string): Schedule | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.replace(/^\+/, '')) return undefined;
  const sumMs = parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (unitsMs[unit] ?? 0), 0);
  return { every: Math.max(1000, Math.floor(sumMs / 1000) * 1000), zone };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Reads a schedule; `zone` is where it says none itself. Undefined where it is none. */
export function parseSchedule(text: string, zone = 'UTC'): Schedule | undefined {
  const own = /^(?:CRON_)?TZ=(\S*)\s*(.*)$/s.exec(text);
  if (own !== null) return isZone(own[1] ?? '') ? parseSchedule(own[2] ?? '', own[1]) : undefined;
  if (!isZone(zone)) return undefined;
  if (text.startsWith('@every ')) return everyOf(text.slice('@every '.length), zone);
  const parts = (macros[text] ?? text).split(/\s+/).filter((part) => part !== '');
  if (parts.length !== fields.length) return undefined;
  const allowed = parts.map((part, index) => fieldOf(part, fields[index] as Field));
  const [minutes, hours, days, months, weekdays] = allowed;
  if (!minutes || !hours || !days || !months || !weekdays) return undefined;
  return {
    minutes: minutes.values,
    hours: hours.values,
    days: new Set(days.values),
    months: new Set(months.values),
    weekdays: new Set(weekdays.values),
    bothDays: days.open || weekdays.open,
    zone,
  };
}
