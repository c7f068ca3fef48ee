// Owns replaying recorded decisions of kube-scheduler 1.36.3 through the pure decision: verdicts, words, victims, scores.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { attempt } from './attempt.ts';
import type { ClusterState } from './cluster-state.ts';
import { placedOn } from './pod-facts.ts';
import { defaultProfile } from './profile.ts';
import { judgesOf, Ranking } from './ranking.ts';
import { type Recorded, recordedCluster, storedPod } from './recorded-cluster.ts';

const directory = new URL('../../../shared/parity/scheduler/', import.meta.url);
const present = existsSync(directory);

function recorded(file: string): readonly Recorded[] {
  if (!present) return [];
  return (JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as { cases: Recorded[] }).cases;
}

/** Tries a pod, does in the picture of the cluster what the scheduler would do, and says what came of it in the referee's words. */
function outcome(pod: Pod, cluster: ClusterState): Record<string, unknown> {
  if (pod.spec.nodeName || (pod.spec.schedulerName ?? 'default-scheduler') !== 'default-scheduler') return { untouched: true };
  if ((pod.spec.schedulingGates ?? []).length > 0)
    return { message: 'Scheduling is blocked due to non-empty scheduling gates', reason: 'SchedulingGated' };
  if (defaultProfile.plugins.some((plugin) => plugin.preEnqueue?.(pod, cluster) !== undefined)) return { untouched: true };
  const tried = attempt(pod, cluster, defaultProfile, () => 0);
  if (tried.outcome === 'placed') {
    cluster.putPod(placedOn(pod, tried.node));
    return { node: tried.node };
  }
  if (tried.outcome === 'error' || tried.candidate === undefined) return { message: tried.message };
  const { node, pods } = tried.candidate;
  cluster.nominate(pod, node);
  const victims = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const one of victims) {
    const conditions = [{ type: 'DisruptionTarget', status: 'True' as const, reason: 'PreemptionByScheduler' }];
    cluster.putPod({
      ...one,
      metadata: { ...one.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' },
      status: { ...one.status, conditions },
    });
  }
  return { message: tried.message, nominatedNode: node, victims: victims.map(({ metadata }) => metadata.name).sort() };
}

function replay(one: Recorded): void {
  const { verdict } = one;
  const { cluster, waiting } = recordedCluster(one);
  const before = waiting.map((pod) => ({ pod: pod.metadata.name, ...outcome(pod, cluster) }));
  for (const [at, told] of (verdict.before ?? []).entries()) {
    const { message, node, nominatedNode, reason } = told;
    const wanted = Object.fromEntries(
      Object.entries({ pod: told.pod, message, node, nominatedNode, reason }).filter(([, v]) => v !== undefined),
    );
    expect(before[at]).toMatchObject(wanted);
  }
  const pod = storedPod(one.pod, one);
  const best = verdict.oneOf === undefined ? [] : bestOf(pod, cluster);
  const found = outcome(pod, cluster);
  if (verdict.untouched) return expect(found).toEqual({ untouched: true });
  if (verdict.message !== undefined) {
    expect(found).toMatchObject({ message: verdict.message });
    expect(found['nominatedNode']).toBe(verdict.nominatedNode);
    const victims = [
      ...((found['victims'] as readonly string[] | undefined) ?? []),
      ...before.flatMap((o) => (o as { victims?: string[] }).victims ?? []),
    ];
    if (verdict.victims !== undefined || verdict.nominatedNode !== undefined)
      expect(victims.sort()).toEqual((verdict.victims ?? []).map((victim) => victim.pod).sort());
    if (verdict.afterVictimsGone?.node === undefined) return;
    for (const victim of victims) cluster.removePod(`uid-default-${victim}`);
    for (const victim of victims) cluster.removePod(`uid-${victim}`);
    cluster.nominate(pod, undefined);
    const again = { ...pod, status: { nominatedNodeName: verdict.nominatedNode ?? '' } };
    return expect(outcome(again, cluster)).toEqual({ node: verdict.afterVictimsGone.node });
  }
  expect(verdict.oneOf ?? [verdict.node]).toContain(found['node'] ?? found['message']);
  expect(best).toEqual([...(verdict.oneOf ?? [])].sort());
}

/** All nodes that tie for a pod. */
function bestOf(pod: Pod, cluster: ClusterState): readonly string[] {
  const judges = judgesOf(pod, cluster, defaultProfile.plugins);
  if ('waitsFor' in judges) throw new Error(judges.waitsFor);
  const slots = new Ranking(pod, cluster, judges).best();
  return slots.map((slot) => cluster.slots[slot]?.name ?? '').sort();
}

describe.skipIf(!present)('what kube-scheduler decided (../shared/parity/scheduler)', () => {
  test.each(recorded('filters.json'))('$name', replay);

  test.each(recorded('scores.json'))('scores: $name', (one) => {
    const { cluster } = recordedCluster(one);
    const pod = storedPod(one.pod, one);
    const judges = judgesOf(pod, cluster, defaultProfile.plugins);
    if ('waitsFor' in judges) throw new Error(judges.waitsFor);
    const scores = new Ranking(pod, cluster, judges).scores();
    expect(scores.map(({ node }) => node)).toEqual(one.feasible);
    for (const [plugin, column] of Object.entries(one.scores ?? {}))
      expect([plugin, scores.map(({ parts }) => parts[plugin])]).toEqual([plugin, column]);
    expect(scores.map(({ total }) => total)).toEqual(one.total);
    replay(one);
  });
});
