// Owns that a placed pod is counted as it is now, whatever was known of it before.
import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../api/core/v1.ts';
import { ClusterState } from './cluster-state.ts';
import { placedOn } from './pod-facts.ts';

const metadata = (name: string): Pod['metadata'] => ({ name, namespace: 'd', uid: name, resourceVersion: '1', creationTimestamp: '' });
const node: Node = { metadata: metadata('n'), spec: {}, status: { allocatable: { cpu: '8', memory: '8Gi', pods: '9' } } };
const pod = (cpu: string, more: Partial<PodSpec> = {}): Pod => ({
  metadata: metadata('p'),
  spec: { nodeName: 'n', containers: [{ name: 'c', resources: { requests: { cpu } } }], ...more },
});

test.each<readonly [string, Pod, number]>([
  ['the same', pod('1', { priority: 0 }), 1_000],
  ['of another size', pod('2'), 2_000],
  ['with overhead', pod('1', { overhead: { cpu: '500m' } }), 1_500],
  ['sized as a whole', pod('1', { resources: { requests: { cpu: '3' } } }), 3_000],
  [
    'with an init container that asks for more',
    pod('1', { initContainers: [{ name: 'i', resources: { requests: { cpu: '4' } } }] }),
    4_000,
  ],
])('a newer state of a placed pod counts: %s', (_, newer, cpu) => {
  const cluster = new ClusterState();
  cluster.putNode(node);
  cluster.putPod(pod('1'));
  cluster.putPod(newer);
  expect(cluster.slots[0]?.requestedCpu).toBe(cpu);
});

test('binding a pod changes nothing once it was assumed, the labels that come along included', () => {
  const cluster = new ClusterState();
  const zoned = { ...node, metadata: { ...node.metadata, labels: { 'topology.kubernetes.io/zone': 'z', rack: 'r' } } };
  cluster.putNode(zoned);
  const { nodeName: _, ...spec } = pod('1').spec;
  cluster.putPod(placedOn({ ...pod('1'), spec }, 'n', zoned.metadata.labels));
  const changes = cluster.changeCount;
  const bound = { ...pod('1'), metadata: { ...metadata('p'), resourceVersion: '2', labels: { 'topology.kubernetes.io/zone': 'z' } } };
  cluster.putPod(bound);
  expect(cluster.changeCount).toBe(changes);
  // What is remembered of the past shows the newest state and keeps no other.
  expect(cluster.changesSince(0)?.at(-1)?.placed?.pod).toBe(bound);
});
