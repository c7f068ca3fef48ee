// Owns the proof that what is told of a pod is told in order: a refusal that still waits is written before the pod is bound.
import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { VirtualClock } from '../base/clock-virtual.ts';
import type { Client } from '../client/client.ts';
import { PodStatusWriter } from './pod-status-writer.ts';

const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u', generation: 1 }, spec: { containers: [] } } as unknown as Pod;

test('a refusal waits a moment, and is written at once when something else is to be told', async () => {
  const clock = new VirtualClock();
  const written: number[] = [];
  const client = { patch: async () => void written.push(clock.now()) } as unknown as Client;
  const writer = new PodStatusWriter(
    client,
    clock,
    () => ({ record: () => {} }) as never,
    () => pod,
  );
  const beganMs = clock.now();
  const report = writer.report(pod, { reason: 'Unschedulable', message: 'no node' });
  await Promise.resolve();
  expect(written).toEqual([]);
  await writer.flush(pod);
  expect(written).toEqual([beganMs]);
  await clock.advance(1_000);
  await report;
  expect(written).toEqual([beganMs]);
});

test('a refusal takes back the nomination that it knew of, not one that somebody makes before it is written', async () => {
  const clock = new VirtualClock();
  const written: unknown[] = [];
  const client = { patch: async (_: unknown, __: unknown, { body }: { body: { status: unknown } }) => void written.push(body.status) };
  let shown = pod;
  const writer = new PodStatusWriter(
    client as unknown as Client,
    clock,
    () => ({ record: () => {} }) as never,
    () => shown,
  );
  for (const status of [{}, { nominatedNodeName: 'old' }]) {
    shown = { ...pod, status };
    const report = writer.report(pod, { reason: 'SchedulerError', message: 'no nodes', nominate: null });
    shown = { ...pod, status: { nominatedNodeName: 'new' } };
    await clock.advance(1_000);
    await report;
  }
  expect(written).toMatchObject([{ conditions: [{}] }, { conditions: [{}], nominatedNodeName: null }]);
  expect(written[0]).not.toHaveProperty('nominatedNodeName');
});
