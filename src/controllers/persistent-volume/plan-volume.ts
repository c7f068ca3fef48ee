// Owns what becomes of a volume: available, bound, released, given back or deleted, by its claim as it is. Pure; upstream's rules.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { sameMode } from './match.ts';
import { boundByController } from './plan-claim.ts';

export const provisionedBy = 'pv.kubernetes.io/provisioned-by';
const migratedTo = 'pv.kubernetes.io/migrated-to';

/** `reclaim`: its policy is carried out. `wake`: its claim is looked at. `unbind`: the reference to the claim goes, or only the claim's uid. */
export type VolumePlan =
  | { readonly do: 'phase'; readonly phase: 'Available' | 'Bound' }
  | { readonly do: 'release'; readonly reclaim: Reclaim }
  | { readonly do: 'wake' }
  | { readonly do: 'mismatch' }
  | { readonly do: 'unbind' };

/** What the policy calls for. `fail`: it cannot be done, and why. `leave`: somebody else does, or nobody. */
export type Reclaim =
  | { readonly do: 'leave' }
  | { readonly do: 'delete' }
  | { readonly do: 'recycle' }
  | { readonly do: 'fail'; readonly reason: string; readonly message: string };

/** Plans by the claim of the name that the volume refers to, undefined where there is none. */
export function planVolume(volume: PersistentVolume, named: PersistentVolumeClaim | undefined): VolumePlan {
  const { claimRef } = volume.spec;
  if (claimRef === undefined || !claimRef.uid) return { do: 'phase', phase: 'Available' };
  const claim = named?.metadata.uid === claimRef.uid ? named : undefined;
  if (claim === undefined) return { do: 'release', reclaim: reclaimOf(volume) };
  if (!claim.spec.volumeName) return sameMode(claim, volume) ? { do: 'wake' } : { do: 'mismatch' };
  if (claim.spec.volumeName === volume.metadata.name) return { do: 'phase', phase: 'Bound' };
  const provisioned = volume.metadata.annotations?.[provisionedBy] !== undefined;
  if (provisioned && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return { do: 'release', reclaim: reclaimOf(volume) };
  return { do: 'unbind' };
}

/** What to do with a volume that nobody claims any more. */
export function reclaimOf({ metadata, spec }: PersistentVolume): Reclaim {
  if (metadata.annotations?.[migratedTo]) return { do: 'leave' };
  switch (spec.persistentVolumeReclaimPolicy) {
    case undefined:
    case 'Retain':
      return { do: 'leave' };
    case 'Recycle':
      return { do: 'recycle' };
    case 'Delete':
      return deletion({ metadata, spec });
  }
}

function deletion({ metadata, spec }: Pick<PersistentVolume, 'metadata' | 'spec'>): Reclaim {
  const provisioner = metadata.annotations?.[provisionedBy];
  if (provisioner && !provisioner.startsWith('kubernetes.io/')) return { do: 'leave' };
  const failed = (message: string): Reclaim => ({ do: 'fail', reason: 'VolumeFailedDelete', message });
  if (spec.hostPath !== undefined) {
    const { path } = spec.hostPath;
    return /\/tmp\/.+/.test(path) ? { do: 'delete' } : failed(`host_path deleter only supports /tmp/.+ but received provided ${path}`);
  }
  return failed(`error getting deleter volume plugin for volume ${JSON.stringify(metadata.name)}: no volume plugin matched`);
}

/** The volume bound to the claim; undefined where it is already. What was reserved by a person stays a person's. */
export function boundVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const { claimRef } = volume.spec;
  const referred = claimRef?.name === name && claimRef.namespace === namespace;
  const ours = referred && (!claimRef.uid || claimRef.uid === uid);
  const marked = volume.metadata.annotations?.[boundByController] !== undefined;
  if (referred && claimRef.uid === uid && (ours || marked)) return undefined;
  const reference = {
    kind: 'PersistentVolumeClaim',
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid,
    apiVersion: 'v1',
    resourceVersion,
  };
  const annotations = ours ? volume.metadata.annotations : { ...volume.metadata.annotations, [boundByController]: 'yes' };
  const metadata = annotations === undefined ? volume.metadata : { ...volume.metadata, annotations };
  return { ...volume, metadata, spec: { ...volume.spec, claimRef: reference } };
}

/** The volume without its claim: what this controller bound is free again, what a person reserved stays reserved. */
export function unboundVolume(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec;
  const { [boundByController]: mark, ...annotations } = volume.metadata.annotations ?? {};
  if (mark === undefined && claimRef !== undefined) {
    const { uid: _, ...reserved } = claimRef;
    return { ...volume, spec: { ...spec, claimRef: reserved } };
  }
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
}
