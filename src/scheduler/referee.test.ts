// Owns replaying recorded decisions of kube-scheduler 1.36.3 through the pure decision, as far as the present plugins cover them.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../api/core/v1.ts';
import { defaultPlugins } from './plugins/default-plugins.ts';
import { schedule } from './schedule.ts';
import { snapshotOf } from './snapshot.ts';

interface Recorded {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly pod: Pod;
  readonly feasible?: readonly string[];
  readonly scores?: Readonly<Record<string, readonly number[]>>;
  readonly verdict: {
    readonly node?: string;
    readonly oneOf?: readonly string[];
    readonly message?: string;
    readonly untouched?: boolean;
    readonly nominatedNode?: string;
    readonly before?: unknown;
    readonly reason?: string;
  };
}

const directory = new URL('../../../shared/parity/scheduler/', import.meta.url);
const present = existsSync(directory);

function recorded(file: string): readonly Recorded[] {
  if (!present) return [];
  return (JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as { cases: Recorded[] }).cases;
}

/** What plugins of later days decide: affinity between pods, spreading, volumes, claims of devices, preemption. */
function covered({ name, pod, pods, verdict, ...more }: Recorded): boolean {
  const objects = [
    'services',
    'replicasets',
    'statefulsets',
    'replicationcontrollers',
    'pvcs',
    'pvs',
    'runtimeclasses',
    'csinodes',
    'limitranges',
  ];
  if (objects.some((kind) => kind in more)) return false;
  if (
    verdict.untouched === true ||
    verdict.reason === 'SchedulingGated' ||
    verdict.nominatedNode !== undefined ||
    verdict.before !== undefined
  )
    return false;
  if (/^(preempt|dra|volume|podaffinity|spread|nominated)/.test(name)) return false;
  const { affinity, topologySpreadConstraints, volumes = [], resourceClaims } = pod.spec;
  if (affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined) return false;
  if (topologySpreadConstraints !== undefined || resourceClaims !== undefined) return false;
  if (
    volumes.some(
      (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined || volume.gcePersistentDisk !== undefined,
    )
  )
    return false;
  return !pods.some(({ spec }) => spec.affinity?.podAffinity !== undefined || spec.affinity?.podAntiAffinity !== undefined);
}

/** What the API server adds on create and a decision depends on. */
function stored(pod: Pod): Pod {
  const tolerations = [...(pod.spec.tolerations ?? [])];
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  }
  const onHost = pod.spec.hostNetwork === true;
  const containers = pod.spec.containers.map((container) =>
    onHost ? { ...container, ports: (container.ports ?? []).map((port) => ({ ...port, hostPort: port.containerPort })) } : container,
  );
  return { ...pod, spec: { ...pod.spec, tolerations, containers } };
}

const asNode = (node: Node): Node => ({ ...node, spec: node.spec ?? {} });

function decide({ nodes, pods, pod }: Recorded) {
  return schedule(stored(pod), snapshotOf(nodes.map(asNode), pods.map(stored)), defaultPlugins, 0);
}

describe.skipIf(!present)('what kube-scheduler decided (../shared/parity/scheduler)', () => {
  test.each(recorded('filters.json').filter(covered))('$name', (one) => {
    const verdict = decide(one);
    if (one.verdict.message !== undefined) expect(verdict).toMatchObject({ message: one.verdict.message });
    else expect(verdict.outcome === 'placed' ? verdict.best : verdict).toEqual(one.verdict.oneOf ?? [one.verdict.node]);
  });

  test.each(recorded('scores.json').filter(covered))('scores: $name', (one) => {
    const verdict = decide(one);
    if (verdict.outcome !== 'placed') throw new Error(verdict.message);
    expect(verdict.scores.map(({ node }) => node)).toEqual(one.feasible);
    for (const [plugin, column] of Object.entries(one.scores ?? {})) {
      if (!defaultPlugins.some(({ name }) => name === plugin)) continue;
      expect([plugin, verdict.scores.map(({ parts }) => parts[plugin])]).toEqual([plugin, column]);
    }
  });
});
