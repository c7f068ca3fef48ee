// Owns the proof that what happens again is counted on one event, as client-go's tools/events counts it.
import { expect, test } from 'vitest';
import type { Event } from '../api/events/v1.ts';
import { StatusError } from '../api/status-error.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import type { Client } from './client.ts';
import { type Happening, SeriesRecorder } from './event-series.ts';

const happening = (version = '1', note = 'no room'): Happening => ({
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'p', uid: 'u', resourceVersion: version },
  type: 'Warning',
  reason: 'FailedScheduling',
  action: 'Scheduling',
  note,
});

function recorder() {
  const clock = new VirtualClock();
  const written: string[] = [];
  const there = new Map<string, Event>();
  const client = {
    create: async (_: unknown, event: Event) => {
      there.set(event.metadata.name, event);
      written.push(`create ${event.note} ${event.series?.count ?? 1}`);
    },
    patch: async (_: unknown, { name }: { name: string }, { body }: { body: Pick<Event, 'series'> }) => {
      if (!there.has(name)) throw new StatusError('NotFound', 'gone');
      written.push(`patch ${body.series?.count}`);
    },
  } as unknown as Client;
  const events = new SeriesRecorder(client, clock, silentLog, { controller: 'default-scheduler', instance: 'default-scheduler-host' });
  return { clock, written, there, events };
}

test('an event as upstream writes it', async () => {
  const { events, there, clock } = recorder();
  events.record(happening());
  await events.settled();
  const [event] = there.values();
  expect(event).toEqual({
    metadata: { namespace: 'ns', name: `p.${(BigInt(clock.now()) * 1_000_000n).toString(16)}` },
    eventTime: new Date(clock.now()).toISOString().replace('Z', '000Z'),
    reportingController: 'default-scheduler',
    reportingInstance: 'default-scheduler-host',
    action: 'Scheduling',
    reason: 'FailedScheduling',
    regarding: happening().regarding,
    note: 'no room',
    type: 'Warning',
  });
});

test('the second time makes a series whatever the note, further ones are only counted until it ends; another version of the object is another event', async () => {
  const { events, written, clock } = recorder();
  for (const one of [happening(), happening('1', 'other words'), happening(), happening('2')]) {
    events.record(one);
    await events.settled();
  }
  expect(written).toEqual(['create no room 1', 'patch 2', 'create no room 1']);
  await clock.advance(13 * 60_000);
  expect(written.slice(3)).toEqual(['patch 3']);
  events.record(happening());
  await events.settled();
  expect(written.slice(4)).toEqual(['create no room 1']);
});

test('a series that goes on is written every half hour; one whose event expired begins anew with its count', async () => {
  const { events, written, there, clock } = recorder();
  for (let minute = 0; minute < 31; minute++) {
    events.record(happening());
    await clock.advance(60_000);
  }
  expect(written).toEqual(['create no room 1', 'patch 2', 'patch 30']);
  there.clear();
  await clock.advance(13 * 60_000);
  expect(written.slice(3)).toEqual(['create no room 31']);
});
