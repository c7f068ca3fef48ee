// Owns the claims of a StatefulSet's pods: what they are, and who owns them, so that they go with their pod or their set where that is wanted. Pure.
import type { StatefulSet } from '../../api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { OwnerReference } from '../../api/meta/v1.ts';
import type { Draft } from '../../api/object.ts';
import { claimName, inRange, ordinalOf } from './identity.ts';

/** Finds a claim of the set's namespace. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined;

/** What is to be done about the claims of a pod. */
export interface ClaimWork {
  readonly missing: readonly Draft<PersistentVolumeClaim>[];
  /** On their way out: a pod cannot be made until they are gone. */
  readonly dying: readonly string[];
  /** Claims whose owners are not those that the retention policy asks for, as they should be. */
  readonly owned: readonly PersistentVolumeClaim[];
}

type PodLike = Draft<Pod> | Pod;
interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** Plans it. */
export function planClaims(set: StatefulSet, pod: PodLike, find: FindClaim): ClaimWork {
  const ordinal = ordinalOf(pod) ?? 0;
  const missing: Draft<PersistentVolumeClaim>[] = [];
  const dying: string[] = [];
  const owned: PersistentVolumeClaim[] = [];
  for (const { metadata, spec } of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(set, metadata.name, ordinal);
    const claim = find(name);
    if (claim === undefined) {
      const labels = { ...metadata.labels, ...set.spec.selector.matchLabels };
      const { annotations, finalizers } = metadata;
      const namespace = set.metadata.namespace;
      missing.push({
        metadata: {
          name,
          ...(namespace === undefined ? {} : { namespace }),
          labels,
          ...(annotations === undefined ? {} : { annotations }),
          ...(finalizers === undefined ? {} : { finalizers }),
        },
        spec,
      });
      continue;
    }
    if (claim.metadata.deletionTimestamp !== undefined) dying.push(name);
    const next = withOwners(set, pod, claim);
    if (next !== claim) owned.push(next);
  }
  return { missing, dying, owned };
}

/** A claim that goes with another pod of the name, which is gone already: the new one waits until the claim is, too. */
export function hasStaleClaim(set: StatefulSet, pod: PodLike, find: FindClaim): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  const ordinal = ordinalOf(pod) ?? 0;
  return (set.spec.volumeClaimTemplates ?? []).some(({ metadata }) => {
    const claim = find(claimName(set, metadata.name, ordinal));
    return claim !== undefined && isStale(claim, podOwner(pod));
  });
}

function podOwner({ metadata }: PodLike): Owner {
  return { apiVersion: 'v1', kind: 'Pod', name: metadata.name ?? '', uid: metadata.uid ?? '' };
}

function refersTo(reference: OwnerReference, { apiVersion, kind, name }: Owner): boolean {
  return reference.apiVersion === apiVersion && reference.kind === kind && reference.name === name;
}

function isStale({ metadata }: PersistentVolumeClaim, owner: Owner): boolean {
  const found = metadata.ownerReferences?.find((one) => refersTo(one, owner));
  return found !== undefined && found.uid !== owner.uid;
}

function withOwners(set: StatefulSet, pod: PodLike, claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const owners = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: set.metadata.name, uid: set.metadata.uid }, podOwner(pod)] as const;
  // What belonged to one that is gone is for the garbage collector.
  if (owners.some((owner) => isStale(claim, owner))) return claim;
  const before = claim.metadata.ownerReferences ?? [];
  const others = before.filter((one) => !owners.some((owner) => refersTo(one, owner)));
  const { whenScaled = 'Retain', whenDeleted = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const keeps = whenScaled === 'Retain' && whenDeleted === 'Retain';
  const isForeign = !keeps && others.some(({ controller }) => controller === true);
  const after = isForeign ? others : [...others, ...wantedOwners(set, pod, owners, { whenScaled, whenDeleted })];
  return sameValue(before, after) ? claim : { ...claim, metadata: { ...claim.metadata, ownerReferences: after } };
}

function wantedOwners(
  set: StatefulSet,
  pod: PodLike,
  [setOwner, thePod]: readonly [Owner, Owner],
  { whenScaled, whenDeleted }: { readonly whenScaled: string; readonly whenDeleted: string },
): readonly OwnerReference[] {
  const isScaledDown = !inRange(set, ordinalOf(pod) ?? -1);
  const owner = whenScaled === 'Delete' && isScaledDown ? thePod : whenDeleted === 'Delete' ? setOwner : undefined;
  return owner === undefined ? [] : [{ ...owner, controller: true, blockOwnerDeletion: true }];
}
