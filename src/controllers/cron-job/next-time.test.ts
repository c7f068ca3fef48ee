// Owns when schedules happen: tables of single cases, clocks that go forward and back, and a second opinion on many others.
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostRecentTime, nextTime } from './next-time.ts';
import { parseSchedule } from './schedule.ts';
import { instantsOf, offsetMs, zonedTime } from './wall-clock.ts';

const next = (text: string, after: string, zone?: string): string | undefined => {
  const schedule = parseSchedule(text, zone);
  const found = schedule && nextTime(schedule, Date.parse(after));
  return found === undefined ? undefined : new Date(found).toISOString().replace('.000Z', 'Z');
};

test.each([
  ['* * * * *', '2026-03-01T10:00:00Z', '2026-03-01T10:01:00Z'],
  ['* * * * *', '2026-03-01T10:00:59.999Z', '2026-03-01T10:01:00Z'],
  ['*/15 * * * *', '2026-03-01T10:46:00Z', '2026-03-01T11:00:00Z'],
  ['5/20 * * * *', '2026-03-01T10:46:00Z', '2026-03-01T11:05:00Z'],
  ['30 6-16/4 * * 1-5', '2026-03-06T14:30:00Z', '2026-03-09T06:30:00Z'],
  ['0 0 1,15 * *', '2026-03-02T00:00:00Z', '2026-03-15T00:00:00Z'],
  ['0 0 13 * FRI', '2026-03-01T00:00:00Z', '2026-03-06T00:00:00Z'],
  ['0 0 */2 * FRI', '2026-03-01T00:00:00Z', '2026-03-03T00:00:00Z'],
  ['0 0 */1 * FRI', '2026-03-01T00:00:00Z', '2026-03-06T00:00:00Z'],
  ['0 0 29 feb ?', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['0 0 31 2 *', '2026-03-01T00:00:00Z', undefined],
  ['@yearly', '2026-03-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['@monthly', '2026-03-01T00:00:00Z', '2026-04-01T00:00:00Z'],
  ['@weekly', '2026-03-01T00:00:00Z', '2026-03-08T00:00:00Z'],
  ['@daily', '2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z'],
  ['@hourly', '2026-03-01T00:00:00Z', '2026-03-01T01:00:00Z'],
  ['@every 1h30m', '2026-03-01T00:00:00.400Z', '2026-03-01T01:30:00Z'],
  ['@every 10ms', '2026-03-01T00:00:00Z', '2026-03-01T00:00:01Z'],
  ['TZ=Europe/Berlin 0 8 * * *', '2026-03-01T00:00:00Z', '2026-03-01T07:00:00Z'],
])('%s after %s', (text, after, expected) => expect(next(text, after)).toBe(expected));

test.each([
  ['summer time', 'Europe/Berlin', '0 8 * * *', '2026-07-01T00:00:00Z', '2026-07-01T06:00:00Z'],
  ['an hour that is not there is left out', 'Europe/Berlin', '30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
  ['an hour that comes twice: the first', 'Europe/Berlin', '30 2 * * *', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z'],
  ['an hour that comes twice: the second', 'Europe/Berlin', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
  ['half an hour off', 'Asia/Kolkata', '0 0 * * *', '2026-03-01T00:00:00Z', '2026-03-01T18:30:00Z'],
])('%s', (_, zone, text, after, expected) => expect(next(text, after, zone)).toBe(expected));

test.each(['', '* * * *', '60 * * * *', '* * * * 7', '*/0 * * * *', '5-1 * * * *', '1/2/3 * * * *', 'x * * * *', '@often', '@every x'])(
  '%j is no schedule',
  (text) => expect(parseSchedule(text)).toBeUndefined(),
);
test('a zone that is none', () => expect(parseSchedule('@hourly', 'Mars/Olympus')).toBeUndefined());

describe('the wall', () => {
  test.each([
    ['UTC', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00Z'],
    ['Europe/Berlin', '2026-03-01T10:00:00Z', '2026-03-01T11:00:00+01:00'],
    ['America/St_Johns', '2026-07-01T10:00:00Z', '2026-07-01T07:30:00-02:30'],
  ])('%s', (zone, at, expected) => expect(zonedTime(zone, Date.parse(at))).toBe(expected));
  test('gaps and twice', () => {
    expect(instantsOf('Europe/Berlin', Date.UTC(2026, 2, 29, 2, 30))).toEqual([]);
    expect(instantsOf('Europe/Berlin', Date.UTC(2026, 9, 25, 2, 30))).toHaveLength(2);
    expect(offsetMs('Europe/Berlin', Date.UTC(2026, 0, 1))).toBe(3_600_000);
  });
});

const field = (low: number, high: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: low, max: high }).map(String),
    fc
      .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 2, max: high }).map((step) => `*/${step}`),
    fc.uniqueArray(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
  );
// A day of the month with a step and a weekday: another reading of what "says nothing" is; those are in the table above.
const schedules = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
  .filter(([, , day, , weekday]) => !(day.startsWith('*/') && weekday !== '*') && !(weekday.startsWith('*/') && day !== '*'))
  .map((parts) => parts.join(' '));

test('another reader of schedules agrees', () => {
  fc.assert(
    fc.property(schedules, fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) }), (text, after) => {
      const schedule = parseSchedule(text);
      const ours = schedule && nextTime(schedule, after);
      const limit = Date.UTC(new Date(after).getUTCFullYear() + 6, 0, 1);
      const theirs = new Cron(text, { timezone: 'UTC', paused: true, legacyMode: true }).nextRun(new Date(after))?.getTime();
      return ours === (theirs !== undefined && theirs < limit ? theirs : undefined);
    }),
    { numRuns: 300 },
  );
});

describe('missed times', () => {
  const at = (text: string): number => Date.parse(text);
  const recent = (text: string, since: string, now: string): string => {
    const found = mostRecentTime(parseSchedule(text) ?? { every: 0, zone: 'UTC' }, at(since), at(now));
    if (found.is === 'never') return 'never';
    return `${found.atMs === undefined ? 'none' : new Date(found.atMs).toISOString().slice(0, 16)} ${found.missed}`;
  };
  test.each([
    ['not yet', '0 * * * *', '2026-03-01T10:10:00Z', '2026-03-01T10:20:00Z', 'none none'],
    ['the first', '0 * * * *', '2026-03-01T10:10:00Z', '2026-03-01T11:00:00Z', '2026-03-01T11:00 none'],
    ['some', '0 * * * *', '2026-03-01T10:10:00Z', '2026-03-01T13:30:00Z', '2026-03-01T13:00 few'],
    ['a hundred and one', '* * * * *', '2026-03-01T10:00:00Z', '2026-03-01T11:41:00Z', '2026-03-01T11:41 many'],
    ['not regular', '30 6-16/4 * * 1-5', '2026-03-06T06:30:00Z', '2026-03-09T10:30:00Z', '2026-03-09T10:30 few'],
    ['a date that never comes', '0 0 31 2 *', '2026-03-06T06:30:00Z', '2026-03-09T10:30:00Z', 'never'],
  ])('%s', (_, text, since, now, expected) => expect(recent(text, since, now)).toBe(expected));
});
