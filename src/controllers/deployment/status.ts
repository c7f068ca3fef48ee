// Owns what a Deployment's status says of its ReplicaSets, and whether its rollout goes on, is done, or has taken too long. Pure.
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import { maxUnavailable, sizeOf, total, wanted } from './bounds.ts';

type Conditions = readonly DeploymentCondition[];
const never = 2_147_483_647;

/** Whether lack of progress is looked for at all. */
export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== never;
}

/** The condition Progressing. */
export function progressingOf(status: DeploymentStatus | undefined): DeploymentCondition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Progressing');
}

/** A condition as of now. */
export function condition(type: string, status: string, reason: string, message: string, nowMs: number): DeploymentCondition {
  const now = formatTime(nowMs);
  return { type, status, reason, message, lastUpdateTime: now, lastTransitionTime: now };
}

/** The conditions with one put in: unchanged where status and reason are; its transition is the former one's where the status is. */
export function withCondition(conditions: Conditions, next: DeploymentCondition): Conditions {
  const current = conditions.find(({ type }) => type === next.type);
  if (current?.status === next.status && current.reason === next.reason) return conditions;
  const since = current?.status === next.status ? current.lastTransitionTime : next.lastTransitionTime;
  return [...without(conditions, next.type), { ...next, ...(since === undefined ? {} : { lastTransitionTime: since }) }];
}

function without(conditions: Conditions, type: string): Conditions {
  return conditions.filter((one) => one.type !== type);
}

/** The counts over all sets, and whether enough are available. */
export function plainStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  present: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const available = total(sets, ({ status }) => status?.availableReplicas);
  const { collisionCount, conditions = [] } = deployment.status ?? {};
  const counts = {
    replicas: total(sets, ({ status }) => status?.replicas),
    updatedReplicas: present?.status?.replicas ?? 0,
    readyReplicas: total(sets, ({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(sets, sizeOf) - available),
  };
  const enough = available >= wanted(deployment) - maxUnavailable(deployment);
  const availability = enough
    ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', nowMs)
    : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', nowMs);
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    terminatingReplicas: total(sets, ({ status }) => status?.terminatingReplicas),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, availability),
  };
}

/** All pods are of the present template and available, and no other is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const all = [status?.updatedReplicas ?? 0, status?.replicas ?? 0, status?.availableReplicas ?? 0];
  return all.every((count) => count === wanted(deployment)) && (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

function hasMoved(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const oldPods = (status: DeploymentStatus | undefined): number => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    oldPods(after) < oldPods(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

function isLate({ spec }: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const current = progressingOf(status);
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  return (parseTime(current.lastUpdateTime) ?? nowMs) + (spec.progressDeadlineSeconds ?? 0) * 1000 < nowMs;
}

/** The status during a rollout: the plain one, and how the rollout goes. */
export function rolloutStatus(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  present: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const status = plainStatus(deployment, sets, present, nowMs);
  const failure = failureOf(sets, present);
  const conditions = progress(deployment, status, present, nowMs);
  return {
    ...status,
    conditions: failure === undefined ? without(conditions, 'ReplicaFailure') : withCondition(conditions, failure),
  };
}

function progress(deployment: Deployment, status: DeploymentStatus, present: ReplicaSet | undefined, nowMs: number): Conditions {
  const conditions = status.conditions ?? [];
  if (!hasDeadline(deployment)) return without(conditions, 'Progressing');
  const current = progressingOf(deployment.status);
  const done = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (done) return conditions;
  const who = present === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${present.metadata.name}"`;
  const say = (value: string, reason: string, words: string): DeploymentCondition =>
    condition('Progressing', value, reason, `${who} ${words}`, nowMs);
  if (isComplete(deployment, status))
    return withCondition(conditions, say('True', 'NewReplicaSetAvailable', 'has successfully progressed.'));
  if (hasMoved(deployment.status, status)) {
    // Each move is a new update of the condition, also where it says the same.
    const next = say('True', 'ReplicaSetUpdated', 'is progressing.');
    const since = current?.status === 'True' ? current.lastTransitionTime : undefined;
    return [...without(conditions, 'Progressing'), { ...next, ...(since === undefined ? {} : { lastTransitionTime: since }) }];
  }
  if (isLate(deployment, status, nowMs))
    return withCondition(conditions, say('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'));
  return conditions;
}

function failureOf(sets: readonly ReplicaSet[], present: ReplicaSet | undefined): DeploymentCondition | undefined {
  const ordered = present === undefined ? sets : [present, ...sets];
  const found = ordered.flatMap(({ status }) => status?.conditions ?? []).find(({ type }) => type === 'ReplicaFailure');
  if (found === undefined) return undefined;
  return { ...found, ...(found.lastTransitionTime === undefined ? {} : { lastUpdateTime: found.lastTransitionTime }) };
}

/** Milliseconds until lack of progress must be looked for; undefined where it need not be. */
export function deadlineInMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const current = progressingOf(deployment.status);
  if (!hasDeadline(deployment) || current === undefined) return undefined;
  if (isComplete(deployment, status) || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const leftMs = (parseTime(current.lastUpdateTime) ?? nowMs) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
  return Math.max(0, leftMs) + 1000;
}
