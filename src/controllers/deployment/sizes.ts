// Owns how large each ReplicaSet of a Deployment becomes next: a step of a rollout, or a share of a change of scale. Pure.
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import { maxSurge, maxUnavailable, rolls, sizeOf, total, wanted } from './bounds.ts';
import { byAge, desiredReplicas, maxReplicas } from './revisions.ts';

/** A set and the size that it is to have. Where that is its size already, only its annotations follow. */
export interface Sizing {
  readonly set: ReplicaSet;
  readonly to: number;
}

const isActive = (set: ReplicaSet): boolean => sizeOf(set) > 0;

/** The size of the present set (`size` now) as far as the surge lets it grow. */
export function grownSize(deployment: Deployment, sets: readonly ReplicaSet[], size: number): number {
  if (!rolls(deployment)) return wanted(deployment);
  const room = wanted(deployment) + maxSurge(deployment) - total(sets, sizeOf);
  return room <= 0 ? size : size + Math.min(room, wanted(deployment) - size);
}

/** The next step of a rolling update: first the present set, and only when that has its size the old ones. Empty: nothing can move. */
export function rollingStep(deployment: Deployment, present: ReplicaSet, old: readonly ReplicaSet[]): readonly Sizing[] {
  const size = sizeOf(present);
  if (size > wanted(deployment)) return [{ set: present, to: wanted(deployment) }];
  const grown = size === wanted(deployment) ? size : grownSize(deployment, [...old, present], size);
  if (grown !== size) return [{ set: present, to: grown }];
  return shrinkOld(deployment, present, old.filter(isActive).sort(byAge));
}

/** First the pods of old sets that are not available anyway, then as many as are available beyond what must be: a set may shrink twice. */
function shrinkOld(deployment: Deployment, present: ReplicaSet, old: readonly ReplicaSet[]): readonly Sizing[] {
  const sets = [...old, present];
  const least = wanted(deployment) - maxUnavailable(deployment);
  const missing = sizeOf(present) - (present.status?.availableReplicas ?? 0);
  const spare = total(sets, sizeOf) - least - missing;
  if (total(old, sizeOf) === 0 || spare <= 0) return [];
  const unhealthy = shrunk(old, spare, (set) => sizeOf(set) - (set.status?.availableReplicas ?? 0));
  const left = old.map((set) => {
    const to = unhealthy.find((one) => one.set === set)?.to;
    return to === undefined ? set : { ...set, spec: { ...set.spec, replicas: to } };
  });
  return [...unhealthy, ...shrunk(left, total(sets, ({ status }) => status?.availableReplicas) - least, sizeOf)];
}

/** Takes up to `budget` from the sets in their order, from each at most what `atMost` says. */
function shrunk(sets: readonly ReplicaSet[], budget: number, atMost: (set: ReplicaSet) => number): readonly Sizing[] {
  let left = budget;
  return sets.flatMap((set) => {
    const taken = Math.max(0, Math.min(left, atMost(set)));
    left -= taken;
    return taken === 0 ? [] : [{ set, to: sizeOf(set) - taken }];
  });
}

/** Whether the wish was changed since a set was last scaled. */
export function isRescaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.filter(isActive).some((set) => (desiredReplicas(set) ?? wanted(deployment)) !== wanted(deployment));
}

/** Sizes after a change of scale: the only active set takes all of it; several, in the middle of a rollout, take a share each. */
export function rescale(deployment: Deployment, present: ReplicaSet | undefined, old: readonly ReplicaSet[]): readonly Sizing[] {
  const sets = present === undefined ? old : [...old, present];
  const active = sets.filter(isActive);
  if (active.length <= 1) {
    const set = active[0] ?? present ?? [...old].sort(byAge).at(-1);
    return set === undefined || sizeOf(set) === wanted(deployment) ? [] : [{ set, to: wanted(deployment) }];
  }
  if (present !== undefined && isSaturated(deployment, present)) return old.filter(isActive).map((set) => ({ set, to: 0 }));
  return rolls(deployment) ? proportional(deployment, active) : [];
}

function isSaturated(deployment: Deployment, present: ReplicaSet): boolean {
  const all = [sizeOf(present), desiredReplicas(present), present.status?.availableReplicas ?? 0];
  return all.every((count) => count === wanted(deployment));
}

function proportional(deployment: Deployment, active: readonly ReplicaSet[]): readonly Sizing[] {
  const allowed = wanted(deployment) === 0 ? 0 : wanted(deployment) + maxSurge(deployment);
  const change = allowed - total(active, sizeOf);
  // The largest first; of equals the newer grows first and the older shrinks first.
  const sorted = [...active].sort((a, b) => sizeOf(b) - sizeOf(a) || (change > 0 ? byAge(b, a) : byAge(a, b)));
  let done = 0;
  const shares = sorted.map((set) => {
    const share = change === 0 || change === done ? 0 : shareOf(deployment, set);
    const part = change > 0 ? Math.min(share, change - done) : Math.max(share, change - done);
    done += part;
    return part;
  });
  return sorted.map((set, index) => {
    const leftover = index === 0 && change !== 0 ? change - done : 0;
    return { set, to: Math.max(0, sizeOf(set) + (shares[index] ?? 0) + leftover) };
  });
}

function shareOf(deployment: Deployment, set: ReplicaSet): number {
  const size = sizeOf(set);
  if (wanted(deployment) === 0) return -size;
  const before = maxReplicas(set) || deployment.status?.replicas || 0;
  return before === 0 ? 0 : Math.round((size * (wanted(deployment) + maxSurge(deployment))) / before) - size;
}
