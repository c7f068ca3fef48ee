// Owns a Job's life in virtual time: completed, retried with back-off, failed for good, suspended, kept to its time, cleaned up, let go of.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job, JobSpec } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import { openSimulatedCluster, type SimulatedCluster } from '../../testing/simulated-cluster.ts';

const namespace = 'default';
let cluster: SimulatedCluster;
beforeAll(async () => {
  cluster = await openSimulatedCluster();
});
afterAll(() => cluster.stop());

const make = (name: string, command: string, spec: Partial<JobSpec> = {}): Promise<Job> =>
  cluster.client.create(resources.jobs, {
    metadata: { name, namespace },
    spec: {
      template: {
        spec: {
          containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', command] }],
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 1,
        },
      },
      ...spec,
    },
  });
const read = (name: string): Promise<Job> => cluster.client.get(resources.jobs, { namespace, name });
const podsOf = async (name: string): Promise<readonly Pod[]> =>
  (await cluster.client.list(resources.pods, { namespace, labelSelector: `job-name=${name}` })).items;
const ended = async (name: string): Promise<Job> => {
  const is = async (): Promise<boolean> =>
    (await read(name)).status?.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True') ??
    false;
  await cluster.clock.until(is, 7_200_000);
  return read(name);
};
const conditions = ({ status }: Job): readonly string[] => (status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);

test('five completions, two at a time; no finalizer stays', async () => {
  await make('five', 'sleep 3', { completions: 5, parallelism: 2 });
  let most = 0;
  await cluster.clock.until(async () => {
    most = Math.max(most, (await podsOf('five')).filter(({ status }) => status?.phase === 'Running').length);
    return (await read('five')).status?.succeeded === 5;
  });
  const job = await ended('five');
  expect(most).toBe(2);
  expect(conditions(job)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  expect((await podsOf('five')).map(({ metadata }) => metadata.finalizers)).toEqual(Array.from({ length: 5 }, () => undefined));
});

test('always failing: ten, twenty, forty seconds of rest, then the limit', async () => {
  const began = cluster.clock.now();
  await make('fails', 'exit 1', { backoffLimit: 3 });
  const job = await ended('fails');
  expect(job.status).toMatchObject({ failed: 4 });
  expect(conditions(job)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
  const seconds = (cluster.clock.now() - began) / 1000;
  expect(seconds).toBeGreaterThanOrEqual(70);
  expect(seconds).toBeLessThan(85);
});

test('indexes tell their pods who they are', async () => {
  await make('indexed', 'test $JOB_COMPLETION_INDEX != 1', {
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    backoffLimitPerIndex: 1,
  });
  const job = await ended('indexed');
  expect(job.status).toMatchObject({ completedIndexes: '0,2', failedIndexes: '1', failed: 2 });
  expect(conditions(job).at(-1)).toBe('Failed FailedIndexes');
  expect((await podsOf('indexed')).map(({ spec }) => spec?.hostname).sort()).toEqual(['indexed-0', 'indexed-1', 'indexed-1', 'indexed-2']);
});

test('suspended: no pods; resumed: pods', async () => {
  await make('paused', 'exit 0', { suspend: true });
  await cluster.clock.advance(60_000);
  expect(await podsOf('paused')).toEqual([]);
  expect(conditions(await read('paused'))).toEqual(['Suspended JobSuspended']);
  await cluster.client.patch(resources.jobs, { namespace, name: 'paused' }, { type: 'merge', body: { spec: { suspend: false } } });
  expect(conditions(await ended('paused')).at(-1)).toBe('Complete CompletionsReached');
});

test('past its deadline its pods go', async () => {
  await make('late', 'sleep 100000', { activeDeadlineSeconds: 30 });
  const job = await ended('late');
  expect(conditions(job).at(-1)).toBe('Failed DeadlineExceeded');
  await cluster.clock.until(async () => (await podsOf('late')).length === 0, 60_000);
});

test('finished for long enough it is deleted, and its pods with it', async () => {
  await make('brief', 'exit 0', { ttlSecondsAfterFinished: 100 });
  await ended('brief');
  const gone = async (): Promise<boolean> =>
    read('brief').then(
      () => false,
      (error: unknown) => hasReason(error, 'NotFound'),
    );
  await cluster.clock.advance(90_000);
  expect(await gone()).toBe(false);
  await cluster.clock.until(gone, 30_000);
  await cluster.clock.until(async () => (await podsOf('brief')).length === 0, 60_000);
});

test('deleted while it runs, its pod is let go of', async () => {
  await make('gone', 'sleep 100000');
  await cluster.clock.until(async () => (await podsOf('gone'))[0]?.status?.phase === 'Running', 60_000);
  await cluster.client.delete(resources.jobs, { namespace, name: 'gone' }, { propagationPolicy: 'Background' });
  await cluster.clock.until(async () => (await podsOf('gone')).length === 0, 120_000);
});

test('while it rests after a failure, what runs still counts as active, and the failure is counted', async () => {
  await make('rests', 'test $JOB_COMPLETION_INDEX = 0 && sleep 100000', { completionMode: 'Indexed', completions: 2, parallelism: 2 });
  await cluster.clock.until(async () => (await read('rests')).status?.failed === 1, 8_000);
  expect((await read('rests')).status).toMatchObject({ active: 1, ready: 1, failed: 1 });
  await cluster.client.delete(resources.jobs, { namespace, name: 'rests' }, { propagationPolicy: 'Background' });
});

test('a job that is made smaller forgets what was done beyond it', async () => {
  const size = { completionMode: 'Indexed', completions: 4, parallelism: 4 } as const;
  await make('shrinks', 'test $JOB_COMPLETION_INDEX = 3 || sleep 100000', size);
  await cluster.clock.until(async () => (await read('shrinks')).status?.completedIndexes === '3', 20_000);
  const body = { spec: { completions: 2, parallelism: 2 } };
  await cluster.client.patch(resources.jobs, { namespace, name: 'shrinks' }, { type: 'merge', body });
  await cluster.clock.until(async () => (await read('shrinks')).status?.active === 2, 20_000);
  expect((await read('shrinks')).status).not.toHaveProperty('succeeded');
  await cluster.client.delete(resources.jobs, { namespace, name: 'shrinks' }, { propagationPolicy: 'Background' });
});
