// Owns the proof of what a resize may change of a pod as a whole.
import { expect, test } from 'vitest';
import type { AnyObject } from '../../api/object.ts';
import { resizeCauses, takeResources } from './pod-changes.ts';

const podWith = (resources: object | undefined, more: object = {}): AnyObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', uid: 'u', generation: 1 },
    spec: { containers: [{ name: 'c', image: 'i' }], ...(resources === undefined ? {} : { resources }), ...more },
  }) as unknown as AnyObject;
const old = podWith({ requests: { cpu: '1' }, limits: { cpu: '2' } });

test('the resources of the pod as a whole are taken over, and nothing else of it', () => {
  const next = podWith({ requests: { cpu: '1500m' }, limits: { cpu: '2' } }, { activeDeadlineSeconds: 5 });
  const taken = takeResources(next, old) as unknown as { spec: Record<string, unknown> };
  expect(taken.spec['resources']).toEqual({ requests: { cpu: '1500m' }, limits: { cpu: '2' } });
  expect(taken.spec['activeDeadlineSeconds']).toBeUndefined();
});

test.each<[string, object | undefined, string]>([
  ['a limit that is taken away', { requests: { cpu: '1' } }, 'resource limits cannot be removed'],
  [
    'another resource',
    { requests: { cpu: '1', 'hugepages-2Mi': '2Mi' }, limits: { cpu: '2' } },
    'only cpu and memory resources are mutable',
  ],
])('%s is refused', (_, resources, message) => {
  expect(resizeCauses(podWith(resources), old).map((cause) => cause.message)).toContainEqual(expect.stringContaining(message));
});
