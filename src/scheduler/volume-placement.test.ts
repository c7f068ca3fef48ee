// Owns the proof over random clusters that a pod with claims goes where its volumes can be used, and nowhere only where that is nowhere: checked by plain rules.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../api/core/v1.ts';
import { ClusterState } from './cluster-state.ts';
import { reaches } from './plugins/volume-claims.ts';
import { placedOn } from './pod-facts.ts';
import { defaultProfile } from './profile.ts';
import { RankingMemory, schedule } from './schedule.ts';

const zoneKey = 'topology.kubernetes.io/zone';
const metadata = (name: string, labels: Record<string, string> = {}, namespace?: string) => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
  ...(namespace && { namespace }),
});
const zone = fc.constantFrom('a', 'b', 'c');

interface Shape {
  readonly affinity: string | null;
  readonly label: readonly string[];
  readonly once: boolean;
}

const claimShape: fc.Arbitrary<Shape> = fc.record({
  affinity: fc.option(zone, { freq: 2 }),
  label: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.subarray(['a', 'b', 'c'], { minLength: 1 }) }),
  once: fc.boolean(),
});

/** Which rules a pod would break on a node, as the documents tell them. */
function broken(uses: readonly number[], node: Node, shapes: readonly Shape[], used: ReadonlySet<number>): readonly string[] {
  const at = node.metadata.labels?.[zoneKey];
  return uses.flatMap((index) => {
    const { affinity, label, once } = shapes[index] ?? { affinity: null, label: [], once: false };
    return [
      ...(affinity !== null && affinity !== at ? ['the volume is elsewhere'] : []),
      ...(label.length > 0 && at !== undefined && !label.includes(at) ? ['the volume is of another zone'] : []),
      ...(once && used.has(index) ? ['the claim is for one pod only'] : []),
    ];
  });
}

test('volumes: every placement satisfies every rule, and none is missed', () => {
  const steps = fc.array(fc.subarray([0, 1, 2, 3], { maxLength: 2 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(fc.option(zone, { freq: 3 }), { minLength: 1, maxLength: 4 }),
      fc.array(claimShape, { minLength: 4, maxLength: 4 }),
      steps,
      fc.nat(99),
      (zones, shapes, pods, luck) => {
        const cluster = new ClusterState();
        const memory = new RankingMemory();
        const nodes = zones.map(
          (one, at): Node => ({
            metadata: metadata(`n${at}`, one === null ? {} : { [zoneKey]: one }),
            spec: {},
            status: { allocatable: { cpu: '64', memory: '64Gi', pods: '100' } },
          }),
        );
        for (const node of nodes) cluster.putNode(node);
        for (const [at, { affinity, label, once }] of shapes.entries()) {
          const claim: PersistentVolumeClaim = {
            metadata: { ...metadata(`c${at}`, {}, 'default'), annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
            spec: { accessModes: [once ? 'ReadWriteOncePod' : 'ReadWriteOnce'], volumeName: `v${at}` },
          };
          const terms = [{ matchExpressions: [{ key: zoneKey, operator: 'In' as const, values: [affinity ?? ''] }] }];
          const volume: PersistentVolume = {
            metadata: metadata(`v${at}`, label.length === 0 ? {} : { [zoneKey]: label.join('__') }),
            spec: affinity === null ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } },
          };
          cluster.objects.claims.put(claim);
          cluster.objects.volumes.put(volume);
        }
        const used = new Set<number>();
        for (const [at, uses] of pods.entries()) {
          const pod: Pod = {
            metadata: metadata(`p${at}`, {}, 'default'),
            spec: {
              containers: [{ name: 'c' }],
              volumes: uses.map((index) => ({ name: `v${index}`, persistentVolumeClaim: { claimName: `c${index}` } })),
            },
          };
          const verdict = schedule(pod, cluster, defaultProfile.plugins, luck / 100, memory);
          const target = nodes.find(({ metadata: { name } }) => verdict.outcome === 'placed' && name === verdict.node);
          if (target === undefined) {
            for (const node of nodes) expect(broken(uses, node, shapes, used)).not.toEqual([]);
            continue;
          }
          expect(broken(uses, target, shapes, used)).toEqual([]);
          cluster.putPod(placedOn(pod, target.metadata.name));
          for (const index of uses) used.add(index);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test.each<readonly [string, NonNullable<NonNullable<PersistentVolume['spec']>['nodeAffinity']>['required'], boolean]>([
  ['by a label', { nodeSelectorTerms: [{ matchExpressions: [{ key: zoneKey, operator: 'In', values: ['a'] }] }] }, true],
  ['not by the name', { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }] }, false],
  [
    'by one term of two',
    {
      nodeSelectorTerms: [
        { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] },
        { matchExpressions: [{ key: zoneKey, operator: 'Exists' }] },
      ],
    },
    true,
  ],
])('a volume is reached %s', (_, required, expected) => {
  const volume: PersistentVolume = { metadata: metadata('v'), spec: { nodeAffinity: { ...(required && { required }) } } };
  expect(reaches(volume, { metadata: metadata('n', { [zoneKey]: 'a' }), spec: {}, status: {} })).toBe(expected);
});
