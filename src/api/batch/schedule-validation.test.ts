// Owns which schedules are refused, and how, as a table.
import { expect, test } from 'vitest';
import { scheduleError } from './schedule-validation.ts';

test.each<[string, string | undefined]>([
  ['*/5 1-3,5 ? JAN-mar sun', undefined],
  ['5/15 * * * *', undefined],
  ['0 0 31 2 *', undefined],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
  ['*/-1 * * * *', 'negative number (-1) not allowed: -1'],
  [
    '* 99999999999999999999 * * *',
    'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
  ],
  ['* x * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['@every 1h30m', undefined],
  ['@every 0', undefined],
  ['@every -1.5µs', undefined],
  ['@every', 'unrecognized descriptor: @every'],
  ['@every ', 'failed to parse duration @every : time: invalid duration ""'],
  ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
  ['@every 5d', 'failed to parse duration @every 5d: time: unknown unit "d" in duration "5d"'],
  ['@every 1h 5m', 'failed to parse duration @every 1h 5m: time: unknown unit "h " in duration "1h 5m"'],
  ['@every hour', 'failed to parse duration @every hour: time: invalid duration "hour"'],
  ['@every 9999999h', 'failed to parse duration @every 9999999h: time: invalid duration "9999999h"'],
])('%s', (schedule, why) => {
  expect(scheduleError(schedule)).toBe(why);
});
