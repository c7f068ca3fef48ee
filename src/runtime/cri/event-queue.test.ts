// Tests event-queue.ts: order, its bound, its end, and that waiting leaves nothing on the signal.
import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { RuntimeEvent } from '../runtime.ts';
import { EventQueue } from './event-queue.ts';

const event = (containerId: string): RuntimeEvent => ({ type: 'started', containerId, atMs: 0 });

test('events come in order, and waiting for each leaves one listener, in the end none', async () => {
  const queue = new EventQueue();
  const abort = new AbortController();
  const told: RuntimeEvent[] = [];
  const reading = (async () => {
    for await (const one of queue.read(abort.signal)) told.push(one);
  })();
  for (let index = 0; index < 50; index++) {
    await new Promise(setImmediate);
    queue.push(event(String(index)));
  }
  await new Promise(setImmediate);
  expect(told).toEqual(Array.from({ length: 50 }, (_, index) => event(String(index))));
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
  abort.abort();
  await reading;
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
});

test('what does not fit becomes one resync', async () => {
  const queue = new EventQueue(2);
  const abort = new AbortController();
  for (const id of ['a', 'b', 'c']) queue.push(event(id));
  const reader = queue.read(abort.signal)[Symbol.asyncIterator]();
  expect((await reader.next()).value).toEqual({ type: 'resync' });
  await reader.return?.();
});
