// Owns when a schedule happens next, and which of its times were missed. Pure.
import type { Calendar, Schedule } from './schedule.ts';
import { instantsOf, offsetMs } from './wall-clock.ts';

const dayMs = 86_400_000;
/** What does not happen within five years never does. */
const horizonYears = 5;

function fitsDay({ days, weekdays, bothDays }: Calendar, date: Date): boolean {
  const [day, weekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return bothDays ? day && weekday : day || weekday;
}

/** The first time after an instant, milliseconds; undefined where there is none within five years. */
export function nextTime(schedule: Schedule, afterMs: number): number | undefined {
  if ('every' in schedule) return Math.floor(afterMs / 1000) * 1000 + schedule.every;
  const wallNow = afterMs + offsetMs(schedule.zone, afterMs);
  const today = Math.floor(wallNow / dayMs) * dayMs;
  const lastYear = new Date(today).getUTCFullYear() + horizonYears;
  // Where clocks went back, today's minutes may come once more: begin with the day before.
  for (let midnight = today - dayMs; ; ) {
    const date = new Date(midnight);
    if (date.getUTCFullYear() > lastYear) return undefined;
    if (!schedule.months.has(date.getUTCMonth() + 1)) {
      midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      continue;
    }
    if (fitsDay(schedule, date)) {
      const found = firstOfDay(schedule, midnight, afterMs);
      if (found !== undefined) return found;
    }
    midnight += dayMs;
  }
}

function firstOfDay({ hours, minutes, zone }: Calendar, midnight: number, afterMs: number): number | undefined {
  let first: number | undefined;
  // A day whose clocks do not change needs no look at each minute.
  const [from, to] = [offsetMs(zone, midnight - dayMs), offsetMs(zone, midnight + 2 * dayMs)];
  const steady = from === to;
  for (const hour of hours)
    for (const minute of minutes) {
      const wallMs = midnight + hour * 3_600_000 + minute * 60_000;
      if (steady && wallMs - from <= afterMs) continue;
      if (steady && first !== undefined) return first;
      for (const instant of steady ? [wallMs - from] : instantsOf(zone, wallMs))
        if (instant > afterMs && (first === undefined || instant < first)) first = instant;
    }
  return first;
}

/** How many times were missed, roughly. */
export type Missed = 'none' | 'few' | 'many';

/** The latest time since `earliestMs` that is not after now, and how many there were. */
export type MostRecent =
  | { readonly is: 'found'; readonly atMs: number | undefined; readonly missed: Missed }
  /** A date that never comes. */
  | { readonly is: 'never' };

const many = 100;

/** Finds it without listing all: their number is estimated by the distance of the first two. */
export function mostRecentTime(schedule: Schedule, earliestMs: number, nowMs: number): MostRecent {
  const first = nextTime(schedule, earliestMs);
  const second = first === undefined ? undefined : nextTime(schedule, first);
  if (first === undefined || second === undefined) return { is: 'never' };
  if (nowMs < first) return { is: 'found', atMs: undefined, missed: 'none' };
  if (nowMs < second) return { is: 'found', atMs: first, missed: 'none' };
  const gap = Math.round((second - first) / 1000);
  if (gap < 1) return { is: 'never' };
  const count = Math.floor(Math.floor((nowMs - first) / 1000) / gap) + 1;
  // One step before what the estimate says: schedules need not be regular.
  const from = first + (count - 2) * gap * 1000;
  let atMs: number | undefined;
  for (let next = nextTime(schedule, from); next !== undefined && next <= nowMs; next = nextTime(schedule, next)) atMs = next;
  return { is: 'found', atMs, missed: count > many ? 'many' : 'few' };
}
