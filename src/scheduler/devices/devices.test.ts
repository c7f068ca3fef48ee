// Owns the table of claims for devices: what a cluster has, what is asked, and what is given where.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import type { Device, DeviceClaim, ResourceClaim, ResourceSlice } from '../../api/resource/v1.ts';
import { attempt } from '../attempt.ts';
import { ClusterState } from '../cluster-state.ts';
import { defaultProfile } from '../profile.ts';
import { allocateDevices } from './allocate-devices.ts';

const driver = 'gpu.example.com';
const clusterWide = (name: string): Pod['metadata'] => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '' });
const metadata = (name: string): Pod['metadata'] => ({ ...clusterWide(name), namespace: 'default' });
const node = (name: string): Node => ({
  metadata: metadata(name),
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
});
const gpu = (name: string, model: string, memory = '8Gi', more: Partial<Device> = {}): Device => ({
  name,
  attributes: { model: { string: model }, index: { int: Number(name.slice(1)) } },
  capacity: { memory: { value: memory } },
  ...more,
});
const slice = (nodeName: string, devices: readonly Device[], more: Partial<ResourceSlice['spec']> = {}): ResourceSlice => ({
  metadata: clusterWide(`slice-${nodeName}`),
  spec: { driver, nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices, ...more },
});
const claim = (name: string, devices: DeviceClaim, status?: ResourceClaim['status']): ResourceClaim => ({
  metadata: metadata(name),
  spec: { devices },
  ...(status && { status }),
});
const asks = (count: number, expression?: string): DeviceClaim => ({
  requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count, ...(expression && { selectors: [{ cel: { expression } }] }) } }],
});

function cluster(slices: readonly ResourceSlice[], claims: readonly ResourceClaim[]): ClusterState {
  const state = new ClusterState();
  for (const name of ['n1', 'n2']) state.putNode(node(name));
  for (const one of slices) state.objects.resourceSlices.put(one);
  for (const one of claims) state.objects.resourceClaims.put(one);
  state.objects.deviceClasses.put({
    metadata: clusterWide('gpu'),
    spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
  });
  return state;
}
const pod: Pod = {
  metadata: metadata('p'),
  spec: { containers: [{ name: 'c' }], resourceClaims: [{ name: 'gpu', resourceClaimName: 'data' }] },
};
const slices = [
  slice('n1', [gpu('g0', 'small'), gpu('g1', 'big', '40Gi')]),
  slice('n2', [gpu('g0', 'small'), gpu('g1', 'small'), gpu('g2', 'small')]),
];
const allTaken = (name: string, device: string): ResourceClaim =>
  claim(`of-${device}`, asks(1), { allocation: { devices: { results: [{ request: 'r', driver, pool: name, device }] } } });

test.each<readonly [string, DeviceClaim, readonly ResourceClaim[], string | RegExp]>([
  ['one of a model that one node has', asks(1, `device.attributes["${driver}"].model == "big"`), [], 'n1'],
  ['by its memory', asks(1, `device.capacity["${driver}"].memory.compareTo(quantity("20Gi")) >= 0`), [], 'n1'],
  ['three', asks(3), [], 'n2'],
  ['more than any node has', asks(4), [], /2 cannot allocate all claims\. .*2 Preemption is not helpful/],
  ['the last one is taken', asks(1, `device.attributes["${driver}"].model == "big"`), [allTaken('n1', 'g1')], /cannot allocate all claims/],
  ['two of one model', { ...asks(2), constraints: [{ matchAttribute: `${driver}/model` }] }, [], 'n2'],
  [
    'the first that there is',
    {
      requests: [
        {
          name: 'r',
          firstAvailable: [
            { name: 'a', deviceClassName: 'gpu', count: 9 },
            { name: 'b', deviceClassName: 'gpu', count: 3 },
          ],
        },
      ],
    },
    [],
    'n2',
  ],
  [
    'a class that is not there',
    { requests: [{ name: 'r', exactly: { deviceClassName: 'tpu' } }] },
    [],
    /request r: device class tpu does not exist\. not found/,
  ],
  ['a selector that cannot be read', asks(1, 'device.('), [], /cannot allocate all claims/],
])('%s', (_, wanted, others, expected) => {
  const tried = attempt(pod, cluster(slices, [claim('data', wanted), ...others]), defaultProfile, () => 0);
  if (typeof expected === 'string') expect(tried).toEqual({ outcome: 'placed', node: expected });
  else expect(tried.outcome === 'placed' ? tried.node : tried.message).toMatch(expected);
});

test('what is allocated already says where', () => {
  const nodeSelector = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['n2'] }] }] };
  const state = cluster([], [claim('data', asks(1), { allocation: { nodeSelector } })]);
  expect(attempt(pod, state, defaultProfile, () => 0)).toEqual({ outcome: 'placed', node: 'n2' });
});

test('devices that share counters are not given out beyond them; tainted ones only to who tolerates', () => {
  const counts = (value: string): Partial<Device> => ({ consumesCounters: [{ counterSet: 'memory', counters: { slots: { value } } }] });
  const shared = slice(
    'n1',
    [
      gpu('g0', 'half', '1Gi', counts('2')),
      gpu('g1', 'half', '1Gi', counts('2')),
      gpu('g2', 'bad', '1Gi', { taints: [{ key: 'broken', effect: 'NoSchedule' }] }),
    ],
    {
      sharedCounters: [{ name: 'memory', counters: { slots: { value: '3' } } }],
    },
  );
  const state = cluster([shared], []);
  const on = (wanted: DeviceClaim) =>
    allocateDevices([claim('data', wanted)], node('n1'), state.objects)?.[0]?.devices?.results?.map(({ device }) => device);
  expect(on(asks(1))).toEqual(['g0']);
  expect(on(asks(2))).toBeUndefined();
  const tolerant = {
    requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', count: 2, tolerations: [{ key: 'broken', operator: 'Exists' as const }] } }],
  };
  expect(on(tolerant)).toEqual(['g0', 'g2']);
});

test('a pod that fits nowhere because its devices are elsewhere gives them up, unless another pod uses them', () => {
  const here = (name: string) => ({
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [name] }] }],
  });
  const held = (reservedFor: readonly { readonly resource: string; readonly name: string; readonly uid: string }[]): ResourceClaim =>
    claim('c', asks(1), { allocation: { devices: { results: [] }, nodeSelector: here('n1') }, reservedFor });
  const tryWith = (users: Parameters<typeof held>[0]) => {
    const state = cluster([], [held(users)]);
    state.putNode({ ...node('n1'), spec: { unschedulable: true } });
    const using: Pod = {
      metadata: metadata('p'),
      spec: { containers: [{ name: 'c' }], resourceClaims: [{ name: 'c', resourceClaimName: 'c' }] },
    };
    return attempt(using, state, defaultProfile, () => 0);
  };
  const told = '0/2 nodes are available: 1 node(s) were unschedulable, 1 resourceclaim not available on the node.';
  const end = 'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  expect(tryWith([])).toMatchObject({
    deallocate: { metadata: { name: 'c' } },
    message: `${told} deallocation of ResourceClaim completed, ${end}`,
  });
  const others = tryWith([{ resource: 'pods', name: 'q', uid: 'q' }]);
  expect(others).toMatchObject({ message: `${told} still not schedulable, ${end}` });
  expect(others).not.toHaveProperty('deallocate');
});
