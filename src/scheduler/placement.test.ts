// Owns the properties of every placement: each rule holds when checked by brute force, a node is found where there is one, and memory changes nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../api/core/v1.ts';
import { attempt } from './attempt.ts';
import { brokenRules } from './brute-force.ts';
import { ClusterState } from './cluster-state.ts';
import { placedOn } from './pod-facts.ts';
import { defaultProfile } from './profile.ts';
import { RankingMemory, schedule } from './schedule.ts';

const keys = ['kubernetes.io/hostname', 'zone', 'rack'] as const;
const key = fc.constantFrom(...keys);

const nodeShape = fc.record({
  zone: fc.option(fc.constantFrom('a', 'b', 'c')),
  rack: fc.option(fc.constantFrom('r1', 'r2')),
  disk: fc.option(fc.constantFrom('ssd', 'hdd')),
  cpu: fc.integer({ min: 0, max: 6 }),
  memory: fc.integer({ min: 0, max: 8 }),
  pods: fc.integer({ min: 0, max: 5 }),
  unschedulable: fc.boolean().map((one) => one || undefined),
  taint: fc.option(fc.constantFrom('k1', 'k2'), { freq: 3 }),
});

/** Pods of some colors. The fewer colors, the more they mean to each other. */
function podShapes(colors: readonly string[]) {
  const color = fc.constantFrom(...colors);
  const selector = color.map((one) => ({ matchLabels: { color: one } }));
  const term = fc.record({ topologyKey: key, labelSelector: selector });
  const weighted = fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: term });
  return fc.record({
    color,
    cpu: fc.integer({ min: 0, max: 3 }),
    memory: fc.integer({ min: 0, max: 3 }),
    port: fc.option(fc.integer({ min: 1, max: 2 }), { freq: 5 }),
    tolerates: fc.subarray(['k1', 'k2']),
    disk: fc.option(fc.constantFrom('ssd', 'hdd'), { freq: 6 }),
    affinity: fc.option(
      fc.record(
        {
          podAffinity: fc.record(
            {
              requiredDuringSchedulingIgnoredDuringExecution: fc.array(term, { maxLength: 2 }),
              preferredDuringSchedulingIgnoredDuringExecution: fc.array(weighted, { maxLength: 1 }),
            },
            { requiredKeys: [] },
          ),
          podAntiAffinity: fc.record(
            {
              requiredDuringSchedulingIgnoredDuringExecution: fc.array(term, { maxLength: 2 }),
              preferredDuringSchedulingIgnoredDuringExecution: fc.array(weighted, { maxLength: 1 }),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
      { freq: 2 },
    ),
    spread: fc.array(
      fc.record({
        maxSkew: fc.integer({ min: 1, max: 3 }),
        topologyKey: key,
        whenUnsatisfiable: fc.constantFrom('DoNotSchedule' as const, 'ScheduleAnyway' as const),
        labelSelector: selector,
      }),
      { maxLength: 2 },
    ),
  });
}
type Step = { readonly place: ReturnType<typeof podOf> } | { readonly end: number } | { readonly relabel: number; readonly zone: string };
const metadata = (name: string, labels: Record<string, string> = {}): Pod['metadata'] => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});

function nodeOf(shape: typeof nodeShape extends fc.Arbitrary<infer T> ? T : never, at: number): Node {
  const { zone, rack, disk, cpu, memory, pods, unschedulable, taint } = shape;
  const labels = { [keys[0]]: `n${at}`, ...(zone && { zone }), ...(rack && { rack }), ...(disk && { disk }) };
  return {
    metadata: { ...metadata(`n${at}`, labels) },
    spec: { ...(unschedulable && { unschedulable }), ...(taint && { taints: [{ key: taint, effect: 'NoSchedule' }] }) },
    status: { allocatable: { cpu: `${cpu}`, memory: `${memory}`, pods: `${pods}` } },
  };
}

function podOf(shape: ReturnType<typeof podShapes> extends fc.Arbitrary<infer T> ? T : never): {
  readonly labels: Record<string, string>;
  readonly spec: PodSpec;
} {
  const { cpu, memory, port, tolerates, disk, affinity, spread } = shape;
  const container = {
    name: 'c',
    resources: { requests: { ...(cpu > 0 && { cpu: `${cpu}` }), ...(memory > 0 && { memory: `${memory}` }) } },
    ...(port && { ports: [{ containerPort: port, hostPort: port }] }),
  };
  return {
    labels: { color: shape.color },
    spec: {
      containers: [container],
      tolerations: tolerates.map((one) => ({ key: one, operator: 'Exists' })),
      ...(disk && { nodeSelector: { disk } }),
      ...(affinity && { affinity }),
      ...(spread.length > 0 && { topologySpreadConstraints: spread }),
    },
  };
}

function bestOf(pod: Pod, cluster: ClusterState, memory: RankingMemory): readonly number[] {
  const ranking = memory.rankingFor(pod, cluster, defaultProfile.plugins);
  return 'waitsFor' in ranking ? [] : ranking.best().toSorted((a, b) => a - b);
}

const stepsOf = (colors: readonly string[]): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 8, arbitrary: podShapes(colors).map((shape) => ({ place: podOf(shape) })) },
    { weight: 1, arbitrary: fc.nat({ max: 30 }).map((end) => ({ end })) },
    { weight: 1, arbitrary: fc.record({ relabel: fc.nat({ max: 5 }), zone: fc.constantFrom('a', 'b', 'c') }) },
  );
const roomy = nodeShape.map((shape) => ({ ...shape, cpu: 9, memory: 9, pods: 9, unschedulable: undefined, taint: null }));

test.each([
  ['all rules at once', nodeShape, stepsOf(['red', 'blue', 'green']), 300],
  ['pods among themselves, on nodes with room', roomy, stepsOf(['red']), 500],
] as const)('every placement satisfies every rule, none is missed, memory changes nothing: %s', (_, nodeShapes, step, numRuns) => {
  fc.assert(
    fc.property(
      fc.array(nodeShapes, { minLength: 1, maxLength: 6 }),
      // Few shapes many times: what was found out for one is used for the next.
      fc.array(step, { minLength: 1, maxLength: 5 }).chain((kinds) => fc.array(fc.constantFrom(...kinds), { maxLength: 25 })),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (shapes, steps, fraction) => {
        const cluster = new ClusterState();
        const memory = new RankingMemory();
        let nodes = shapes.map(nodeOf);
        let placed: readonly Pod[] = [];
        for (const node of nodes) cluster.putNode(node);
        for (const [at, one] of steps.entries()) {
          if ('end' in one) {
            const gone = placed[one.end];
            if (gone !== undefined) cluster.removePod(gone.metadata.uid);
            placed = placed.filter((pod) => pod !== gone);
          } else if ('relabel' in one) {
            nodes = nodes.map((node, index) =>
              index === one.relabel
                ? { ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, zone: one.zone } } }
                : node,
            );
            for (const node of nodes) cluster.putNode(node);
          } else {
            const pod: Pod = { metadata: metadata(`p${at}`, one.place.labels), spec: one.place.spec };
            const tried = attempt(pod, cluster, defaultProfile, () => fraction, memory);
            const afresh = schedule(pod, cluster, defaultProfile.plugins, fraction);
            expect(tried.outcome).toBe(afresh.outcome);
            expect(bestOf(pod, cluster, memory)).toEqual(bestOf(pod, cluster, new RankingMemory()));
            if (tried.outcome === 'placed') {
              const node = nodes.find((each) => each.metadata.name === tried.node);
              if (node === undefined) throw new Error(`placed on ${tried.node}, which is not there`);
              expect(brokenRules(pod, node, nodes, placed)).toEqual([]);
              const there = placedOn(pod, tried.node);
              placed = [...placed, there];
              cluster.putPod(there);
            } else {
              for (const node of nodes) expect(brokenRules(pod, node, nodes, placed)).not.toEqual([]);
              if (afresh.outcome === 'unschedulable') expect(tried.message.startsWith(afresh.message)).toBe(true);
            }
          }
        }
      },
    ),
    { numRuns },
  );
});
