// Owns the validation of what controllers report of the kinds that run pods: no negative counts, no part greater than the whole.
import { invalidValue } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from './v1.ts';

type Counts = Readonly<Record<string, unknown>>;

function countOf(status: Counts, field: string): number {
  return Number(status[field] ?? 0);
}

function checkCounts(status: Counts, fields: readonly string[], out: Causes): void {
  for (const field of fields) checkNotNegative(countOf(status, field), `status.${field}`, out);
}

function checkParts(status: Counts, fields: readonly string[], whole: string, shown: string, out: Causes): void {
  for (const field of fields) {
    const part = countOf(status, field);
    if (part > countOf(status, whole)) out.push(invalidValue(`status.${field}`, part, `cannot be greater than ${shown}`));
  }
}

function checkCollisions(next: Counts, old: Counts, out: Causes): void {
  const before = old['collisionCount'];
  const after = countOf(next, 'collisionCount');
  if (before !== undefined && (next['collisionCount'] === undefined || after < Number(before)))
    out.push(invalidValue('status.collisionCount', after, 'cannot be decremented'));
}

function countsOf(object: { readonly status?: object }): Counts {
  return (object.status ?? {}) as Counts;
}

/** Complaints about the status of a deployment. */
export function deploymentStatusCauses(next: Deployment, old: Deployment): StatusCause[] {
  const out: Causes = [];
  const status = countsOf(next);
  const counted = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'];
  checkCounts(status, [...counted, 'terminatingReplicas', 'collisionCount'], out);
  checkParts(status, ['updatedReplicas', 'readyReplicas', 'availableReplicas'], 'replicas', 'status.replicas', out);
  checkParts(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas', out);
  checkCollisions(status, countsOf(old), out);
  return out;
}

/** Complaints about the status of a replica set, or of a replication controller. */
export function replicaSetStatusCauses(next: Pick<ReplicaSet, 'status'>): StatusCause[] {
  const out: Causes = [];
  const status = countsOf(next);
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
  checkCounts(status, ['replicas', ...parts, 'observedGeneration', 'terminatingReplicas'], out);
  checkParts(status, parts, 'replicas', 'status.replicas', out);
  checkParts(status, ['availableReplicas'], 'readyReplicas', 'readyReplicas', out);
  return out;
}

/** Complaints about the status of a stateful set. */
export function statefulSetStatusCauses(next: StatefulSet, old: StatefulSet): StatusCause[] {
  const out: Causes = [];
  const status = countsOf(next);
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  checkCounts(status, ['replicas', ...parts, 'observedGeneration', 'collisionCount'], out);
  checkParts(status, parts, 'replicas', 'status.replicas', out);
  checkParts(status, ['availableReplicas'], 'readyReplicas', 'status.readyReplicas', out);
  checkCollisions(status, countsOf(old), out);
  return out;
}

/** Complaints about the status of a daemon set. */
export function daemonSetStatusCauses(next: DaemonSet, old: DaemonSet): StatusCause[] {
  const out: Causes = [];
  const scheduled = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'updatedNumberScheduled'];
  checkCounts(countsOf(next), [...scheduled, 'numberReady', 'observedGeneration', 'numberAvailable', 'numberUnavailable'], out);
  checkCollisions(countsOf(next), countsOf(old), out);
  return out;
}
