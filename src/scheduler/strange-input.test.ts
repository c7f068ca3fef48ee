// Owns what the scheduler makes of strange values: a decision or a message, in good time, never a crash.
import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../api/core/v1.ts';
import { attempt } from './attempt.ts';
import { ClusterState } from './cluster-state.ts';
import { defaultProfile } from './profile.ts';
import { explain } from './why/explain.ts';

const metadata = (name: string, labels: Record<string, string> = {}): Pod['metadata'] => ({
  name,
  uid: name,
  namespace: 'default',
  resourceVersion: '1',
  creationTimestamp: '',
  labels,
});
const node = (name: string, allocatable: Record<string, string> = { cpu: '4', memory: '8Gi', pods: '110' }): Node => ({
  metadata: metadata(name, { zone: name }),
  spec: {},
  status: { allocatable },
});
const pod = (spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}, requests: Record<string, string> = { cpu: '1' }): Pod => ({
  metadata: metadata('p', labels),
  spec: { containers: [{ name: 'c', resources: { requests } }], ...spec },
});
const near = (app: string, topologyKey = 'zone') => ({ topologyKey, labelSelector: { matchLabels: { app } } });
const many = <T>(count: number, make: (index: number) => T): readonly T[] => Array.from({ length: count }, (_, index) => make(index));

const rows: readonly (readonly [string, readonly Node[], Pod, RegExp])[] = [
  ['a negative amount on a node', [node('n1', { cpu: '-1', memory: '-8Gi', pods: '-3' })], pod(), /Insufficient cpu, 1 Too many pods/],
  ['a negative request', [node('n1')], pod({}, {}, { cpu: '-5' }), /^n1$/],
  ['more than a number can tell', [node('n1')], pod({}, {}, { cpu: '9E' }), /Insufficient cpu/],
  ['a node of 9E cores', [node('n1', { cpu: '9E', memory: '9E', pods: '9E' })], pod(), /^n1$/],
  ['a node without a status', [{ ...node('n1'), status: {} }], pod(), /Too many pods/],
  [
    'a thousand terms',
    [node('n1')],
    pod({
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: many(1000, (index) => near(`a${index}`)) } },
      tolerations: many(1000, (index) => ({ key: `k${index}`, operator: 'Exists' as const })),
    }),
    /^n1$/,
  ],
  ['ten thousand labels', [node('n1')], pod({}, Object.fromEntries(many(10_000, (index) => [`l${index}`, 'v']))), /^n1$/],
  [
    'affinities in a circle',
    [node('n1')],
    pod(
      {
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near('a')] },
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near('a')] },
        },
      },
      { app: 'a' },
    ),
    /^n1$/,
  ],
  [
    'a claim of devices that nobody made',
    [node('n1')],
    pod({ resourceClaims: [{ name: 'd', resourceClaimName: 'nope' }] }),
    /"nope" not found/,
  ],
  [
    'a claim that nobody made',
    [node('n1')],
    pod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'nope' } }] }),
    /"nope" not found/,
  ],
  [
    'a selector that cannot be read',
    [node('n1')],
    pod({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { 'no/such/key': 'x' } } }],
        },
      },
    }),
    /pod affinity rules/,
  ],
  [
    'a skew of nothing',
    [node('n1')],
    pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }] }),
    /topology spread/,
  ],
];

test.each(rows)('%s', (_, nodes, wanted, expected) => {
  const cluster = new ClusterState();
  for (const one of nodes) cluster.putNode(one);
  const tried = attempt(wanted, cluster, defaultProfile, () => 0);
  expect(tried.outcome === 'placed' ? tried.node : tried.message).toMatch(expected);
  expect(explain(wanted, cluster, defaultProfile).pod.name).toBe('p');
});

test('a node that goes takes nothing with it: its pods are counted again when it comes back', () => {
  const cluster = new ClusterState();
  cluster.putNode(node('n1'));
  const there: Pod = { ...pod({ nodeName: 'n1' }, {}, { cpu: '4' }), metadata: metadata('q') };
  cluster.putPod(there);
  cluster.removeNode('n1');
  expect(attempt(pod(), cluster, defaultProfile, () => 0)).toMatchObject({ outcome: 'error' });
  cluster.putNode(node('n1'));
  expect(attempt(pod(), cluster, defaultProfile, () => 0)).toMatchObject({ outcome: 'unschedulable' });
  cluster.removeNode('n1');
  cluster.removePod('q');
  cluster.putNode(node('n1'));
  expect(attempt(pod(), cluster, defaultProfile, () => 0)).toEqual({ outcome: 'placed', node: 'n1' });
});
