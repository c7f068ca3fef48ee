// Owns when a claim or volume may go although it is protected: when nothing uses it any more. Pure; upstream's rules.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { ObjectMeta } from '../../api/meta/v1.ts';
import { controllerOf } from '../ownership.ts';

export const claimFinalizer = 'kubernetes.io/pvc-protection';
export const volumeFinalizer = 'kubernetes.io/pv-protection';
export const classFinalizer = 'kubernetes.io/vac-protection';

export type ProtectionPlan = 'add' | 'remove' | 'nothing';

/** `used` is asked only where it matters. */
export function planProtection(metadata: ObjectMeta, finalizer: string, used: () => boolean): ProtectionPlan {
  const has = (metadata.finalizers ?? []).includes(finalizer);
  if (metadata.deletionTimestamp === undefined) return has ? 'nothing' : 'add';
  return has && !used() ? 'remove' : 'nothing';
}

/** A bound volume is in use. */
export function volumeInUse({ status }: PersistentVolume): boolean {
  return status?.phase === 'Bound';
}

/** The classes of attributes that a claim is of, wants to be of, or is on its way to. */
export function classesOfClaim({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const { currentVolumeAttributesClassName, modifyVolumeStatus } = status ?? {};
  const all = [spec.volumeAttributesClassName, currentVolumeAttributesClassName, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return [...new Set(all.flatMap((name) => name || []))];
}

/** The class of attributes that a volume is of. */
export function classesOfVolume({ spec }: PersistentVolume): readonly string[] {
  return spec.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

/** The claims that a pod's volumes name, its own ephemeral ones included. */
export function claimsOf({ metadata, spec }: Pod): readonly string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) =>
    persistentVolumeClaim !== undefined ? [persistentVolumeClaim.claimName] : ephemeral !== undefined ? [`${metadata.name}-${name}`] : [],
  );
}

/** Whether a pod keeps the claim: it has a node, names the claim, and (an ephemeral one) is its owner and not yet over. */
export function podUses(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  if (!pod.spec.nodeName) return false;
  return (pod.spec.volumes ?? []).some(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return persistentVolumeClaim.claimName === metadata.name;
    const own = ephemeral !== undefined && `${pod.metadata.name}-${name}` === metadata.name;
    return own && !isOver(pod) && controllerOf({ metadata })?.uid === pod.metadata.uid;
  });
}

/** The kubelet is done with it, or it was deleted by force. */
function isOver({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}
