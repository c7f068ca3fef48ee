// Owns the stories of why: each row a cluster, a pod, and what is said of it; what is suggested works, and supposing changes nothing.
import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../../api/core/v1.ts';
import { ClusterState } from '../cluster-state.ts';
import { defaultProfile } from '../profile.ts';
import { explain, type PodWhy } from './explain.ts';
import { shown } from './remedies.ts';
import { suppose, WhatIfError } from './what-if.ts';
import { whyLines } from './why-text.ts';

const metadata = (name: string, labels: Record<string, string> = {}) => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
  labels,
});
const node = (name: string, spec: Node['spec'] = {}, labels: Record<string, string> = {}): Node => ({
  metadata: metadata(name, { 'kubernetes.io/hostname': name, ...labels }),
  spec,
  status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } },
});
const pod = (name: string, cpu = '1', spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { ...metadata(name, { app: name }), namespace: 'default' },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }], ...spec },
});
const clusterOf = (nodes: readonly Node[], pods: readonly Pod[] = []): ClusterState => {
  const cluster = new ClusterState();
  for (const one of nodes) cluster.putNode(one);
  for (const one of pods) cluster.putPod(one);
  return cluster;
};
const changesOf = ({ changes }: PodWhy): readonly string[] => changes.map((one) => one.changes.join('; and '));

test.each<readonly [string, readonly Node[], readonly Pod[], Pod, readonly string[]]>([
  ['a cordon', [node('n1', { unschedulable: true })], [], pod('p'), ['uncordon node n1']],
  [
    'a taint',
    [node('n1', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] })],
    [],
    pod('p'),
    ['give the pod a toleration for taint k=v:NoSchedule'],
  ],
  ['a label', [node('n1')], [], pod('p', '1', { nodeSelector: { disk: 'ssd' } }), ['label node n1 with disk=ssd']],
  [
    'room that others have',
    [node('n1')],
    [pod('q', '1500m', { nodeName: 'n1' })],
    pod('p'),
    ['500m cpu more on node n1, or as much less asked for by the pod', 'pod default/q would have to go from node n1'],
  ],
  [
    'a cordon with its taint',
    [node('n1', { unschedulable: true, taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] })],
    [],
    pod('p'),
    ['uncordon node n1'],
  ],
  [
    'another node by its name',
    [node('n1')],
    [],
    pod('p', '1', { nodeSelector: { 'kubernetes.io/hostname': 'n2' } }),
    ["let the pod's nodeSelector ask for kubernetes.io/hostname=n1"],
  ],
  [
    'nobody to be near',
    [node('n1')],
    [],
    pod('p', '1', {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } },
          ],
        },
      },
    }),
    ['a pod of namespace default with label app=db would have to run on node n1'],
  ],
  [
    'a claim that is not there',
    [node('n1')],
    [],
    pod('p', '1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
    ['create PersistentVolumeClaim default/data, and have it bound to a volume'],
  ],
  [
    'of two nodes the one that lacks less first',
    [node('n1'), { ...node('n2'), status: { allocatable: { cpu: '3', memory: '4Gi', pods: '10' } } }],
    [],
    pod('p', '4'),
    ['1 cpu more on node n2, or as much less asked for by the pod', '2 cpu more on node n1, or as much less asked for by the pod'],
  ],
  ['more than there is', [node('n1')], [], pod('p', '5'), ['3 cpu more on node n1, or as much less asked for by the pod']],
  [
    'two things at once',
    [node('n1', { unschedulable: true, taints: [{ key: 'k', effect: 'NoExecute' }] })],
    [],
    pod('p'),
    ['uncordon node n1; and give the pod a toleration for taint k:NoExecute'],
  ],
  [
    'somebody it must not be near',
    [node('n1')],
    [pod('q', '100m', { nodeName: 'n1' })],
    pod('p', '1', {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'q' } } },
          ],
        },
      },
    }),
    ['pod default/q would have to go from node n1'],
  ],
])('%s: the smallest changes that would place the pod', (_, nodes, pods, wanted, expected) => {
  const why = explain(wanted, clusterOf(nodes, pods), defaultProfile);
  expect(why.state).toBe('waiting');
  expect(changesOf(why)).toEqual(expected);
});

test('a waiting pod: every node with everybody who turns it down', () => {
  const nodes = [node('n1', { unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule' }] }), node('n2')];
  const why = explain(pod('p', '3'), clusterOf(nodes), defaultProfile);
  expect(why.nodes.map(({ node: name, refusals }) => [name, refusals.map(({ plugin }) => plugin)])).toEqual([
    ['n1', ['NodeUnschedulable', 'TaintToleration', 'NodeResourcesFit']],
    ['n2', ['NodeResourcesFit']],
  ]);
  expect(whyLines(why)).toContain('  n2: NodeResourcesFit: Insufficient cpu');
});

test('a placed pod: why there and not elsewhere', () => {
  const here = pod('p', '1', { nodeName: 'n2' });
  const why = explain(
    here,
    clusterOf([node('n1'), node('n2'), node('n3')], [here, pod('q', '1', { nodeName: 'n1' }), pod('r', '1', { nodeName: 'n3' })]),
    defaultProfile,
  );
  expect(why).toMatchObject({ state: 'placed', node: 'n2', best: ['n2'] });
  expect(whyLines(why)[0]).toBe('pod/p is on node n2, where it would be placed now, too.');
  expect(whyLines(why)[3]).toMatch(/^ {2}n2 \(here\): \d+ = 300 TaintToleration \+ \d+ NodeResourcesFit/);
});

test('what if: objects are merged, added or taken away, and the cluster stays as it is', () => {
  const cluster = clusterOf([node('n1', { unschedulable: true })], [pod('q', '2', { nodeName: 'n1' })]);
  const asked = pod('p');
  const ask = (objects: readonly object[]) => {
    const world = suppose(cluster, asked, objects as never, () => undefined);
    return explain(world.pod, world.cluster, defaultProfile);
  };
  expect(ask([{ kind: 'Node', metadata: { name: 'n1' }, spec: { unschedulable: null } }]).message).toContain('Insufficient cpu');
  expect(ask([{ kind: 'Node', metadata: { name: 'n9' }, status: { allocatable: { cpu: '4', memory: '1Gi', pods: '5' } } }]).best).toEqual([
    'n9',
  ]);
  expect(ask([{ kind: 'Node', metadata: { name: 'n1' }, $patch: 'delete' }]).message).toBe('no nodes available to schedule pods');
  expect(
    ask([{ kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { tolerations: [{ operator: 'Exists' }] } }]).message,
  ).toContain('Insufficient cpu');
  expect(() => ask([{ kind: 'ConfigMap', metadata: { name: 'c' } }])).toThrow(WhatIfError);
  expect(explain(asked, cluster, defaultProfile).message).toContain('node(s) were unschedulable');
});

test.each([
  [
    'it has ended',
    { ...pod('p', '1', { nodeName: 'n1' }), status: { phase: 'Succeeded' as const } },
    'pod/p has ended on node n1: it needs no node.',
  ],
  ['it is gated', pod('p', '1', { schedulingGates: [{ name: 'g' }] }), 'pod/p is not looked at yet: waiting for scheduling gates: [g].'],
  [
    'it waits for a claim',
    pod('p', '1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
    'pod/p waits: persistentvolumeclaim "data" not found',
  ],
] as const)('where there is nothing to choose: %s', (_, wanted, line) => {
  expect(whyLines({ ...explain(wanted as Pod, clusterOf([node('n1')]), defaultProfile) })[0]).toBe(line);
});

test('a gated pod is told where it would go without its gates; a claim without a volume is named with its class', () => {
  const gated = explain(pod('p', '1', { schedulingGates: [{ name: 'g' }] }), clusterOf([node('n1')]), defaultProfile);
  expect([gated.state, gated.changes]).toEqual(['held', [{ node: 'n1', changes: ['take scheduling gate g off the pod'] }]]);
  const cluster = clusterOf([node('n1')]);
  cluster.objects.claims.put({ metadata: { ...metadata('data'), namespace: 'default' }, spec: { storageClassName: 'fast' } });
  const waiting = explain(
    pod('p', '1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
    cluster,
    defaultProfile,
  );
  expect(changesOf(waiting)).toEqual(['bind PersistentVolumeClaim default/data to a volume of class fast, a class that does not exist']);
});

test.each([
  ['memory', 919136716 * 1024, '876.6Gi'],
  ['memory', 512 * 1024 ** 2, '512Mi'],
  ['memory', 1_000_000, '1Mi'],
  ['cpu', 1500, '1500m'],
  ['example.com/gpu', 3, '3'],
])('%s of %d is shown as %s', (name, amount, text) => {
  expect(shown(name, amount)).toBe(text);
});

test('changes that differ in the node alone are told of together, and as many nodes as there are', () => {
  const cluster = clusterOf(['n1', 'n2', 'n3'].map((name) => node(name)));
  const lines = (asked: Pod) => whyLines(explain(asked, cluster, defaultProfile)).filter((line) => line.startsWith('  - '));
  expect(lines(pod('p', '1', { nodeSelector: { disk: 'ssd' } }))).toEqual(['  - label node n1, n2 or n3 with disk=ssd']);
  for (let at = 4; at < 10; at++) cluster.putNode(node(`n${at}`));
  expect(lines(pod('p', '1', { nodeSelector: { disk: 'ssd' } }))).toEqual(['  - label node n1, n2, n3, n4 or any of 5 more with disk=ssd']);
});

test('a node that does not say in which domain it is is to be labelled with one that others are in', () => {
  const constraint = {
    maxSkew: 1,
    topologyKey: 'rack',
    whenUnsatisfiable: 'DoNotSchedule' as const,
    labelSelector: { matchLabels: { app: 'p' } },
  };
  const asked = pod('p', '1', { topologySpreadConstraints: [constraint] });
  expect(changesOf(explain(asked, clusterOf([node('n1')]), defaultProfile))).toEqual(['label node n1 with rack=n1']);
  const full = { ...node('n2', {}, { rack: 'r7' }), status: { allocatable: { cpu: '0', memory: '0', pods: '0' } } };
  expect(changesOf(explain(asked, clusterOf([node('n1'), full]), defaultProfile))).toEqual(['label node n1 with rack=r7']);
});
