// Owns the story of waiting pods: order, back-off, being woken, being kept out, none lost.
import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { PodQueue, type Queued } from './pod-queue.ts';

const pod = (name: string, priority = 0): Pod => ({
  metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '' },
  spec: { priority, containers: [] },
});
const plugins = new Set(['Fit']);
const setup = (admit: (pod: Pod) => string | undefined = () => undefined) => {
  const clock = new VirtualClock();
  let count = 0;
  return { clock, queue: new PodQueue(clock, admit, () => void count++), ready: () => count };
};
const taken = (queue: PodQueue): Queued => {
  const next = queue.take();
  if (next === undefined) throw new Error('nothing to take');
  return next;
};
const nameOf = (queued: Queued | undefined): string | undefined => queued?.pod.metadata.name;

test('higher priority first, then who waited longer', async () => {
  const { clock, queue } = setup();
  for (const one of [pod('a'), pod('b', 5), pod('c', 5)]) {
    queue.put(one);
    await clock.advance(1);
  }
  expect([queue.take(), queue.take(), queue.take(), queue.take()].map(nameOf)).toEqual(['b', 'c', 'a', undefined]);
});

test('a pod that found no node waits until something changes that its plugins care about', async () => {
  const { clock, queue } = setup();
  queue.put(pod('a'));
  queue.park(taken(queue), pod('a'), plugins);
  await clock.advance(60_000);
  queue.wake((queued) => queued.plugins.has('Ports'));
  expect(queue.take()).toBeUndefined();
  queue.wake((queued) => queued.plugins.has('Fit'));
  expect(nameOf(queue.take())).toBe('a');
});

test('a pod in back-off is taken at once where nothing else is ready, and after the others where something is', () => {
  const { queue } = setup();
  queue.put(pod('failed', 9));
  queue.park(taken(queue), pod('failed', 9), plugins);
  queue.wake(() => true);
  queue.put(pod('new'));
  expect([queue.take(), queue.take()].map(nameOf)).toEqual(['new', 'failed']);
});

test('what nothing wakes is tried again after five minutes', async () => {
  const { clock, queue } = setup();
  queue.put(pod('a'));
  queue.park(taken(queue), pod('a'), plugins);
  await clock.advance(299_000);
  expect(queue.take()).toBeUndefined();
  await clock.advance(31_000);
  expect(nameOf(queue.take())).toBe('a');
});

test('a pod that is kept out is not taken, whatever happens, until it is let in', async () => {
  let gate: string | undefined = 'SchedulingGates';
  const { clock, queue } = setup(() => gate);
  queue.put(pod('a'));
  queue.wake(() => true);
  await clock.advance(400_000);
  expect(queue.take()).toBeUndefined();
  gate = undefined;
  queue.wake(({ plugins: by }) => by.has('SchedulingGates'));
  expect(nameOf(queue.take())).toBe('a');
});

test('after an error it is tried again by itself, later each time, on whole seconds', async () => {
  const { clock, queue, ready } = setup();
  await clock.advance(600);
  queue.put(pod('a'));
  const startMs = Math.floor(clock.now() / 1000) * 1000;
  const tries: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    const next = taken(queue);
    queue.retry(next, next.pod);
    expect(queue.take()).toBeUndefined();
    const before = ready();
    await clock.until(() => ready() > before);
    tries.push(clock.now() - startMs);
  }
  expect(tries).toEqual([2_000, 5_000, 10_000, 19_000, 30_000, 41_000]);
});

test('a newer state of a waiting pod keeps its place, and a pod that is removed is gone', () => {
  const { queue } = setup();
  queue.put(pod('a'));
  queue.put({ ...pod('a'), metadata: { ...pod('a').metadata, resourceVersion: '2' } });
  queue.put(pod('b'));
  queue.remove(pod('b'));
  expect(queue.take()?.pod.metadata.resourceVersion).toBe('2');
  expect(queue.ready).toBe(false);
});

test('it knows which plugins any waiting pod was turned down by', () => {
  let keptOut = true;
  const { queue } = setup((one) => (one.metadata.name === 'gated' && keptOut ? 'Gates' : undefined));
  const park = (name: string, ...by: readonly string[]): void => {
    queue.put(pod(name));
    queue.park(taken(queue), pod(name), new Set(by));
  };
  const heard = (): readonly string[] => ['Fit', 'Ports', 'Gates', 'Spread'].filter((plugin) => queue.waitsFor([plugin]));
  park('a', 'Fit', 'Ports');
  park('b', 'Fit');
  queue.put(pod('gated'));
  expect(heard()).toEqual(['Fit', 'Ports', 'Gates']);
  queue.put(pod('a', 3));
  queue.remove(pod('a'));
  expect(heard()).toEqual(['Fit', 'Gates']);
  keptOut = false;
  queue.wake(() => true);
  expect(heard()).toEqual([]);
  park('c');
  expect(heard()).toEqual(['Fit', 'Ports', 'Gates', 'Spread']);
});
