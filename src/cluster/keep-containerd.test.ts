// Owns the proof that a containerd which ends is started again, later each time that fails.
import { expect, test } from 'vitest';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import { keepContainerd } from './keep-containerd.ts';

test('it is started when it has ended, and again where that failed', async () => {
  const clock = new VirtualClock(0);
  const starts: number[] = [];
  let isUp = true;
  let works = false;
  const start = async (): Promise<void> => {
    starts.push(clock.now());
    if (!works) throw new Error('no');
    isUp = true;
  };
  const keeper = keepContainerd({ runs: () => isUp, start }, clock, silentLog);
  await clock.advance(10_000);
  expect(starts).toEqual([]);
  isUp = false;
  await clock.advance(5_000);
  expect(starts).toEqual([10_500, 12_000, 14_500]);
  works = true;
  await clock.advance(60_000);
  expect(starts).toHaveLength(4);
  const stopped = keeper.stop();
  await clock.advance(1000);
  await stopped;
});
