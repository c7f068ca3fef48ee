// Owns the proof that a wall clock which steps does not make containers end before they began, or long ago, or in the future.
import { expect, test } from 'vitest';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { inOwnTime, type OwnTime } from './own-time.ts';
import { restartAfter } from './restart.ts';

const hour = 3_600_000;
const nowMs = 10 * hour;
const told = (createdAtMs: number, startedAtMs: number, finishedAtMs = 0): ContainerStatus =>
  ({
    createdAtMs,
    startedAtMs,
    finishedAtMs,
    state: finishedAtMs > 0 ? 'exited' : 'running',
    annotations: {},
  }) as unknown as ContainerStatus;

test.each<[string, ContainerStatus, Partial<OwnTime>, readonly number[]]>([
  ['nothing stepped', told(nowMs - 500, nowMs - 400, nowMs), { askedMs: nowMs - 600 }, [nowMs - 500, nowMs - 400, nowMs]],
  ['one found by a new kubelet', told(hour, hour, 2 * hour), {}, [hour, hour, 2 * hour]],
  ['one that never started', told(nowMs - 500, 0, nowMs), {}, [nowMs - 500, 0, nowMs]],
  ['a clock that stepped back before the start', told(nowMs - hour, nowMs - hour), { askedMs: nowMs - 100 }, [nowMs - 100, nowMs - 100, 0]],
  [
    '… and an end soon after it',
    told(nowMs - hour, nowMs - hour, nowMs - hour + 9),
    { askedMs: nowMs - 100 },
    [nowMs - 100, nowMs - 100, nowMs],
  ],
  [
    'a clock that stepped back while it ran',
    told(5, 5, nowMs - hour),
    { before: told(nowMs - 9000, nowMs - 9000) },
    [nowMs - 9000, nowMs - 9000, nowMs],
  ],
  ['an end that was told before', told(5, 5, 6), { before: told(hour, hour, 2 * hour) }, [hour, hour, 2 * hour]],
  ['a clock that is ahead', told(nowMs - 9, nowMs + hour, nowMs + hour), {}, [nowMs - 9, nowMs, nowMs]],
])('%s', (_, status, known, times) => {
  const { createdAtMs, startedAtMs, finishedAtMs } = inOwnTime(status, { nowMs, before: undefined, askedMs: undefined, ...known });
  expect([createdAtMs, startedAtMs, finishedAtMs]).toEqual(times);
});

test.each([
  ['back', -hour],
  ['forward', hour],
])('a crash waits its back-off, not more and not less, after the wall clock stepped %s', (_, stepMs) => {
  const annotations = { 'peapod.io/restart-backoff-ms': '20000' };
  const before = { ...told(nowMs - 3000, nowMs - 3000), annotations };
  const wall = { ...told(nowMs - 3000, nowMs - 3000, nowMs + stepMs), annotations };
  const ended = inOwnTime(wall, { nowMs, before, askedMs: undefined });
  expect(restartAfter(ended, undefined, undefined)).toMatchObject({ atMs: nowMs + 20_000, nextBackoffMs: 40_000 });
});
