// Tests what a quota counts, and what its status says.
import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../api/core/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { countedResources, planQuota } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const quota = (hard: Record<string, string>, status?: ResourceQuota['status']): ResourceQuota => ({
  metadata,
  spec: { hard },
  ...(status === undefined ? {} : { status }),
});
test('a quota names what it counts, and counts it', () => {
  const hard = { pods: '5', 'requests.cpu': '2', configmaps: '3', 'count/deployments.apps': '2' };
  const counted = countedResources(quota(hard)).map(({ resource }) => resource);
  expect(counted).toEqual(['pods', 'configmaps', 'deployments']);
  const pod = (phase: string) => ({
    metadata,
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '250m' } } }] },
    status: { phase },
  });
  const objects: Record<string, readonly unknown[]> = { pods: [pod('Running'), pod('Succeeded')], configmaps: [{ metadata }] };
  const status = planQuota(quota(hard), ({ resource }) => (objects[resource] ?? []) as readonly AnyObject[], 0);
  expect(status?.used).toEqual({ configmaps: '1', 'count/deployments.apps': '0', pods: '1', 'requests.cpu': '250m' });
  expect(planQuota(quota(hard, status), ({ resource }) => (objects[resource] ?? []) as readonly AnyObject[], 0)).toBeUndefined();
  expect(planQuota(quota({ pods: '1' }, status), () => [], 0)).toEqual({ hard: { pods: '1' }, used: { pods: '0' } });
});
