// Owns the story of waiting pods: order, back-off, being woken, none lost.
import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { PodQueue } from './pod-queue.ts';

const pod = (name: string, priority = 0): Pod => ({
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' },
  spec: { priority, containers: [] },
});
const setup = (): { clock: VirtualClock; queue: PodQueue; ready: () => number } => {
  const clock = new VirtualClock();
  let count = 0;
  return { clock, queue: new PodQueue(clock, () => void count++), ready: () => count };
};

test('higher priority first, then who waited longer', async () => {
  const { clock, queue } = setup();
  for (const one of [pod('a'), pod('b', 5), pod('c', 5)]) {
    queue.add(one);
    await clock.advance(1);
  }
  expect([queue.take(), queue.take(), queue.take(), queue.take()].map((taken) => taken?.pod.metadata.name)).toEqual([
    'b',
    'c',
    'a',
    undefined,
  ]);
});

test('a pod that found no node waits until something changes', async () => {
  const { clock, queue } = setup();
  queue.add(pod('a'));
  queue.park(pod('a'), queue.take()?.wakeups ?? -1, 'unschedulable');
  await clock.advance(60_000);
  expect(queue.take()).toBeUndefined();
  queue.wake();
  expect(queue.take()?.pod.metadata.name).toBe('a');
});

test('a change during the attempt is not lost', () => {
  const { queue } = setup();
  queue.add(pod('a'));
  const taken = queue.take();
  queue.wake();
  queue.park(pod('a'), taken?.wakeups ?? -1, 'unschedulable');
  expect(queue.take()?.pod.metadata.name).toBe('a');
});

test('after an error it is tried again by itself, later each time', async () => {
  const { clock, queue, ready } = setup();
  queue.add(pod('a'));
  const waits: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const taken = queue.take();
    queue.park(pod('a'), taken?.wakeups ?? -1, 'error');
    const [before, startMs] = [ready(), clock.now()];
    await clock.until(() => ready() > before);
    waits.push(clock.now() - startMs);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
});
