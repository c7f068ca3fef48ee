// Owns what is read off a Job and its pods: mode, index, tracking finalizer, failed or not, when a pod ended. Pure.
import type { Job } from '../../api/batch/v1.ts';
import type { ContainerStatus, Pod } from '../../api/core/v1.ts';
import { parseTime } from '../../base/time.ts';

/** Holds a pod until its end has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
export const indexKey = 'batch.kubernetes.io/job-completion-index';
export const failureCountKey = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';

const builtInController = 'kubernetes.io/job-controller';

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';
export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true;
export const countsPerIndex = (job: Job): boolean => isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined;
export const isTracked = ({ metadata }: Pod): boolean => metadata.finalizers?.includes(trackingFinalizer) ?? false;

/** Some other controller looks after it. */
export function isManagedElsewhere({ spec }: Job): boolean {
  return spec.managedBy !== undefined && spec.managedBy !== builtInController;
}

/** Complete or Failed is True: nothing more is done about it. */
export function isFinished({ status }: Job): boolean {
  return status?.conditions?.some((one) => (one.type === 'Complete' || one.type === 'Failed') && one.status === 'True') ?? false;
}

/** Only a pod that has really ended is replaced; one on its way out is waited for. */
export function replacesOnlyEnded({ spec }: Job): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

/** The completion index of a pod; undefined where it says none. */
export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[indexKey];
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** The index where it is one of the job's. */
export function validIndexOf(job: Job, pod: Pod): number | undefined {
  const index = indexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0) ? index : undefined;
}

/** A pod that is being deleted counts as failed too, since it may never come to say so, unless only ended ones are replaced. */
export function isFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === 'Failed') return true;
  return !replacesOnlyEnded(job) && metadata.deletionTimestamp !== undefined && status?.phase !== 'Succeeded';
}

function countAt({ metadata }: Pod, key: string): number {
  const text = metadata.annotations?.[key] ?? '0';
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** How often its index had failed before it, by the job's reckoning. */
export const failuresBefore = (pod: Pod): number => countAt(pod, failureCountKey);
/** How often its index had failed before it and the job's policy ignored it. */
export const ignoredBefore = (pod: Pod): number => countAt(pod, ignoredCountKey);
export const allFailuresBefore = (pod: Pod): number => failuresBefore(pod) + ignoredBefore(pod);

function latestEnd(statuses: readonly ContainerStatus[]): number | undefined {
  const ends = statuses.map(({ state }) => parseTime(state?.terminated?.finishedAt));
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...ends.filter((end) => end !== undefined));
}

/**
 * When a pod ended, milliseconds: when its last container did, else when it became not ready, else when its deletion was asked for, else when
 * it was made.
 */
export function endedMs({ metadata, spec, status }: Pod): number {
  const sidecars = new Set(spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  const statuses = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  const unready = status?.conditions?.find((one) => one.type === 'Ready' && one.status === 'False');
  const deleted = parseTime(metadata.deletionTimestamp);
  return (
    latestEnd(statuses) ??
    parseTime(unready?.lastTransitionTime) ??
    (deleted === undefined ? undefined : deleted - (metadata.deletionGracePeriodSeconds ?? 0) * 1000) ??
    parseTime(metadata.creationTimestamp) ??
    0
  );
}
