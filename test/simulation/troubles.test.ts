// Tests the workload controllers under trouble, in virtual time: whenever they are killed and whatever write is refused, all ends as without.
import { afterAll, expect, test } from 'vitest';
import type { Job } from '../../src/api/batch/v1.ts';
import type { Pod } from '../../src/api/core/v1.ts';
import type { Draft, KubeObject } from '../../src/api/object.ts';
import type { Resource } from '../../src/client/resource.ts';
import { resources } from '../../src/client/resources.ts';
import { isReady } from '../../src/controllers/pod-facts.ts';
import type { Faults } from './troubled-client.ts';
import { TroubledCluster } from './troubled-cluster.ts';
import { cronJob, daemonSet, deployment, failingJob, indexedJob, namespace, plainJob, statefulSet } from './workloads.ts';

/** So many seeds of each story and trouble; FAULT_SEEDS for more. */
const seeds = Array.from({ length: Number(process.env['FAULT_SEEDS'] ?? 2) }, (_, index) => index + 1);

const troubles: readonly (readonly [string, Faults])[] = [
  ['a death now and then', { deaths: 0.03 }],
  ['every second write refused', { conflicts: 0.5 }],
  ['answers lost', { lost: 0.1 }],
  ['all of it', { deaths: 0.02, conflicts: 0.2, lost: 0.05 }],
];

const finished = ({ status }: Job): boolean =>
  status?.conditions?.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True') ?? false;

/** Deletes them, in the foreground by turns, and waits until nothing that they own is left. */
async function removeAll(run: TroubledCluster, which: readonly (readonly [Resource<never>, Draft<KubeObject>])[]): Promise<void> {
  const { client } = run.cluster;
  for (const [index, [resource, { metadata }]] of which.entries()) {
    const propagationPolicy = index % 2 === 0 ? 'Foreground' : 'Background';
    await client.delete(resource, { namespace, name: metadata.name ?? '' }, { propagationPolicy });
  }
  const kinds = ['pods', 'replicaSets', 'controllerRevisions', 'jobs', 'deployments', 'statefulSets', 'daemonSets', 'cronJobs'] as const;
  await run.until('nothing is left', async () => {
    for (const kind of kinds) if ((await client.list<KubeObject>(resources[kind] as Resource<KubeObject>)).items.length > 0) return false;
    return true;
  });
}

async function rolled(run: TroubledCluster): Promise<void> {
  const { client } = run.cluster;
  await client.create(resources.deployments, deployment);
  await client.create(resources.statefulSets, statefulSet);
  await client.create(resources.daemonSets, daemonSet);
  const allReady = (pods: readonly Pod[], count: number, tag: string): boolean =>
    pods.length === count && pods.every((pod) => isReady(pod) && pod.spec?.containers[0]?.env?.[0]?.value === tag);
  const settled = async (tag: string): Promise<boolean> =>
    allReady(run.podsOf('deploy'), 6, tag) && allReady(run.podsOf('sts'), 3, tag) && allReady(run.podsOf('ds'), 3, tag);
  await run.until('all that was made is ready', () => settled('one'));
  const body = [{ op: 'replace', path: '/spec/template/spec/containers/0/env/0/value', value: 'two' }];
  await client.patch(resources.deployments, { namespace, name: 'deploy' }, { type: 'json', body });
  await client.patch(resources.statefulSets, { namespace, name: 'sts' }, { type: 'json', body });
  await client.patch(resources.daemonSets, { namespace, name: 'ds' }, { type: 'json', body });
  await run.until('all that was rolled is ready', () => settled('two'));
  await run.until('the statuses tell so', async () => {
    const { status: ofDeployment } = await run.read(resources.deployments, deployment);
    const { status: ofStatefulSet } = await run.read(resources.statefulSets, statefulSet);
    const { status: ofDaemonSet } = await run.read(resources.daemonSets, daemonSet);
    const { observedGeneration, replicas, availableReplicas, updatedReplicas } = ofDeployment ?? {};
    return (
      [replicas, availableReplicas, updatedReplicas].every((count) => count === 6) &&
      observedGeneration === 2 &&
      ofStatefulSet?.readyReplicas === 3 &&
      ofStatefulSet.currentRevision === ofStatefulSet.updateRevision &&
      ofDaemonSet?.numberAvailable === 3 &&
      ofDaemonSet.updatedNumberScheduled === 3
    );
  });
  expect((await client.list(resources.replicaSets, { namespace })).items.map(({ spec }) => spec.replicas).sort()).toEqual([0, 6]);
  const revisions = (await client.list(resources.controllerRevisions, { namespace })).items.map(({ revision }) => revision);
  expect(revisions.sort()).toEqual([1, 1, 2, 2]);
  await removeAll(run, [
    [resources.deployments, deployment],
    [resources.statefulSets, statefulSet],
    [resources.daemonSets, daemonSet],
  ] as never);
}

async function workedOff(run: TroubledCluster): Promise<void> {
  const { client } = run.cluster;
  const drafts = [indexedJob, plainJob, failingJob];
  for (const draft of drafts) await client.create(resources.jobs, draft);
  const all = (): Promise<readonly Job[]> => Promise.all(drafts.map((draft) => run.read(resources.jobs, draft)));
  await run.until('the Jobs have ended', async () => (await all()).every(finished));
  const [indexed, plain, failing] = await all();
  for (const { status } of [indexed, plain, failing].filter((job) => job !== undefined)) {
    expect(status?.uncountedTerminatedPods ?? {}).toEqual({});
    const types = status?.conditions?.map(({ type }) => type) ?? [];
    expect(types.length).toBe(new Set(types).size);
  }
  expect(indexed?.status).toMatchObject({ completedIndexes: '0,1,3-5', failedIndexes: '2', succeeded: 5 });
  expect(failing?.status?.conditions?.at(-1)).toMatchObject({ type: 'Failed', reason: 'BackoffLimitExceeded' });
  if (run.strict) {
    expect(indexed?.status?.failed).toBe(2);
    expect([plain?.status?.succeeded, plain?.status?.failed]).toEqual([8, undefined]);
    expect(failing?.status?.failed).toBe(3);
  }
  await run.until('no pod is held back', async () =>
    drafts.flatMap(({ metadata }) => run.podsOf(metadata.name ?? '')).every(({ metadata }) => metadata.finalizers === undefined),
  );
  await removeAll(run, drafts.map((draft) => [resources.jobs, draft]) as never);
}

async function byTheClock(run: TroubledCluster): Promise<void> {
  const { client, clock } = run.cluster;
  await client.create(resources.cronJobs, cronJob);
  const beganMs = clock.now();
  await run.until('five minutes have passed', async () => clock.now() >= beganMs + 330_000);
  await client.patch(resources.cronJobs, { namespace, name: 'cron' }, { type: 'merge', body: { spec: { suspend: true } } });
  await run.until('the CronJob rests', async () => {
    const jobs = (await client.list(resources.jobs, { namespace })).items;
    return jobs.every(finished) && ((await run.read(resources.cronJobs, cronJob)).status?.active ?? []).length === 0;
  });
  const made = (await client.list(resources.jobs, { namespace })).items.length;
  expect(made).toBeLessThanOrEqual(5);
  // Where writes are refused its Jobs take long to be over, and it waits for them.
  if (run.faults.conflicts === undefined) expect(made).toBe(5);
  await removeAll(run, [[resources.cronJobs, cronJob]] as never);
}

let met = 0;
afterAll(() => expect(met).toBeGreaterThan(seeds.length));

for (const [story, tell] of [
  ['rolled', rolled],
  ['worked off', workedOff],
  ['by the clock', byTheClock],
] as const)
  for (const [what, faults] of troubles)
    test.each(seeds)(`${story}, ${what}: seed %i`, async (seed) => {
      const run = await TroubledCluster.open(seed, faults);
      try {
        await tell(run);
        expect([...run.broken]).toEqual([]);
        met += Object.values(run.trouble.happened).reduce((sum, one) => sum + one, 0);
      } finally {
        await run.cluster.stop();
      }
    });
