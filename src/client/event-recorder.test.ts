// Owns the proof of the event recorder: repeats are counted on one object, floods of an object are bounded, similar texts combined, failures survived.
import { expect, test } from 'vitest';
import { notFound, StatusError } from '../api/status-error.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import { silentLog } from '../base/log.ts';
import type { Client } from './client.ts';
import { EventRecorder, subjectOf } from './event-recorder.ts';

interface Written {
  readonly metadata: { readonly name: string; readonly namespace: string };
  message: string;
  count: number;
}

interface Setup {
  readonly events: EventRecorder;
  readonly clock: VirtualClock;
  readonly written: Written[];
  /** What the next writes fail with. */
  readonly failures: Error[];
}

function recorder(): Setup {
  const written: Written[] = [];
  const failures: Error[] = [];
  const client = {
    async create(_: unknown, event: Written) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      written.push({ ...event });
    },
    async patch(_: unknown, { name }: { name: string }, patch: { body: Partial<Written> }) {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      const event = written.findLast(({ metadata }) => metadata.name === name);
      if (event === undefined) throw notFound({ group: '', resource: 'events' }, name);
      Object.assign(event, patch.body);
    },
  } as unknown as Client;
  const clock = new VirtualClock();
  return { events: new EventRecorder(client, clock, silentLog, { component: 'kubelet', host: 'node1' }), clock, written, failures };
}

const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'p', uid: 'u' };

test('an event says who tells what about whom, and when', async () => {
  const { events, clock, written } = recorder();
  const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' } };
  events.record(subjectOf(pod, 'v1', 'Pod'), 'Normal', 'Started', 'yes', { why: 'a' });
  await events.settled();
  const at = '2026-01-01T00:00:00Z';
  expect(written).toEqual([
    {
      metadata: { name: `p.${(BigInt(clock.now()) * 1_000_000n).toString(16)}`, namespace: 'ns', annotations: { why: 'a' } },
      involvedObject: { ...about, resourceVersion: '7' },
      type: 'Normal',
      reason: 'Started',
      message: 'yes',
      source: { component: 'kubelet', host: 'node1' },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      reportingComponent: 'kubelet',
      reportingInstance: 'node1',
    },
  ]);
});

test('events of cluster objects lie in the namespace default', async () => {
  const { events, written } = recorder();
  events.record({ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }, 'Normal', 'NodeReady', 'ready');
  await events.settled();
  expect(written[0]?.metadata.namespace).toBe('default');
});

test('the same event again raises the count of the first', async () => {
  const { events, written } = recorder();
  for (let time = 0; time < 3; time++) events.record(about, 'Warning', 'BackOff', 'waits');
  events.record({ ...about, fieldPath: 'spec.containers{c}' }, 'Warning', 'BackOff', 'waits');
  await events.settled();
  expect(written.map(({ count }) => count)).toEqual([3, 1]);
});

test('an event that expired is made anew with count 1, and counted from there', async () => {
  const { events, written } = recorder();
  for (let time = 0; time < 3; time++) events.record(about, 'Warning', 'BackOff', 'waits');
  await events.settled();
  written.length = 0;
  for (let time = 0; time < 2; time++) events.record(about, 'Warning', 'BackOff', 'waits');
  await events.settled();
  expect(written.map(({ count }) => count)).toEqual([2]);
});

test('one object may tell 25 of a type at once and then one in five minutes; what was cut has been counted', async () => {
  const { events, clock, written } = recorder();
  for (let time = 0; time < 40; time++) events.record(about, 'Warning', 'Unhealthy', 'no');
  events.record(about, 'Normal', 'Started', 'yes');
  events.record({ ...about, name: 'q', uid: 'v' }, 'Warning', 'Unhealthy', 'no');
  await events.settled();
  expect(written.map(({ count }) => count)).toEqual([25, 1, 1]);
  await clock.advance(300_000);
  for (let time = 0; time < 5; time++) events.record(about, 'Warning', 'Unhealthy', 'no');
  await events.settled();
  expect(written[0]?.count).toBe(41);
});

test('an event that was cut when it was new is made when there is room again, with its count', async () => {
  const { events, clock, written } = recorder();
  for (let time = 0; time < 25; time++) events.record(about, 'Warning', 'Unhealthy', 'no');
  events.record(about, 'Warning', 'Failed', 'first cut');
  await clock.advance(300_000);
  events.record(about, 'Warning', 'Failed', 'first cut');
  await events.settled();
  expect(written.map(({ message, count }) => `${message} x${count}`)).toEqual(['no x25', 'first cut x2']);
});

test('the tenth different text of one reason, and each after it, are combined; known texts stay themselves', async () => {
  const { events, clock, written } = recorder();
  for (let text = 1; text <= 12; text++) events.record(about, 'Warning', 'Failed', `text ${text}`);
  events.record(about, 'Warning', 'Failed', 'text 1');
  await events.settled();
  const shown = (): string[] => written.map(({ message, count }) => `${message} x${count}`);
  expect(shown().slice(8)).toEqual(['text 9 x1', '(combined from similar events): text 12 x3']);
  expect(shown()[0]).toBe('text 1 x2');
  await clock.advance(600_001);
  events.record(about, 'Warning', 'Failed', 'text 13');
  await events.settled();
  expect(shown().at(-1)).toBe('text 13 x1');
});

test('a server that cannot be reached is tried again; one that refuses is not', async () => {
  const { events, clock, written, failures } = recorder();
  failures.push(new Error('connection refused'), new Error('connection refused'));
  events.record(about, 'Normal', 'Started', 'a');
  await clock.advance(10_000);
  expect(written).toEqual([]);
  await clock.advance(10_000);
  expect(written.map(({ message }) => message)).toEqual(['a']);
  failures.push(new StatusError('Forbidden', 'the namespace is being terminated'));
  events.record(about, 'Normal', 'Started', 'b');
  events.record(about, 'Normal', 'Started', 'c');
  await events.settled();
  expect(written.map(({ message }) => message)).toEqual(['a', 'c']);
});

test('no more than ten thousand wait, and none after the end', async () => {
  const { events, clock, written, failures } = recorder();
  failures.push(new Error('connection refused'));
  for (let pod = 0; pod < 10_100; pod++) events.record({ ...about, name: `p${pod}` }, 'Normal', 'Started', 'yes');
  await clock.advance(10_000);
  await events.settled();
  // The one under way waits no longer.
  expect(written).toHaveLength(10_001);
  failures.push(new Error('connection refused'));
  events.record(about, 'Normal', 'Started', 'late');
  events.record(about, 'Normal', 'Started', 'later');
  await events.stop();
  events.record(about, 'Normal', 'Started', 'too late');
  await clock.advance(60_000);
  expect(written).toHaveLength(10_001);
});

test('a flood of events gives way: one is written each turn of the loop', async () => {
  const { events, clock, written } = recorder();
  for (let pod = 0; pod < 40; pod++) events.record({ ...about, name: `p${pod}` }, 'Normal', 'Started', 'yes');
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  expect(written.length).toBeLessThan(2);
  await clock.advance(0);
  await events.settled();
  expect(written).toHaveLength(40);
});
