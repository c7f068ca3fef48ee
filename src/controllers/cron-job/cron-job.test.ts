// Owns half a day of a CronJob in virtual time, and what becomes of Jobs that run for too long.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CronJob, CronJobSpec, Job } from '../../api/batch/v1.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';
import { controllerOf } from '../ownership.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const make = (name: string, command: string, spec: Partial<CronJobSpec>): Promise<CronJob> =>
  cluster.client.create(resources.cronJobs, {
    metadata: { name, namespace },
    spec: {
      schedule: '* * * * *',
      jobTemplate: {
        spec: {
          template: {
            spec: {
              containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', command] }],
              restartPolicy: 'Never',
              terminationGracePeriodSeconds: 1,
            },
          },
        },
      },
      ...spec,
    },
  });
const jobsOf = async (name: string): Promise<readonly Job[]> =>
  (await cluster.client.list(resources.jobs, { namespace })).items.filter((job) => controllerOf(job)?.name === name);
const remove = (name: string): Promise<void> => cluster.client.delete(resources.cronJobs, { namespace, name });

// Without a node, since its heartbeats take longer than the CronJob: its Jobs end by their deadline.
test('half a day, every hour: twelve Jobs, at their times, of which the last is kept', async () => {
  const quiet = await openSimulatedCluster({ nodes: 0 });
  try {
    const template = { spec: { containers: [{ name: 'c', image: 'busybox:1.36' }], restartPolicy: 'Never' } } as const;
    await quiet.client.create(resources.cronJobs, {
      metadata: { name: 'day', namespace },
      spec: { schedule: '0 * * * *', jobTemplate: { spec: { activeDeadlineSeconds: 60, template } } },
    });
    const times = new Set<string>();
    const endMs = quiet.clock.now() + 12 * 3_600_000 + 60_000;
    while (quiet.clock.now() < endMs) {
      await quiet.clock.advance(600_000);
      const { status } = await quiet.client.get(resources.cronJobs, { namespace, name: 'day' });
      if (status?.lastScheduleTime !== undefined) times.add(status.lastScheduleTime);
    }
    expect(times.size).toBe(12);
    expect([...times].every((time) => /:00:00Z$/.test(time))).toBe(true);
    const { items } = await quiet.client.list(resources.jobs, { namespace });
    expect(items.map(({ status }) => status?.conditions?.at(-1)?.reason)).toEqual(['DeadlineExceeded']);
  } finally {
    await quiet.stop();
  }
});

test('one that never ends holds up the next, where that is asked for', async () => {
  await make('one', 'sleep 100000', { concurrencyPolicy: 'Forbid' });
  await cluster.clock.advance(180_000);
  expect(await jobsOf('one')).toHaveLength(1);
  const { items } = await cluster.client.list(resources.events, { namespace, fieldSelector: 'involvedObject.name=one' });
  expect(items.map(({ reason }) => reason)).toContain('JobAlreadyActive');
  await remove('one');
});

test('or is replaced by it', async () => {
  await make('new', 'sleep 100000', { concurrencyPolicy: 'Replace' });
  await cluster.clock.advance(65_000);
  const first = (await jobsOf('new'))[0]?.metadata.name;
  await cluster.clock.advance(65_000);
  const jobs = await jobsOf('new');
  expect(jobs).toHaveLength(1);
  expect(jobs[0]?.metadata.name).not.toBe(first);
  await remove('new');
});

test('by another schedule it starts nothing before its next time', async () => {
  await make('moved', 'true', { schedule: '0 0 1 1 *' });
  await cluster.clock.advance(150_000);
  const body = { spec: { schedule: '* * * * *' } };
  const { metadata } = await cluster.client.patch(resources.cronJobs, { namespace, name: 'moved' }, { type: 'merge', body });
  const leftMs = 60_000 - (cluster.clock.now() % 60_000);
  await cluster.clock.advance(leftMs - 1000);
  expect((await cluster.client.get(resources.cronJobs, { namespace, name: 'moved' })).metadata.resourceVersion).toBe(
    metadata.resourceVersion,
  );
  await cluster.clock.advance(5000);
  expect(await jobsOf('moved')).toHaveLength(1);
  await remove('moved');
});

test('suspended: nothing; a deleted Job is forgotten', async () => {
  await make('still', 'sleep 100000', { suspend: true });
  await cluster.clock.advance(300_000);
  expect(await jobsOf('still')).toEqual([]);
  const patch = (suspend: boolean): Promise<unknown> =>
    cluster.client.patch(resources.cronJobs, { namespace, name: 'still' }, { type: 'merge', body: { spec: { suspend } } });
  await patch(false);
  await cluster.clock.until(async () => (await jobsOf('still')).length === 1, 60_000);
  await patch(true);
  const [job] = await jobsOf('still');
  await cluster.client.delete(resources.jobs, { namespace, name: job?.metadata.name ?? '' }, { propagationPolicy: 'Background' });
  await cluster.clock.until(async () => {
    const { status } = await cluster.client.get(resources.cronJobs, { namespace, name: 'still' });
    return (status?.active ?? []).length === 0;
  }, 60_000);
});
