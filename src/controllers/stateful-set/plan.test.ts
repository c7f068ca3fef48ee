// Owns the tables of what a StatefulSet plans: its pods and claims before, the steps after.
import { describe, expect, test } from 'vitest';
import type { ControllerRevision, StatefulSet, StatefulSetSpec } from '../../api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import { formatTime } from '../../base/time.ts';
import { templatePatch } from '../revisions/revision.ts';
import { planClaims } from './claims.ts';
import { newRevision, outlived, planUpdateRevision } from './history.ts';
import { podFor } from './identity.ts';
import { planPods } from './plan.ts';
import { statusOf } from './status.ts';

const nowMs = Date.UTC(2026, 0, 1, 1);
const ago = (seconds: number): string => formatTime(nowMs - seconds * 1000);
const meta = (name: string): Pod['metadata'] => ({
  name,
  namespace: 'n',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: ago(60),
});
const template = (image: string): StatefulSetSpec['template'] => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});
const rolling = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } as const;
const set = (spec: Partial<StatefulSetSpec> = {}): StatefulSet => ({
  metadata: { ...meta('web'), generation: 2 },
  spec: {
    replicas: 3,
    serviceName: 'svc',
    selector: { matchLabels: { app: 'web' } },
    template: template('b'),
    updateStrategy: rolling,
    ...spec,
  },
});
const revision = (name: string, number: number): ControllerRevision => ({
  metadata: meta(name),
  data: templatePatch(template(name)),
  revision: number,
});
const current = revision('a', 1);
const update = revision('b', 2);

type State = 'ready' | 'running' | 'pending' | 'failed' | 'going';
const pod = (ordinal: number, state: State = 'ready', of = 'b', readyFor = 60): Pod => {
  const phase = { ready: 'Running', running: 'Running', pending: 'Pending', failed: 'Failed', going: 'Running' }[state] as 'Running';
  const name = `web-${ordinal}`;
  return {
    metadata: {
      ...meta(name),
      labels: { app: 'web', 'controller-revision-hash': of, 'statefulset.kubernetes.io/pod-name': name },
      ...(state === 'going' ? { deletionTimestamp: ago(1) } : {}),
    },
    spec: { containers: [] },
    status: {
      phase,
      conditions: state === 'ready' || state === 'going' ? [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readyFor) }] : [],
    },
  };
};
const summary = (one: StatefulSet, pods: readonly Pod[], claims: readonly PersistentVolumeClaim[] = []): string => {
  const findClaim = (name: string): PersistentVolumeClaim | undefined => claims.find(({ metadata }) => metadata.name === name);
  const { phases } = planPods({ set: one, pods, current, update, findClaim }, nowMs);
  return phases
    .flat()
    .map((step) => {
      const of = step.do === 'create' ? `@${step.pod.metadata.labels?.['controller-revision-hash']}` : '';
      return `${step.do} ${step.pod.metadata.name}${of}`;
    })
    .join(', ');
};

const parallel = { podManagementPolicy: 'Parallel' } as const;
test.each([
  ['nothing there: the first', set(), [], 'create web-0@b'],
  ['side by side: all', set(parallel), [], 'create web-0@b, create web-1@b, create web-2@b'],
  ['the first is not ready yet', set(), [pod(0, 'running')], ''],
  ['the first is ready', set(), [pod(0)], 'create web-1@b'],
  ['the first is ready, but not for long enough', set({ minReadySeconds: 90 }), [pod(0)], ''],
  ['a gap', set(), [pod(0), pod(2)], 'create web-1@b'],
  ['a failed one is deleted first', set(), [pod(0, 'failed'), pod(1)], 'delete web-0'],
  ['one on its way out is waited for', set(), [pod(0, 'going'), pod(1)], ''],
  ['too many: the highest first', set({ replicas: 1 }), [pod(0), pod(1), pod(2)], 'delete web-2'],
  ['too many, side by side', set({ replicas: 1, ...parallel }), [pod(0), pod(1), pod(2)], 'delete web-2, delete web-1'],
  ['too many: one on its way out first', set({ replicas: 1 }), [pod(0), pod(1), pod(2, 'going')], ''],
  ['too many: the only unwell one may go', set({ replicas: 1 }), [pod(0), pod(1), pod(2, 'running')], 'delete web-2'],
  ['too many: an unwell one below holds it up', set({ replicas: 1 }), [pod(0), pod(1, 'running'), pod(2, 'running')], ''],
  ['scaling comes only when the living are well', set({ replicas: 1 }), [pod(0, 'running'), pod(1)], ''],
  ['from 5 on', set({ replicas: 2, ordinals: { start: 5 } }), [pod(5)], 'create web-6@b'],
  ['what is below the start goes', set({ replicas: 1, ordinals: { start: 5 } }), [pod(0), pod(5)], 'delete web-0'],
  ['update: the highest of another revision', set(), [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2, 'ready', 'a')], 'delete web-2'],
  ['update: the next', set(), [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2)], 'delete web-1'],
  [
    'update, side by side: the one above has not been ready for long enough',
    set({ ...parallel, minReadySeconds: 30 }),
    [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2, 'ready', 'b', 10)],
    '',
  ],
  [
    'update, side by side: the one above has been ready for long enough',
    set({ ...parallel, minReadySeconds: 30 }),
    [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2, 'ready', 'b', 31)],
    'delete web-1',
  ],
  [
    'too many: one that is ready, but not for long enough, and one below it',
    set({ replicas: 1, minReadySeconds: 30 }),
    [pod(0), pod(1), pod(2, 'ready', 'b', 10)],
    'delete web-2',
  ],
  [
    'update: above the partition only',
    set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }),
    [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2)],
    '',
  ],
  [
    'a missing one below the partition is of the old revision',
    set({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }),
    [pod(0, 'ready', 'a'), pod(2)],
    'create web-1@a',
  ],
  [
    'on deletion only',
    set({ updateStrategy: { type: 'OnDelete' } }),
    [pod(0, 'ready', 'a'), pod(1, 'ready', 'a'), pod(2, 'ready', 'a')],
    '',
  ],
  ['going itself', { ...set(), metadata: { ...set().metadata, deletionTimestamp: ago(1) } }, [], ''],
] as const)('pods: %s', (_, one, pods, expected) => {
  expect(summary(one, pods)).toBe(expected);
});

test('a pod of an ordinal: name, labels, host name, volumes of its claims', () => {
  const claims = [{ metadata: meta('data'), spec: {} }];
  const draft = podFor(set({ volumeClaimTemplates: claims }), template('b'), 'web-x', 1);
  expect(draft.metadata).toMatchObject({
    name: 'web-1',
    generateName: 'web-',
    labels: {
      app: 'web',
      'statefulset.kubernetes.io/pod-name': 'web-1',
      'apps.kubernetes.io/pod-index': '1',
      'controller-revision-hash': 'web-x',
    },
  });
  expect(draft.spec).toMatchObject({
    hostname: 'web-1',
    subdomain: 'svc',
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-1' } }],
  });
});

describe('claims', () => {
  const volumeClaimTemplates = [{ metadata: { ...meta('data'), labels: { x: 'y' } }, spec: {} }];
  const claim = (owners: readonly string[], more: Partial<Pod['metadata']> = {}): PersistentVolumeClaim => ({
    metadata: {
      ...meta('data-web-0'),
      ...more,
      ownerReferences: owners.map((uid) => ({
        apiVersion: uid === 'uid-web' ? 'apps/v1' : 'v1',
        kind: uid === 'uid-web' ? 'StatefulSet' : 'Pod',
        name: uid.startsWith('uid-') ? uid.slice(4) : 'web-0',
        uid,
        controller: true,
      })),
    },
    spec: {},
  });
  const plan = (one: StatefulSet, found?: PersistentVolumeClaim): string => {
    const { missing, dying, owned } = planClaims(one, pod(0), () => found);
    const owners = owned.map(({ metadata }) => `owners ${metadata.ownerReferences?.map(({ uid }) => uid).join('+')}`);
    return [...missing.map(({ metadata }) => `make ${metadata.name}`), ...dying.map((name) => `dying ${name}`), ...owners].join(', ');
  };
  const policy = (whenScaled: string, whenDeleted: string, replicas = 3): StatefulSet =>
    set({ volumeClaimTemplates, replicas, persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } });
  test.each([
    ['missing', policy('Retain', 'Retain'), undefined, 'make data-web-0'],
    ['kept', policy('Retain', 'Retain'), claim([]), ''],
    ['kept, but was not before', policy('Retain', 'Retain'), claim(['uid-web']), 'owners '],
    ['goes with the set', policy('Retain', 'Delete'), claim([]), 'owners uid-web'],
    ['goes with its pod once that is too many', policy('Delete', 'Retain', 0), claim([]), 'owners uid-web-0'],
    ['stays while its pod is wanted', policy('Delete', 'Retain'), claim([]), ''],
    ['goes with the set, and with its pod once that is too many', policy('Delete', 'Delete', 0), claim(['uid-web']), 'owners uid-web-0'],
    ['went with another pod of the name', policy('Delete', 'Retain', 0), claim(['old']), ''],
    ['on its way out', policy('Retain', 'Retain'), claim([], { deletionTimestamp: ago(1) }), 'dying data-web-0'],
  ])('%s', (_, one, found, expected) => expect(plan(one, found)).toBe(expected));
  test('a pod waits for a claim that goes with another of its name', () => {
    expect(summary(policy('Delete', 'Retain'), [], [claim(['old'])])).toBe('');
    expect(summary(policy('Delete', 'Retain'), [], [claim([])])).toBe('create web-0@b');
  });
  test('the labels of the template and of the selector', () => {
    expect(planClaims(policy('Retain', 'Retain'), pod(0), () => undefined).missing[0]?.metadata.labels).toEqual({ app: 'web', x: 'y' });
  });
});

describe('history', () => {
  test.each([
    ['none', [], 'create 1'],
    ['the newest is of the template', [current, update], 'keep b'],
    ['an older one is', [update, { ...revision('c', 3) }], 'renumber b 4'],
    ['no one is', [current], 'create 2'],
  ])('%s', (_, revisions, expected) => {
    const plan = planUpdateRevision(set(), revisions);
    const name = plan.do === 'create' ? '' : ` ${plan.revision.metadata.name}`;
    expect(`${plan.do}${name}${plan.do === 'keep' ? '' : ` ${plan.number}`}`).toBe(expected);
  });
  test('a new one says whose it is', () => {
    const { metadata, revision: number } = newRevision(set(), 7, 0);
    expect(number).toBe(7);
    expect(metadata.labels).toMatchObject({ app: 'web', 'controller.kubernetes.io/hash': metadata.name?.slice(4) });
  });
  test('the oldest that nothing is of go', () => {
    const all = ['a', 'b', 'c', 'd'].map((name, index) => revision(name, index));
    const gone = outlived(set({ revisionHistoryLimit: 1 }), all, ['d'], [pod(0, 'ready', 'a')]);
    expect(gone.map(({ metadata }) => metadata.name)).toEqual(['b']);
  });
});

describe('status', () => {
  const revisions = { current: 'a', update: 'b', collisions: 0 };
  test('in the middle of an update', () => {
    const pods = [pod(0, 'ready', 'a'), pod(1, 'going', 'a'), pod(2)];
    expect(statusOf(set(), pods, revisions, 0, nowMs)).toEqual({
      observedGeneration: 2,
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 1,
      updatedReplicas: 1,
      currentRevision: 'a',
      updateRevision: 'b',
      collisionCount: 0,
      availableReplicas: 3,
    });
  });
  test('done: the revision gone to is the one it has', () => {
    expect(statusOf(set(), [pod(0), pod(1), pod(2)], revisions, 0, nowMs)).toMatchObject({ currentRevision: 'b', currentReplicas: 3 });
  });
});
