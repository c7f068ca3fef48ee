// Owns the life of Events: an hour from the last write, over a restart too.
import { expect, test } from 'vitest';
import type { AnyObject } from '../api/object.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import { formatTime } from '../base/time.ts';
import { memoryStore } from '../store/memory.ts';
import { expireEvents } from './event-expiry.ts';
import { encodeStored } from './stored-object.ts';

const minute = 60_000;

function bench() {
  const clock = new VirtualClock();
  const store = memoryStore();
  const write = (name: string, place = 'events'): Promise<unknown> => {
    const metadata = { name, namespace: 'a', uid: name, creationTimestamp: formatTime(clock.now()) };
    const value = encodeStored({ kind: 'Event', apiVersion: 'v1', metadata } as unknown as AnyObject);
    return store.transact({ compare: [], writes: [{ type: 'put', key: `/registry/core/${place}/a/${name}`, value }] });
  };
  const names = (): readonly string[] =>
    store.range({ start: '/registry/', end: '/registry0' }).entries.map(({ key }) => key.split('/').at(-1) ?? '');
  return { clock, store, write, names };
}

test('an event goes an hour after its last write; nothing else does', async () => {
  const { clock, store, write, names } = bench();
  using _expiry = expireEvents(store, clock, silentLog);
  await Promise.all([write('old'), write('again'), write('map', 'configmaps')]);
  await clock.advance(30 * minute);
  await write('again');
  await clock.advance(29 * minute);
  expect(names()).toEqual(['map', 'again', 'old']);
  await clock.advance(2 * minute);
  expect(names()).toEqual(['map', 'again']);
  await clock.advance(30 * minute);
  expect(names()).toEqual(['map']);
});

test('a restart does not lengthen a life', async () => {
  const { clock, store, write, names } = bench();
  await Promise.all(Array.from({ length: 250 }, (_, index) => write(`e${index}`)));
  await clock.advance(59 * minute);
  await write('young');
  using _expiry = expireEvents(store, clock, silentLog);
  await clock.advance(2 * minute);
  expect(names()).toEqual(['young']);
});
