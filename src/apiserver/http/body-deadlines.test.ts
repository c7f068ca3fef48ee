// Owns proving that a late body is told of in its own time, once, and one that came never.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { BodyDeadlines } from './body-deadlines.ts';

test('each body has its whole time, and only those that did not come are told of', async () => {
  const clock = new VirtualClock();
  const deadlines = new BodyDeadlines(clock, 1000);
  const [began, late]: [number, string[]] = [clock.now(), []];
  const begin = (name: string): object => {
    const body = { name };
    deadlines.begin(body, () => late.push(`${name} ${clock.now() - began}`));
    return body;
  };
  begin('slow');
  const quick = begin('quick');
  await clock.advance(400);
  begin('later');
  deadlines.end(quick);
  await clock.advance(599);
  expect(late).toEqual([]);
  await clock.advance(1);
  expect(late).toEqual(['slow 1000']);
  await clock.advance(5000);
  begin('last');
  await clock.advance(5000);
  expect(late).toEqual(['slow 1000', 'later 1400', 'last 7000']);
});
