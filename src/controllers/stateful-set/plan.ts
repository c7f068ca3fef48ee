// Owns what a StatefulSet does about its pods next: in the order of ordinals, one at a time or side by side. Pure.
import type { ControllerRevision, StatefulSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { templateOf } from '../revisions/revision.ts';
import { type ClaimWork, type FindClaim, hasStaleClaim, planClaims } from './claims.ts';
import { firstOrdinal, identified, inRange, ordinalOf, podFor, revisionLabel } from './identity.ts';
import { isAvailable, isRunning } from './status.ts';

/** What to do about one pod. */
export type Step =
  | { readonly do: 'create'; readonly pod: Draft<Pod>; readonly claims: ClaimWork }
  | { readonly do: 'delete'; readonly pod: Pod }
  /** Claims are made or given other owners; the pod is well. */
  | { readonly do: 'claims'; readonly pod: Pod; readonly claims: ClaimWork }
  /** The pod is given the identity or the storage that it must have. */
  | { readonly do: 'update'; readonly pod: Pod; readonly claims: ClaimWork };

/** Steps in phases: a refusal lets no later phase begin. `doomed`: of these, how many are deleted for an update. */
export interface PodsPlan {
  readonly phases: readonly (readonly Step[])[];
  readonly doomed: number;
}

/** What is seen: the set, its pods, the revision that it has and the one that it goes to. */
export interface Observed {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly findClaim: FindClaim;
}

type Place = { readonly pod: Pod } | { readonly draft: Draft<Pod> };

const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
const isHealthy = (set: StatefulSet, place: Place, nowMs: number): boolean =>
  'pod' in place && isAvailable(set, place.pod, nowMs) && !isGoing(place.pod);
const hasWork = ({ missing, owned }: ClaimWork): boolean => missing.length + owned.length > 0;
const nothing: PodsPlan = { phases: [], doomed: 0 };

/** Plans it. One at a time, the first pod that is not as it should be holds up all that comes after it. */
export function planPods(observed: Observed, nowMs: number): PodsPlan {
  const { set, pods } = observed;
  if (set.metadata.deletionTimestamp !== undefined) return nothing;
  const places = placesOf(observed);
  const ordinals = (pod: Pod): number => ordinalOf(pod) ?? -1;
  const condemned = pods.filter((pod) => ordinals(pod) >= 0 && !inRange(set, ordinals(pod))).sort((a, b) => ordinals(b) - ordinals(a));
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const living = planLiving(observed, places, ordered, nowMs);
  if (living.blocked) return { phases: [living.steps], doomed: 0 };
  const claims = condemned.flatMap((pod): readonly Step[] => {
    const work = planClaims(set, pod, observed.findClaim);
    return work.owned.length > 0 ? [{ do: 'claims', pod, claims: { ...work, missing: [] } }] : [];
  });
  const unhealthy = [...places, ...[...condemned].reverse().map((pod) => ({ pod }))].find((place) => !isHealthy(set, place, nowMs));
  const down = planCondemned(set, condemned, unhealthy, ordered, nowMs);
  const phases = [living.steps, claims, down.steps];
  if (down.blocked || set.spec.updateStrategy?.type === 'OnDelete') return { phases, doomed: 0 };
  const outdated = firstOutdated(observed, places, nowMs);
  return outdated === undefined ? { phases, doomed: 0 } : { phases: [...phases, [{ do: 'delete', pod: outdated }]], doomed: 1 };
}

/** Each ordinal's pod, or the one to make. */
function placesOf({ set, pods, current, update }: Observed): readonly Place[] {
  const first = firstOrdinal(set);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const { updateStrategy } = set.spec;
  const rolling = updateStrategy?.rollingUpdate;
  // Below the partition, and where a rollout has no such bounds below those that it has not reached, pods are still of the revision before.
  const untilIndex =
    rolling === undefined ? (updateStrategy?.type === 'RollingUpdate' ? (set.status?.currentReplicas ?? 0) : 0) : (rolling.partition ?? 0);
  return Array.from({ length: set.spec.replicas ?? 1 }, (_, index): Place => {
    const pod = byOrdinal.get(first + index);
    if (pod !== undefined) return { pod };
    const revision = index < untilIndex ? current : update;
    return { draft: podFor(set, templateOf(revision), revision.metadata.name, first + index) };
  });
}

interface Steps {
  readonly steps: readonly Step[];
  readonly blocked: boolean;
}

function planLiving({ set, findClaim }: Observed, places: readonly Place[], ordered: boolean, nowMs: number): Steps {
  const steps: Step[] = [];
  for (const place of places) {
    if ('draft' in place) {
      const { draft } = place;
      const waits = hasStaleClaim(set, draft, findClaim);
      if (!waits) steps.push({ do: 'create', pod: draft, claims: planClaims(set, draft, findClaim) });
      if (ordered) return { steps, blocked: true };
      continue;
    }
    const { pod } = place;
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
      if (!isGoing(pod)) steps.push({ do: 'delete', pod });
      if (ordered) return { steps, blocked: true };
      continue;
    }
    const claims = planClaims(set, pod, findClaim);
    if (pod.status?.phase === 'Pending' && hasWork(claims)) steps.push({ do: 'claims', pod, claims });
    if (ordered && (isGoing(pod) || !isRunning(pod) || !isAvailable(set, pod, nowMs))) return { steps, blocked: true };
    const next = identified(set, pod);
    if (pod.status?.phase !== 'Pending' && (next !== pod || claims.owned.length > 0)) steps.push({ do: 'update', pod: next, claims });
  }
  return { steps, blocked: false };
}

function planCondemned(set: StatefulSet, condemned: readonly Pod[], unhealthy: Place | undefined, ordered: boolean, nowMs: number): Steps {
  if (!ordered) return { steps: condemned.filter((pod) => !isGoing(pod)).map((pod) => ({ do: 'delete', pod })), blocked: false };
  const [pod] = condemned;
  if (pod === undefined) return { steps: [], blocked: false };
  const isFirstUnhealthy = unhealthy !== undefined && 'pod' in unhealthy && unhealthy.pod === pod;
  const mayGo = !isGoing(pod) && (isFirstUnhealthy || (isRunning(pod) && isAvailable(set, pod, nowMs)));
  return { steps: mayGo ? [{ do: 'delete', pod }] : [], blocked: true };
}

/** The pod of the highest ordinal that is of another revision, unless one above it is not available yet. */
function firstOutdated({ set, update }: Observed, places: readonly Place[], nowMs: number): Pod | undefined {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const place of places.slice(partition).reverse()) {
    if ('pod' in place && place.pod.metadata.labels?.[revisionLabel] !== update.metadata.name && !isGoing(place.pod)) return place.pod;
    if (!isHealthy(set, place, nowMs)) return undefined;
  }
  return undefined;
}
