// Owns the proof of when a node has room for a resize, and what a kubelet that has just started takes for set aside.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { allocatedBefore, resizeVerdict, withResources } from './resize.ts';

const podOf = (cpu: string, status: object = {}): Pod =>
  ({
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu, memory: '1Gi' } } }] },
    status,
  }) as unknown as Pod;

test.each([
  ['1', { verdict: 'fits' }],
  [
    '1500m',
    {
      verdict: 'pending',
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    },
  ],
  ['5', { verdict: 'pending', reason: 'Infeasible', message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 2000" }],
])('a resize to %s beside another pod of 1 on a node of 2', (cpu, verdict) => {
  expect(resizeVerdict(podOf(cpu), { cpu: '2', memory: '4Gi' }, [podOf('1')])).toEqual(verdict);
});

test('what the status says of a container that has run is what is set aside for it, else the spec', () => {
  const resources = { requests: { cpu: '1', memory: '1Gi' } };
  const running = { containerStatuses: [{ name: 'c', containerID: 'containerd://1', resources }] };
  expect(allocatedBefore(podOf('3', running))['c']).toEqual(resources);
  expect(allocatedBefore(podOf('3', { containerStatuses: [{ name: 'c' }] }))['c']?.requests?.['cpu']).toBe('3');
});

test('a pod with the same amounts, however they are spelled, is the same pod', () => {
  const pod = podOf('1');
  expect(withResources(pod, { c: { requests: { cpu: '1000m', memory: '1024Mi' } } })).toBe(pod);
  expect(withResources(pod, { c: { requests: { cpu: '2', memory: '1Gi' } } }).spec.containers[0]?.resources?.requests).toEqual({
    cpu: '2',
    memory: '1Gi',
  });
});
