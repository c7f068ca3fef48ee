// Owns what a StatefulSet's status says of its pods. Pure.
import type { StatefulSet, StatefulSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { availableInMs, isReady } from '../pod-facts.ts';
import { revisionLabel } from './identity.ts';

/** The names of the revisions that the set has and that it goes to, and how often a name was taken. */
export interface Revisions {
  readonly current: string;
  readonly update: string;
  readonly collisions: number;
}

export function isRunning(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

export function isAvailable({ spec }: StatefulSet, pod: Pod, nowMs: number): boolean {
  return availableInMs(pod, spec.minReadySeconds ?? 0, nowMs) === 0;
}

/** The status with these pods. `doomed`: pods that are deleted for an update in this step. */
export function statusOf(set: StatefulSet, pods: readonly Pod[], revisions: Revisions, doomed: number, nowMs: number): StatefulSetStatus {
  const count = (is: (pod: Pod) => boolean): number => pods.filter(is).length;
  const alive = (revision: string): number =>
    count(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.labels?.[revisionLabel] === revision);
  const replicas = pods.length;
  const readyReplicas = count(isRunning);
  const availableReplicas = count((pod) => isRunning(pod) && isAvailable(set, pod, nowMs));
  const updatedReplicas = alive(revisions.update);
  const wanted = set.spec.replicas ?? 1;
  const rolls = set.spec.updateStrategy?.type !== 'OnDelete';
  const isDone = rolls && [updatedReplicas, readyReplicas, replicas].every((one) => one === wanted);
  const currentReplicas = isDone ? updatedReplicas : Math.max(0, alive(revisions.current) - doomed);
  const counts = { readyReplicas, currentReplicas, updatedReplicas };
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    replicas,
    ...Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)),
    currentRevision: isDone ? revisions.update : revisions.current,
    updateRevision: revisions.update,
    collisionCount: revisions.collisions,
    availableReplicas,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  };
}

/** Milliseconds until the next running pod becomes available; undefined where time alone changes nothing. */
export function nextAvailableMs({ spec }: StatefulSet, pods: readonly Pod[], nowMs: number): number | undefined {
  const waits = pods.flatMap((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, nowMs) || []);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
