// Owns the tests of evicting pods: what a budget lets go, what that costs it, and what the pod is told.
import { expect, test } from 'vitest';
import type { AnyObject, Draft } from '../../api/object.ts';
import type { StatusError } from '../../api/status-error.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { resource } from '../../client/resource.ts';
import { apiServerUser } from '../auth/user.ts';
import { bareServer } from '../bare-server-for-tests.ts';

const pods = resource<AnyObject>('v1', 'pods', 'Pod', true);
const budgets = resource<AnyObject>('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget', true);
const at = { namespace: 'default', name: 'p' };

async function guarded(disruptionsAllowed: number) {
  const client = bareServer({ clock: new VirtualClock(0) }).client(apiServerUser);
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { ...at, labels: { app: 'a' } }, spec } as Draft<AnyObject>);
  const running = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await client.patch(pods, at, { type: 'merge', body: { status: running } }, { subresource: 'status' });
  const selector = { matchLabels: { app: 'a' } };
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: at, spec: { selector, minAvailable: 1 } };
  await client.create(budgets, budget as Draft<AnyObject>);
  const status = { observedGeneration: 1, disruptionsAllowed, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 };
  await client.patch(budgets, at, { type: 'merge', body: { status } }, { subresource: 'status' });
  const evict = async (more: object = {}): Promise<string> => {
    try {
      await client.createSubresource(pods, at, 'eviction', { metadata: { name: 'p' }, ...more });
      return '';
    } catch (error) {
      return (error as StatusError).message;
    }
  };
  const statusOf = async (kind: typeof pods): Promise<unknown> => (await client.get(kind, at))['status'];
  return { client, evict, statusOf };
}

test('the last disruption that a budget allows is spent and told', async () => {
  const { client, evict, statusOf } = await guarded(1);
  expect(await evict()).toBe('');
  const now = '1970-01-01T00:00:00Z';
  const condition = { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: 1 };
  expect(await statusOf(budgets)).toMatchObject({
    disruptionsAllowed: 0,
    disruptedPods: { p: now },
    conditions: [{ ...condition, lastTransitionTime: now }],
  });
  const pod = await client.get(pods, at);
  expect(pod.metadata.deletionGracePeriodSeconds).toBe(30);
  expect((pod['status'] as { readonly conditions: readonly object[] }).conditions[1]).toEqual({
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
});

test('what is left is no reason for a condition', async () => {
  const { evict, statusOf } = await guarded(2);
  expect(await evict()).toBe('');
  expect(await statusOf(budgets)).not.toHaveProperty('conditions');
});

test('another pod than was meant is told nothing, though the budget has paid', async () => {
  const { evict, statusOf } = await guarded(1);
  expect(await evict({ deleteOptions: { preconditions: { uid: 'x' } } })).toMatch(
    /^Operation cannot be fulfilled on Pod "p": the UID in the precondition \(x\) does not match the UID in record \(.*\)\. The object might have been deleted and then recreated$/,
  );
  expect(await statusOf(pods)).toMatchObject({ conditions: [{ type: 'Ready' }] });
  expect(await statusOf(budgets)).toMatchObject({ disruptionsAllowed: 0 });
});

test('a version that is the current one holds, though the pod is told before it goes', async () => {
  const { client, evict } = await guarded(1);
  const { resourceVersion } = (await client.get(pods, at)).metadata;
  expect(await evict({ deleteOptions: { preconditions: { resourceVersion } } })).toBe('');
  expect((await client.get(pods, at)).metadata.deletionTimestamp).toBeDefined();
});

test('the namespace of the body is that of the path', async () => {
  const { evict } = await guarded(1);
  expect(await evict({ metadata: { name: 'p', namespace: 'other' } })).toBe(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
});
