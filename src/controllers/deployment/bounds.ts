// Owns how many pods a Deployment wants, and by how many it may be over and under that while it rolls. Pure.
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';

/** The replicas it wants. */
export function wanted({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

/** The replicas that a set is to have. */
export function sizeOf({ spec }: Pick<ReplicaSet, 'spec'>): number {
  return spec.replicas ?? 1;
}

/** Sums something over sets. */
export function total(sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((sum, set) => sum + (of(set) ?? 0), 0);
}

/** Whether it goes step by step (and not all at once). */
export function rolls({ spec }: Deployment): boolean {
  return spec.strategy?.type !== 'Recreate';
}

function share(value: number | string | undefined, of: number, round: (x: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '25%')?.[1];
  return percent === undefined ? 0 : round((Number(percent) * of) / 100);
}

/** How many pods more than wanted there may be. A percentage is rounded up. */
export function maxSurge(deployment: Deployment): number {
  return rolls(deployment) ? share(deployment.spec.strategy?.rollingUpdate?.maxSurge, wanted(deployment), Math.ceil) : 0;
}

/** How many of those wanted may be unavailable. A percentage is rounded down; where nothing at all could move, one may. */
export function maxUnavailable(deployment: Deployment): number {
  const replicas = wanted(deployment);
  if (!rolls(deployment) || replicas === 0) return 0;
  const unavailable = share(deployment.spec.strategy?.rollingUpdate?.maxUnavailable, replicas, Math.floor);
  return Math.min(replicas, unavailable === 0 && maxSurge(deployment) === 0 ? 1 : unavailable);
}
