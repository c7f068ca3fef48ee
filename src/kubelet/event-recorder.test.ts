// Owns the proof of the event recorder: repeats are counted on one object, floods of an object are bounded, many similar texts are combined.
import { expect, test } from 'vitest';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import type { Client } from '../client/client.ts';
import { EventRecorder } from './event-recorder.ts';

interface Written {
  readonly name: string;
  message: string;
  count: number;
}

function recorder(): { readonly events: EventRecorder; readonly clock: VirtualClock; readonly written: Written[] } {
  const written: Written[] = [];
  const client = {
    async create(_: unknown, event: { metadata: { name: string }; message: string; count: number }) {
      written.push({ name: event.metadata.name, message: event.message, count: event.count });
    },
    async patch(_: unknown, key: { name: string }, patch: { body: { count: number; message: string } }) {
      Object.assign(written.find(({ name }) => name === key.name) ?? {}, patch.body);
    },
  } as unknown as Client;
  const clock = new VirtualClock();
  return { events: new EventRecorder({ client, clock, log: silentLog, nodeName: 'node1' }), clock, written };
}

const about = { kind: 'Pod', namespace: 'ns', name: 'p', uid: 'u' };

test('the same event again raises the count of the first', async () => {
  const { events, clock, written } = recorder();
  for (let time = 0; time < 3; time++) events.tell(about, 'Warning', 'BackOff', 'waits');
  events.tell({ ...about, fieldPath: 'spec.containers{c}' }, 'Warning', 'BackOff', 'waits');
  await clock.advance(0);
  expect(written.map(({ count }) => count)).toEqual([3, 1]);
});

test('one object may tell 25 at once and then one in five minutes', async () => {
  const { events, clock, written } = recorder();
  for (let time = 0; time < 40; time++) events.tell(about, 'Warning', 'Unhealthy', 'no');
  events.tell({ ...about, name: 'q', uid: 'v' }, 'Normal', 'Started', 'yes');
  await clock.advance(0);
  expect(written.map(({ count }) => count)).toEqual([25, 1]);
  await clock.advance(300_000);
  for (let time = 0; time < 5; time++) events.tell(about, 'Warning', 'Unhealthy', 'no');
  await clock.advance(0);
  expect(written[0]?.count).toBe(26);
});

test('more than ten different texts of one reason are combined', async () => {
  const { events, clock, written } = recorder();
  for (let text = 0; text < 12; text++) events.tell(about, 'Warning', 'Failed', `text ${text}`);
  await clock.advance(0);
  expect(written.map(({ message, count }) => `${message} x${count}`).slice(9)).toEqual([
    'text 9 x1',
    '(combined from similar events): text 11 x2',
  ]);
});
