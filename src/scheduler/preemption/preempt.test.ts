// Owns the properties of preemption: victims are less important, enough, and each of them needed; and of equal candidates the one that hurts least.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../api/policy/v1.ts';
import { attempt } from '../attempt.ts';
import { ClusterState } from '../cluster-state.ts';
import { defaultProfile } from '../profile.ts';
import { RankingMemory, schedule } from '../schedule.ts';

const metadata = (name: string, labels: Record<string, string> = {}): Pod['metadata'] => ({
  name,
  namespace: 'default',
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '',
  labels,
});
const node = (name: string, cpu: number): Node => ({
  metadata: metadata(name, { 'kubernetes.io/hostname': name }),
  spec: {},
  status: { allocatable: { cpu: `${cpu}`, memory: '8Gi', pods: '110' } },
});
const pod = (name: string, cpu: number, priority: number, nodeName?: string, startTime = '2026-01-01T00:00:00Z'): Pod => ({
  metadata: metadata(name, { app: name }),
  spec: { priority, containers: [{ name: 'c', resources: { requests: { cpu: `${cpu}` } } }], ...(nodeName && { nodeName }) },
  status: { startTime },
});
const clusterOf = (nodes: readonly Node[], pods: readonly Pod[]): ClusterState => {
  const cluster = new ClusterState();
  for (const one of nodes) cluster.putNode(one);
  for (const one of pods) cluster.putPod(one);
  return cluster;
};
const places = (preemptor: Pod, nodes: readonly Node[], pods: readonly Pod[]): boolean =>
  schedule(preemptor, clusterOf(nodes, pods), defaultProfile.plugins, 0).outcome === 'placed';

test('victims are less important, enough, and each of them is needed; without victims there are none that would do', () => {
  const existing = fc.record({ cpu: fc.integer({ min: 0, max: 3 }), priority: fc.integer({ min: -2, max: 4 }), at: fc.nat({ max: 2 }) });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
      fc.array(existing, { maxLength: 9 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: -1, max: 4 }),
      (sizes, shapes, cpu, priority) => {
        const nodes = sizes.map((size, at) => node(`n${at}`, size));
        const pods = shapes.map((one, at) => pod(`q${at}`, one.cpu, one.priority, `n${one.at % nodes.length}`));
        const preemptor = pod('p', cpu, priority);
        const tried = attempt(preemptor, clusterOf(nodes, pods), defaultProfile, () => 0);
        if (tried.outcome !== 'unschedulable') return;
        if (tried.candidate === undefined) {
          for (const one of nodes) {
            const kept = pods.filter(({ spec }) => spec.nodeName !== one.metadata.name || (spec.priority ?? 0) >= priority);
            expect(places(preemptor, [one], kept)).toBe(false);
          }
          return;
        }
        const victims = tried.candidate.pods;
        const target = nodes.filter(({ metadata: { name } }) => name === tried.candidate?.node);
        for (const { spec } of victims) expect(spec.priority).toBeLessThan(priority);
        const left = pods.filter((one) => !victims.some(({ metadata: { uid } }) => uid === one.metadata.uid));
        expect(places(preemptor, target, left)).toBe(true);
        for (const spared of victims) expect(places(preemptor, target, [...left, spared])).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

const two = [node('n1', 2), node('n2', 2)];
test.each<readonly [string, readonly Pod[], string]>([
  ['the lower of the highest priorities', [pod('a', 2, 5, 'n1'), pod('b', 2, 4, 'n2')], 'n2'],
  ['then the lower sum', [pod('a', 1, 4, 'n1'), pod('b', 1, 3, 'n1'), pod('c', 1, 4, 'n2'), pod('d', 1, 1, 'n2')], 'n2'],
  ['then fewer victims', [pod('a', 1, 0, 'n1'), pod('b', 1, 0, 'n1'), pod('c', 2, 0, 'n2')], 'n2'],
  ['then who started last', [pod('a', 2, 0, 'n1'), pod('b', 2, 0, 'n2', '2026-02-01T00:00:00Z')], 'n2'],
  ['then the first', [pod('a', 2, 0, 'n1'), pod('b', 2, 0, 'n2')], 'n1'],
])('of several nodes: %s', (_, pods, expected) => {
  const tried = attempt(pod('p', 2, 10), clusterOf(two, pods), defaultProfile, () => 0);
  expect(tried).toMatchObject({ candidate: { node: expected } });
});

/** A pod comes, goes or becomes more important; a budget of pods called so comes, changes or goes. */
const step = fc.oneof(
  fc.record({
    does: fc.constant('put' as const),
    name: fc.nat({ max: 7 }),
    cpu: fc.integer({ min: 1, max: 3 }),
    priority: fc.nat({ max: 4 }),
    at: fc.nat({ max: 3 }),
  }),
  fc.record({ does: fc.constant('remove' as const), name: fc.nat({ max: 7 }) }),
  fc.record({ does: fc.constant('budget' as const), name: fc.nat({ max: 7 }), allowed: fc.option(fc.nat({ max: 1 }), { nil: undefined }) }),
);
test('what is remembered of earlier preemptions never changes what is decided', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const cluster = clusterOf(
        [2, 2, 3, 4].map((cpu, at) => node(`n${at}`, cpu)),
        [2, 2, 2, 3].map((cpu, at) => pod(`q${at}`, cpu, 1, `n${at}`)),
      );
      const memory = new RankingMemory();
      const decide = (known?: RankingMemory) => {
        const tried = attempt(pod('p', 2, 3), cluster, defaultProfile, () => 0, known);
        if (tried.outcome !== 'unschedulable') return tried.outcome;
        const candidates = (tried.candidates ?? []).map(
          ({ node: at, pods, violations }) => `${at} ${pods.map(({ metadata: { uid } }) => uid)} ${violations}`,
        );
        return [tried.message, ...candidates.sort()];
      };
      for (const one of steps) {
        if (one.does === 'put') cluster.putPod(pod(`q${one.name}`, one.cpu, one.priority, `n${one.at}`));
        else if (one.does === 'remove') cluster.removePod(`q${one.name}`);
        else {
          const budget: PodDisruptionBudget = {
            metadata: metadata(`b${one.name}`),
            spec: { selector: { matchLabels: { app: `q${one.name}` } } },
            status: { disruptionsAllowed: one.allowed ?? 0 },
          };
          if (one.allowed === undefined) cluster.objects.budgets.remove(budget);
          else cluster.objects.budgets.put(budget);
        }
        expect(decide(memory)).toEqual(decide());
      }
    }),
    { numRuns: 200 },
  );
});
