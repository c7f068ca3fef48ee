// Owns clusters and pods in the shapes of upstream's scheduler_perf, for benches of the scheduler.
import type { Node, Pod, PodSpec } from '../src/api/core/v1.ts';
import { ClusterState } from '../src/scheduler/cluster-state.ts';

/** A node like upstream's default one: 4 cores, 32 GiB, 110 pods, in one of ten zones. */
export function benchNode(index: number): Node {
  const name = `node-${index}`;
  const labels = { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `zone-${index % 10}` };
  return {
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels },
    spec: {},
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
  };
}

/** A pod that asks for 100m and 500 MiB. */
export function benchPod(index: number, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod {
  const name = `pod-${index}`;
  return {
    metadata: { name, namespace: 'bench', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels },
    spec: { containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '100m', memory: '500Mi' } } }], ...spec },
  };
}

const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';
const selects = (color: string) => ({ labelSelector: { matchLabels: { color } } });

/** The shapes: what pods are like, and what upstream's mark is in pods a second. */
export const shapes: Readonly<Record<string, { readonly mark: number; readonly pod: (index: number) => Pod }>> = {
  SchedulingBasic: { mark: 2000, pod: (index) => benchPod(index) },
  TopologySpreading: {
    mark: 1000,
    pod: (index) =>
      benchPod(
        index,
        { topologySpreadConstraints: [{ maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', ...selects('blue') }] },
        { color: 'blue' },
      ),
  },
  PreferredTopologySpreading: {
    mark: 1000,
    pod: (index) =>
      benchPod(
        index,
        { topologySpreadConstraints: [{ maxSkew: 5, topologyKey: zone, whenUnsatisfiable: 'ScheduleAnyway', ...selects('blue') }] },
        { color: 'blue' },
      ),
  },
  SchedulingPreferredPodAffinity: {
    mark: 300,
    pod: (index) =>
      benchPod(
        index,
        {
          affinity: {
            podAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 1, podAffinityTerm: { topologyKey: hostname, ...selects('red') } },
              ],
            },
          },
        },
        { color: 'red' },
      ),
  },
  SchedulingPreferredPodAntiAffinity: {
    mark: 300,
    pod: (index) =>
      benchPod(
        index,
        {
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 1, podAffinityTerm: { topologyKey: hostname, ...selects('yellow') } },
              ],
            },
          },
        },
        { color: 'yellow' },
      ),
  },
  SchedulingPodAffinity: {
    mark: 300,
    pod: (index) =>
      benchPod(
        index,
        { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: zone, ...selects('blue') }] } } },
        { color: 'blue' },
      ),
  },
  SchedulingPodAntiAffinity: {
    mark: 300,
    pod: (index) =>
      benchPod(
        index,
        {
          affinity: {
            podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: hostname, ...selects('green') }] },
          },
        },
        { color: 'green' },
      ),
  },
  SchedulingNodeAffinity: {
    mark: 800,
    pod: (index) =>
      benchPod(index, {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: 'In', values: ['zone-0', 'zone-1'] }] }],
            },
          },
        },
      }),
  },
  EveryPodDifferent: {
    mark: 300,
    pod: (index) =>
      benchPod(index, {
        containers: [
          { name: 'c', image: 'pause', resources: { requests: { cpu: `${100 + (index % 997)}m`, memory: `${500 + (index % 613)}Mi` } } },
        ],
      }),
  },
};

/** A cluster of so many empty nodes. */
export function benchCluster(nodes: number): ClusterState {
  const cluster = new ClusterState();
  for (let index = 0; index < nodes; index++) cluster.putNode(benchNode(index));
  return cluster;
}
