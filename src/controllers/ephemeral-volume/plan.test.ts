// Tests which claims a pod's ephemeral volumes call for.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { planEphemeral } from './plan.ts';

const metadata = { name: 'n', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
test('an ephemeral volume is made once, and not out of somebody else’s claim', () => {
  const template = { spec: { accessModes: ['ReadWriteOnce'] as const, resources: {} } };
  const pod = {
    metadata,
    spec: { containers: [], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: template } }] },
  } as unknown as Pod;
  const claim = (uid: string) => ({
    metadata: { ...metadata, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'n', uid, controller: true }] },
    spec: {},
  });
  expect(planEphemeral(pod, () => undefined)[0]?.claim?.metadata).toMatchObject({
    name: 'n-v',
    ownerReferences: [{ uid: 'u', controller: true }],
  });
  expect(planEphemeral(pod, () => claim('u'))).toEqual([]);
  expect(planEphemeral(pod, () => claim('x'))).toEqual([{ volume: 'v', claim: undefined }]);
});
