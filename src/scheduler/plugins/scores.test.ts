// Owns scores that no recorded state shows: images of volumes, and resources that a pod does not ask for.
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { ClusterState } from '../cluster-state.ts';
import type { Plugin } from '../framework.ts';
import { imageLocality } from './image-locality.ts';
import { nodeResourcesBalancedAllocationPlugin } from './node-resources-balanced-allocation.ts';
import { nodeResourcesFitPlugin } from './node-resources-fit.ts';

const metadata = (name: string): Pod['metadata'] => ({ name, namespace: 'd', uid: name, resourceVersion: '1', creationTimestamp: '' });
const mebibyte = 1024 * 1024;

function scoreOf(plugin: Plugin, pod: Pod, node: Node): number | undefined {
  const cluster = new ClusterState();
  cluster.putNode(node);
  const judged = plugin.judge?.(pod, cluster);
  const info = cluster.slots[0];
  if (judged === undefined || 'waitsFor' in judged || judged.scoring?.by !== 'node' || info === undefined) return undefined;
  return judged.scoring.score(info);
}

test("the image of a volume counts as a container's does", () => {
  const node: Node = {
    metadata: metadata('n'),
    spec: {},
    status: { allocatable: {}, images: [{ names: ['model:v1'], sizeBytes: 1000 * mebibyte }] },
  };
  const pod = (images: readonly string[], volumes: readonly string[]): Pod => ({
    metadata: metadata('p'),
    spec: {
      containers: images.map((image, at) => ({ name: `c${at}`, image })),
      volumes: volumes.map((reference, at) => ({ name: `v${at}`, image: { reference } })),
    },
  });
  expect(scoreOf(imageLocality, pod(['model:v1'], []), node)).toBe(100);
  expect(scoreOf(imageLocality, pod(['app'], []), node)).toBe(0);
  expect(scoreOf(imageLocality, pod(['app'], ['model:v1']), node)).toBe(Math.trunc((100 * (1000 - 23)) / (2 * 1000 - 23)));
});

test.each([
  ['hugepages-2Mi', 80],
  ['example.com/gpu', 80],
  ['ephemeral-storage', 90],
])('of resources that a pod does not ask for, %s leaves the score at %i', (name, score) => {
  const node: Node = { metadata: metadata('n'), spec: {}, status: { allocatable: { cpu: '10', memory: '10Gi', [name]: '10Gi' } } };
  const pod: Pod = { metadata: metadata('p'), spec: { containers: [{ name: 'c', resources: { requests: { cpu: '2', memory: '2Gi' } } }] } };
  const resources = [
    { name: 'cpu', weight: 1 },
    { name, weight: 1 },
  ];
  expect(scoreOf(nodeResourcesFitPlugin({ resources }), pod, node)).toBe(score);
  expect(scoreOf(nodeResourcesBalancedAllocationPlugin(['cpu', name]), pod, node)).toBe(name === 'ephemeral-storage' ? 70 : 75);
});
