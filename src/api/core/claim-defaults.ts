// Owns the defaults of persistent volumes and claims.
import { defaultQuantities, defaultResources } from './container-defaults.ts';
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from './v1.ts';

/** The spec of a claim, also inside templates. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  return {
    ...spec,
    ...(spec.resources === undefined ? {} : { resources: defaultResources(spec.resources) }),
    volumeMode: spec.volumeMode ?? 'Filesystem',
  };
}

/** The Claim with upstream's defaults. */
export function defaultClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  return { ...claim, spec: defaultClaimSpec(claim.spec ?? {}), status: { ...claim.status, phase: claim.status?.phase || 'Pending' } };
}

/** The PersistentVolume with upstream's defaults. */
export function defaultPersistentVolume(volume: PersistentVolume): PersistentVolume {
  const spec = volume.spec ?? {};
  const { hostPath, capacity, azureDisk } = spec;
  return {
    ...volume,
    spec: {
      ...spec,
      ...(capacity === undefined ? {} : { capacity: defaultQuantities(capacity) }),
      ...(hostPath === undefined ? {} : { hostPath: { ...hostPath, type: hostPath.type ?? '' } }),
      ...(azureDisk === undefined ? {} : { azureDisk: { ...azureDisk, readOnly: azureDisk.readOnly ?? false } }),
      persistentVolumeReclaimPolicy: spec.persistentVolumeReclaimPolicy || 'Retain',
      volumeMode: spec.volumeMode ?? 'Filesystem',
    },
    status: { ...volume.status, phase: volume.status?.phase || 'Pending' },
  };
}
