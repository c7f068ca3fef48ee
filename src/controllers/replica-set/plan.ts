// Owns what a ReplicaSet does next: how many pods to make or which to delete, and the status it shows. Pure.
import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { labelSetSelector } from '../../api/selectors/label-selector.ts';
import { formatTime } from '../../base/time.ts';
import { controllerReference } from '../ownership.ts';
import type { OwnerKind } from '../pod-control.ts';
import { availableInMs, isReady } from '../pod-facts.ts';
import { podFromTemplate } from '../pod-template.ts';
import { victims } from './victims.ts';

/** At most so many pods are made or deleted in one go. */
const burst = 500;

/** What to do about the pods. */
export type PodsPlan = { readonly do: 'nothing' } | { readonly do: 'create'; readonly count: number } | PodsDeletion;

/** These are one too many. */
export interface PodsDeletion {
  readonly do: 'delete';
  readonly pods: readonly Pod[];
}

/** Plans from the set's active pods; `related` are the pods of all sets of the same owner. */
export function planPods({ spec }: ReplicaSet, active: readonly Pod[], related: readonly Pod[], nowMs: number): PodsPlan {
  const surplus = active.length - (spec.replicas ?? 1);
  if (surplus === 0) return { do: 'nothing' };
  if (surplus < 0) return { do: 'create', count: Math.min(-surplus, burst) };
  return { do: 'delete', pods: victims(active, related, Math.min(surplus, burst), nowMs) };
}

/** A pod as the template says, controlled by the set. */
export function podOf(set: ReplicaSet, { apiVersion, kind }: OwnerKind = { apiVersion: 'apps/v1', kind: 'ReplicaSet' }): Draft<Pod> {
  return podFromTemplate(set, set.spec.template, controllerReference(set, apiVersion, kind));
}

/** The status of the set with these active and terminating pods; `failure`: what the server said where making or deleting failed. */
export function statusOf(
  set: ReplicaSet,
  active: readonly Pod[],
  terminating: readonly Pod[],
  failure: string | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const template = labelSetSelector(set.spec.template?.metadata?.labels);
  const labelled = active.filter(({ metadata }) => template.matches(metadata.labels ?? {})).length;
  const ready = active.filter(isReady).length;
  const available = active.filter((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) === 0).length;
  const conditions = conditionsOf(set, active.length, failure, nowMs);
  return {
    replicas: active.length,
    ...(labelled === 0 ? {} : { fullyLabeledReplicas: labelled }),
    ...(ready === 0 ? {} : { readyReplicas: ready }),
    ...(available === 0 ? {} : { availableReplicas: available }),
    terminatingReplicas: terminating.length,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function conditionsOf(
  { spec, status }: ReplicaSet,
  active: number,
  failure: string | undefined,
  nowMs: number,
): NonNullable<ReplicaSetStatus['conditions']> {
  const present = status?.conditions ?? [];
  const others = present.filter(({ type }) => type !== 'ReplicaFailure');
  if (failure === undefined) return others;
  // The first failure stays as it was told until making and deleting work again.
  if (others.length < present.length) return present;
  const reason = active < (spec.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete';
  return [...others, { type: 'ReplicaFailure', status: 'True', reason, message: failure, lastTransitionTime: formatTime(nowMs) }];
}

/** Milliseconds until the next ready pod becomes available; undefined where time alone changes nothing. */
export function nextAvailableMs({ spec }: ReplicaSet, active: readonly Pod[], nowMs: number): number | undefined {
  const waits = active.flatMap((pod) => availableInMs(pod, spec.minReadySeconds ?? 0, nowMs) || []);
  return waits.length === 0 ? undefined : Math.min(...waits);
}
