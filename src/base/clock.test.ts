// Owns the proof that a machine's clock follows a wall clock that steps forward, and not one that steps back; and that long timers see both.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Clock, steppedClock } from './clock.ts';

let wallMs = 0;
let steadyMs = 0;
let clock: Clock;

beforeEach(() => {
  [wallMs, steadyMs] = [1_000_000, 5000];
  clock = steppedClock({ wall: () => wallMs, steady: () => steadyMs });
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

/** Time passes, for clocks and timers alike. */
async function pass(ms: number): Promise<void> {
  wallMs += ms;
  steadyMs += ms;
  await vi.advanceTimersByTimeAsync(ms);
}

test('it is wall time', async () => {
  await pass(1500);
  expect(clock.now()).toBe(1_001_500);
});

test('a step forward shows within a quarter of a second, a small one and one back never', async () => {
  wallMs += 3_600_000;
  await pass(250);
  expect(clock.now()).toBe(4_600_250);
  wallMs -= 3_600_000;
  expect(clock.now()).toBe(4_600_250);
  await pass(1000);
  expect(clock.now()).toBe(4_601_250);
  wallMs += 3_600_000 + 1999;
  await pass(1000);
  expect(clock.now()).toBe(4_602_250);
});

test('a short timer lasts as long as it says, whatever the wall clock does', async () => {
  const run = vi.fn();
  clock.after(10_000, run);
  wallMs -= 3_600_000;
  await pass(9999);
  expect(run).not.toHaveBeenCalled();
  await pass(1);
  expect(run).toHaveBeenCalledOnce();
});

test('a long timer runs when its time has come, early where the wall clock has stepped forward', async () => {
  const [stepped, plain, disposed] = [vi.fn(), vi.fn(), vi.fn()];
  clock.after(3_600_000, stepped);
  clock.after(3_600_000, disposed)[Symbol.dispose]();
  await pass(60_000);
  wallMs += 3_600_000;
  await pass(30_000);
  expect(stepped).toHaveBeenCalledOnce();
  clock.after(100_000, plain);
  await pass(99_999);
  expect(plain).not.toHaveBeenCalled();
  await pass(1);
  expect(plain).toHaveBeenCalledOnce();
  expect(disposed).not.toHaveBeenCalled();
});
