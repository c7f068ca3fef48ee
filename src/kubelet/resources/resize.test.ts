// Owns the proof of when a node has room for a resize, and what a kubelet that has just started takes for set aside.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { allocatedBefore, byClaim, resizeText, resizeVerdict, resourcesOf, resourcesTogether, wholePod, withResources } from './resize.ts';

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

const sized = (resources: object, more: object = {}): Pod =>
  ({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }], resources, ...more } }) as unknown as Pod;

test('a pod as a whole is resized as its containers are, by a name that none of them can have', () => {
  const pod = sized({ requests: { cpu: '1' }, limits: { cpu: '2' } }, { initContainers: [{ name: 'i' }] });
  expect(Object.keys(resourcesOf(pod))).toEqual([wholePod, 'i', 'c']);
  expect(withResources(pod, { [wholePod]: { requests: { cpu: '3' } } }).spec.resources).toEqual({
    requests: { cpu: '3' },
    limits: { cpu: '2' },
  });
  expect(resizeText('started', pod, 2)).toBe(
    'Pod resize started: {"resources":{"limits":{"cpu":"2"},"requests":{"cpu":"1"}},"initContainers":[{"name":"i","resources":{}}],"containers":[{"name":"c","resources":{}}],"generation":2}',
  );
});

test.each([
  [
    'its own',
    sized({ requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } }),
    { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
  ],
  [
    'what its containers have together',
    sized(undefined as never, {
      containers: [
        { name: 'a', resources: { limits: { cpu: '1' }, requests: { cpu: '500m' } } },
        { name: 'b', resources: { limits: { cpu: '250m', memory: '1Gi' } } },
      ],
    }),
    { limits: { cpu: '1250m' }, requests: { cpu: '750m', memory: '1Gi' } },
  ],
  ['nothing', sized(undefined as never), {}],
])('a pod as a whole has %s', (_, pod, resources) => {
  expect(resourcesTogether(pod)).toEqual(resources);
});

test('who asks for no more comes first, then priority, then guaranteed pods', () => {
  const claim = (name: string, cpu: string, more: object = {}) => {
    const pod = { ...podOf(cpu), metadata: { name } };
    return { name, allocated: podOf('1'), pod: { ...pod, spec: { ...pod.spec, ...more } } as unknown as Pod };
  };
  const limits = { cpu: '2', memory: '1Gi' };
  const guaranteed = { containers: [{ name: 'c', resources: { requests: limits, limits } }] };
  const claims = [
    claim('more', '2'),
    claim('guaranteed', '2', guaranteed),
    claim('important', '2', { priority: 5 }),
    claim('less', '500m'),
  ];
  expect(claims.sort(byClaim).map(({ name }) => name)).toEqual(['less', 'important', 'guaranteed', 'more']);
});
