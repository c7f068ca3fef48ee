// Owns the tables of what a Deployment plans: it and its sets before, the steps after.
import { describe, expect, test } from 'vitest';
import type { Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import { formatTime } from '../../base/time.ts';
import { sameTemplate, templateHash } from '../revisions/template-hash.ts';
import { maxSurge, maxUnavailable } from './bounds.ts';
import { planDeployment } from './plan.ts';
import { presentAnnotations } from './revisions.ts';
import { planRollback, rollbackKey } from './rollback.ts';
import { rescale, rollingStep } from './sizes.ts';
import { rolloutStatus } from './status.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const at = (seconds: number): string => formatTime(nowMs + seconds * 1000);
const metadata = { namespace: 'n', resourceVersion: '1', creationTimestamp: at(-60), generation: 2 };
const template = (image: string): DeploymentSpec['template'] => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});
const deployment = (spec: Partial<DeploymentSpec> = {}, status: DeploymentStatus = {}): Deployment => ({
  metadata: { ...metadata, name: 'web', uid: 'd', annotations: { 'deployment.kubernetes.io/revision': '2', note: 'x' } },
  spec: { replicas: 10, selector: { matchLabels: { app: 'web' } }, template: template('b'), progressDeadlineSeconds: 600, ...spec },
  status,
});
interface SetFacts {
  readonly available?: number;
  readonly desired?: number;
  readonly max?: number;
  readonly revision?: number;
}
/** A set named by its image: `b` is of the present template. */
const set = (
  image: string,
  replicas: number,
  { available = replicas, desired = 10, max = 13, revision = 1 }: SetFacts = {},
): ReplicaSet => ({
  metadata: {
    ...metadata,
    name: image,
    uid: image,
    creationTimestamp: at(image === 'b' ? 0 : -100 + revision),
    annotations: {
      'deployment.kubernetes.io/revision': `${revision}`,
      'deployment.kubernetes.io/desired-replicas': `${desired}`,
      'deployment.kubernetes.io/max-replicas': `${max}`,
      note: 'x',
    },
  },
  spec: { replicas, selector: {}, template: template(image) },
  status: { replicas, availableReplicas: available, readyReplicas: available, observedGeneration: 2 },
});

test.each([
  ['defaults', {}, 3, 2],
  ['percent of 4', { replicas: 4 }, 1, 1],
  ['none wanted', { replicas: 0 }, 0, 0],
  ['numbers', { strategy: { rollingUpdate: { maxSurge: 2, maxUnavailable: 20 } } }, 2, 10],
  ['neither: one moves', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '5%' } } }, 0, 1],
  ['Recreate', { strategy: { type: 'Recreate' } }, 0, 0],
] as const)('bounds: %s', (_, spec, surge, unavailable) => {
  expect([maxSurge(deployment(spec)), maxUnavailable(deployment(spec))]).toEqual([surge, unavailable]);
});

const named = (sizings: readonly { readonly set: ReplicaSet; readonly to: number }[]): readonly string[] =>
  sizings.map(
    ({
      set: {
        metadata: { name },
      },
      to,
    }) => `${name} ${to}`,
  );
test.each([
  ['the new one grows first, as far as the surge allows', set('b', 3), [set('a', 8)], ['b 5']],
  ['no room: the old one shrinks by what is available beyond the least', set('b', 5, { available: 0 }), [set('a', 8)], []],
  ['each that became available frees one', set('b', 5, { available: 2 }), [set('a', 8)], ['a 6']],
  ['pods that are not available go first, and beyond them what may', set('b', 3), [set('a', 10, { available: 6 })], ['a 6', 'a 5']],
  ['the oldest first', set('b', 3), [set('a', 5), set('c', 5, { revision: 2 })], ['a 0']],
  ['too large', set('b', 12), [], ['b 10']],
  ['there already', set('b', 10), [set('a', 0)], []],
])('a step: %s', (_, present, old, expected) => {
  expect(named(rollingStep(deployment(), present, old))).toEqual(expected);
});

test.each([
  ['the only active one takes all', {}, set('b', 4, { desired: 4 }), [set('a', 0)], ['b 10']],
  ['paused before the first: the latest', {}, undefined, [set('a', 0), set('c', 0, { revision: 2 })], ['c 10']],
  ['a rollout is done but for the old: they go', {}, set('b', 10), [set('a', 2)], ['a 0']],
  ['shares of more', { replicas: 20 }, set('b', 5), [set('a', 8)], ['a 15', 'b 10']],
  ['shares of less', { replicas: 4 }, set('b', 5), [set('a', 8)], ['a 3', 'b 2']],
  ['down to none', { replicas: 0 }, set('b', 5), [set('a', 8)], ['a 0', 'b 0']],
])('a change of scale: %s', (_, spec, present, old, expected) => {
  expect(named(rescale(deployment(spec), present, old))).toEqual(expected);
});

const plan = (one: Deployment, sets: readonly ReplicaSet[], oldRuns = false): readonly string[] =>
  planDeployment({ deployment: one, sets, oldPodsRun: () => oldRuns }, nowMs).steps.map((step) =>
    step.do === 'status'
      ? `status ${step.status.conditions?.find(({ type }) => type === 'Progressing')?.reason}`
      : step.do === 'size'
        ? `${step.set.metadata.name} to ${step.to}`
        : step.do === 'rollback'
          ? `${step.rollback.reason}: ${step.rollback.deployment.spec.template.spec?.containers[0]?.image}`
          : `${step.do} ${step.set.metadata.name.replace(/^web-.*/, 'new')} ${step.set.spec.replicas}`,
  );
const asked = (revision: string, spec: Partial<DeploymentSpec> = {}): Deployment => {
  const one = deployment(spec, { conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }] });
  return { ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, [rollbackKey]: revision } } };
};
const recreate = { strategy: { type: 'Recreate' } } as const;
test.each([
  ['the first', deployment(), [], false, ['create new 10', 'status NewReplicaSetCreated']],
  ['another template', deployment(), [set('a', 10)], false, ['create new 3', 'status NewReplicaSetCreated', 'a to 8']],
  [
    'an earlier template again',
    deployment(),
    [set('b', 0), set('a', 10, { revision: 2 })],
    false,
    ['annotate b 0', 'b to 3', 'status ReplicaSetUpdated'],
  ],
  ['Recreate: the old go', deployment(recreate), [set('a', 10)], true, ['a to 0', 'status ReplicaSetUpdated']],
  ['Recreate: the old end', deployment(recreate), [set('a', 0)], true, ['status undefined']],
  ['Recreate: the old ended', deployment(recreate), [set('a', 0)], false, ['create new 10', 'status NewReplicaSetCreated']],
  ['back to a revision', asked('1'), [set('a', 0), set('b', 10, { revision: 2 })], false, ['DeploymentRollback: a']],
  [
    'back to the last one',
    asked('0'),
    [set('c', 0, { revision: 0 }), set('a', 0), set('b', 10, { revision: 2 })],
    false,
    ['DeploymentRollback: a'],
  ],
  ['back to none', asked('7'), [set('a', 0), set('b', 10, { revision: 2 })], false, ['DeploymentRollbackRevisionNotFound: b']],
  ['back where it is', asked('2'), [set('a', 0), set('b', 10, { revision: 2 })], false, ['DeploymentRollbackTemplateUnchanged: b']],
  ['back while paused', asked('1', { paused: true }), [set('a', 10)], false, ['status DeploymentPaused']],
  ['paused', deployment({ paused: true }), [set('a', 10)], false, ['status DeploymentPaused']],
])('plan: %s', (_, one, sets, oldRuns, expected) => expect(plan(one, sets, oldRuns)).toEqual(expected));

test('beyond the history limit the oldest empty ones go, when the rollout is complete', () => {
  const sets = [set('a', 0), set('c', 0, { revision: 2 }), set('e', 0, { revision: 3 }), set('b', 10, { revision: 4 })];
  const done = { replicas: 10, updatedReplicas: 10, availableReplicas: 10, observedGeneration: 2 };
  expect(plan(deployment({ revisionHistoryLimit: 1 }, done), sets).filter((step) => step.startsWith('remove'))).toEqual([
    'remove a 0',
    'remove c 0',
  ]);
  expect(plan(deployment({ revisionHistoryLimit: 1 }), sets).filter((step) => step.startsWith('remove'))).toEqual([]);
});

describe('status', () => {
  const progressing = {
    type: 'Progressing',
    status: 'True',
    reason: 'ReplicaSetUpdated',
    lastUpdateTime: at(-601),
    lastTransitionTime: at(-700),
  };
  const counts = { replicas: 13, updatedReplicas: 5, readyReplicas: 8, availableReplicas: 8, observedGeneration: 2 };
  const of = (before: DeploymentStatus, available: number): DeploymentStatus => {
    const present = set('b', 5, { available });
    return rolloutStatus(deployment({}, before), [set('a', 8), present], present, nowMs);
  };
  test('moving: told each time, in transition since the start', () => {
    const { conditions, ...rest } = of({ ...counts, conditions: [progressing] }, 1);
    expect(rest).toEqual({ ...counts, readyReplicas: 9, availableReplicas: 9, unavailableReplicas: 4, terminatingReplicas: 0 });
    expect(conditions?.find(({ type }) => type === 'Progressing')).toEqual({
      ...progressing,
      message: 'ReplicaSet "b" is progressing.',
      lastUpdateTime: at(0),
    });
    expect(conditions?.find(({ type }) => type === 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
  });
  test('not moving for longer than the deadline', () => {
    const late = of({ ...counts, conditions: [progressing] }, 0).conditions?.find(({ type }) => type === 'Progressing');
    expect(late).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "b" has timed out progressing.',
      lastTransitionTime: at(0),
    });
  });
  test('a failure of a set is the Deployment’s', () => {
    const failure = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'no', lastTransitionTime: at(-3) };
    const present: ReplicaSet = { ...set('b', 5), status: { replicas: 0, conditions: [failure] } };
    expect(rolloutStatus(deployment(), [present], present, nowMs).conditions).toContainEqual({ ...failure, lastUpdateTime: at(-3) });
  });
});

test('annotations: the Deployment’s, but for kubectl’s; revisions that were come into the history', () => {
  const own = {
    ...deployment(),
    metadata: { ...deployment().metadata, annotations: { note: 'y', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
  };
  expect(presentAnnotations(own, set('b', 1, { revision: 2 }), 5)).toMatchObject({
    note: 'y',
    'deployment.kubernetes.io/revision': '5',
    'deployment.kubernetes.io/revision-history': '2',
  });
  expect(presentAnnotations(own, undefined, 1)).toEqual({ note: 'y', 'deployment.kubernetes.io/revision': '1' });
});

test('a hash is of the template and the collisions, whatever the order of fields', () => {
  const turned = { spec: template('a').spec, metadata: template('a').metadata } as DeploymentSpec['template'];
  expect(templateHash(turned)).toBe(templateHash(template('a')));
  expect(templateHash(template('a'))).toMatch(/^[b-df-hj-np-tv-xz2456789]{1,10}$/);
  expect(new Set([templateHash(template('a')), templateHash(template('b')), templateHash(template('a'), 1)]).size).toBe(3);
  expect(sameTemplate(template('a'), { ...template('a'), metadata: { labels: { app: 'web', 'pod-template-hash': 'x' } } })).toBe(true);
  expect(sameTemplate(template('a'), template('b'))).toBe(false);
});

test('going back takes the template without its hash, the story of that revision, and the wish away', () => {
  const old = set('a', 0);
  const labelled = {
    ...old,
    spec: { ...old.spec, template: { ...template('a'), metadata: { labels: { app: 'web', 'pod-template-hash': 'x' } } } },
  };
  const { deployment: back, message } = planRollback(
    asked('1'),
    [{ ...labelled, metadata: { ...old.metadata, annotations: { why: 'y' } } }, set('b', 10, { revision: 2 })],
    2,
  );
  expect(message).toContain('same template');
  const { deployment: there, ...told } = planRollback(asked('0'), [labelled, set('b', 10, { revision: 2 })], 0);
  expect(back.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2', note: 'x' });
  expect(there.spec.template).toEqual(template('a'));
  expect(there.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2', note: 'x' });
  expect(told).toEqual({ type: 'Normal', reason: 'DeploymentRollback', message: 'Rolled back deployment "web" to revision 1' });
  expect(planRollback(asked('0'), [set('b', 10)], 0).message).toBe('Unable to find last revision.');
});

test('a name is cut where the hash would make it too long', () => {
  const { metadata: own, ...rest } = deployment();
  const [first] = planDeployment(
    { deployment: { ...rest, metadata: { ...own, name: 'a'.repeat(253) } }, sets: [], oldPodsRun: () => false },
    nowMs,
  ).steps;
  expect(first?.do === 'create' && first.set.metadata.name).toMatch(/^a{242,}-[a-z0-9]+$/);
  expect(first?.do === 'create' && first.set.metadata.name.length).toBe(253);
});
