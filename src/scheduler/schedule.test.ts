// Owns the table of placements: one cluster state and one pod a row, and what kube-scheduler says.
import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../api/core/v1.ts';
import { attempt } from './attempt.ts';
import { ClusterState } from './cluster-state.ts';
import { enoughNodes } from './limited-search.ts';
import { defaultProfile } from './profile.ts';
import { judgesOf, Ranking } from './ranking.ts';
import { RankingMemory, schedule } from './schedule.ts';

const meta = (name: string): Pod['metadata'] => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const node = (
  name: string,
  more: Partial<Node['spec']> = {},
  allocatable: Record<string, string> = {},
  labels: Record<string, string> = {},
): Node => ({
  metadata: { ...meta(name), labels: { 'kubernetes.io/hostname': name, ...labels } },
  spec: more,
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable } },
});
const pod = (spec: Partial<PodSpec> = {}, cpu = '100m', name = 'p'): Pod => ({
  metadata: meta(name),
  spec: { containers: [{ name: 'c', image: 'app', resources: { requests: { cpu } } }], ...spec },
});
const taint = { key: 'k', value: 'v', effect: 'NoSchedule' } as const;
const helpless = (count: number): string =>
  `no new claims to deallocate, preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`;

const rows: readonly (readonly [string, readonly Node[], readonly Pod[], Pod, string])[] = [
  ['no nodes', [], [], pod(), 'no nodes available to schedule pods'],
  ['one node', [node('n1')], [], pod(), 'n1'],
  [
    'a cordoned node',
    [node('n1', { unschedulable: true })],
    [],
    pod(),
    `0/1 nodes are available: 1 node(s) were unschedulable. ${helpless(1)}`,
  ],
  ['a taint', [node('n1', { taints: [taint] })], [], pod(), `0/1 nodes are available: 1 node(s) had untolerated taint(s). ${helpless(1)}`],
  ['a taint that is tolerated', [node('n1', { taints: [taint] })], [], pod({ tolerations: [{ key: 'k', operator: 'Exists' }] }), 'n1'],
  ['a soft taint loses to a clean node', [node('n1', { taints: [{ ...taint, effect: 'PreferNoSchedule' }] }), node('n2')], [], pod(), 'n2'],
  ['nodeSelector', [node('n1'), node('n2', {}, {}, { disk: 'ssd' })], [], pod({ nodeSelector: { disk: 'ssd' } }), 'n2'],
  [
    'nodeSelector that nobody has',
    [node('n1'), node('n2')],
    [],
    pod({ nodeSelector: { disk: 'ssd' } }),
    `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. ${helpless(2)}`,
  ],
  ['more than any node has', [node('n1')], [], pod({}, '5'), `0/1 nodes are available: 1 Insufficient cpu. ${helpless(1)}`],
  [
    'room taken by another pod',
    [node('n1')],
    [pod({ nodeName: 'n1' }, '3900m', 'q')],
    pod({}, '200m'),
    '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  ],
  [
    'room given back by a pod that ended',
    [node('n1')],
    [{ ...pod({ nodeName: 'n1' }, '4', 'q'), status: { phase: 'Succeeded' } }],
    pod(),
    'n1',
  ],
  ['the emptier node', [node('n1'), node('n2')], [pod({ nodeName: 'n1' }, '2', 'q')], pod(), 'n2'],
  ['equal nodes: the first for fraction 0', [node('n1'), node('n2')], [], pod(), 'n1'],
];

const clusterOf = (nodes: readonly Node[], pods: readonly Pod[]): ClusterState => {
  const cluster = new ClusterState();
  for (const one of nodes) cluster.putNode(one);
  for (const one of pods) cluster.putPod(one);
  return cluster;
};

test.each(rows)('%s', (_, nodes, pods, wanted, expected) => {
  const verdict = attempt(wanted, clusterOf(nodes, pods), defaultProfile, () => 0);
  expect(verdict.outcome === 'placed' ? verdict.node : verdict.message).toBe(expected);
});

test('a ranking names for each node the plugin that turned it down, and for the rest the scores', () => {
  const cluster = clusterOf([node('n1', { taints: [taint] }), node('n2'), node('n3')], []);
  const judges = judgesOf(pod(), cluster, defaultProfile.plugins);
  if ('waitsFor' in judges) throw new Error(judges.waitsFor);
  const ranking = new Ranking(pod(), cluster, judges);
  expect(ranking.best().map((slot) => cluster.slots[slot]?.name)).toEqual(['n2', 'n3']);
  expect(ranking.rejectionAt(0)).toMatchObject({ plugin: 'TaintToleration', resolvable: false });
  expect(Object.keys(ranking.scores()[0]?.parts ?? {})).toEqual([
    'TaintToleration',
    'NodeResourcesFit',
    'NodeResourcesBalancedAllocation',
    'ImageLocality',
  ]);
});

test.each([
  ['a container that gives back what it has counts with it until it is done', { cpu: '3' }, undefined, '0/1'],
  ['a container that has what it asks for', { cpu: '1' }, undefined, 'n1'],
  ['a resize that cannot be counts with what the container has', { cpu: '500m' }, 'Infeasible', 'n1'],
] as const)('in-place resize: %s', (_, allocatedResources, reason, expected) => {
  const asks = reason === undefined ? '1' : '4';
  const there: Pod = {
    ...pod({ nodeName: 'n1' }, asks, 'q'),
    status: {
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: 0, allocatedResources }],
      ...(reason && { conditions: [{ type: 'PodResizePending', status: 'True', reason }] }),
    },
  };
  const tried = attempt(pod({}, '2'), clusterOf([node('n1')], [there]), defaultProfile, () => 0);
  expect(tried.outcome === 'placed' ? tried.node : tried.message).toContain(expected);
});

/** How often each node is chosen of `rounds` choices at even fractions. */
function chosen(cluster: ClusterState, asked: Pod, rounds: number, percentageOfNodesToScore?: number): ReadonlyMap<string, number> {
  const memory = new RankingMemory();
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const fraction = (round + 0.5) / rounds;
    const verdict = schedule(asked, cluster, defaultProfile.plugins, fraction, memory, percentageOfNodesToScore);
    const name = verdict.outcome === 'placed' ? verdict.node : verdict.outcome;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test('among equals each node has the same chance, however unevenly domains are filled', () => {
  const cluster = new ClusterState();
  for (let at = 0; at < 12; at++) cluster.putNode(node(`n${at}`, {}, {}, { zone: at < 9 ? 'a' : at < 11 ? 'b' : 'c' }));
  const near = {
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } } },
      ],
    },
  };
  const counts = chosen(cluster, pod({ affinity: near }), 120);
  expect([...counts.values()]).toEqual(Array.from({ length: 12 }, () => 10));
});

test('where a percentage of the nodes is enough, the best of those is taken, and each node has its turn', () => {
  const cluster = new ClusterState();
  for (let at = 0; at < 400; at++) cluster.putNode(node(`n${at}`, {}, { cpu: at === 399 ? '64' : '4' }));
  expect([...chosen(cluster, pod(), 4)]).toEqual([['n399', 4]]);
  // 25 % of 400 are 100: three searches of four do not see the largest node.
  const some = chosen(cluster, pod(), 4, 25);
  expect(some.get('n399')).toBe(1);
  expect(some.size).toBe(4);
  expect(enoughNodes(10, 99)).toBeUndefined();
  expect(enoughNodes(10, 150)).toBe(100);
  expect(enoughNodes(48, 320)).toBe(153);
  expect(enoughNodes(100, 320)).toBeUndefined();
});
