// Owns which volume fits a claim, and which of those that fit is taken. Pure; upstream's rules.
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { labelSelectorOf } from '../../api/selectors/label-selector.ts';

const legacyClass = 'volume.beta.kubernetes.io/storage-class';

/** The class by its old annotation, else by its field; empty: none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[legacyClass] ?? spec.storageClassName ?? '';
}

/** Whether the claim says anything of a class, be it that it wants none. */
export function namesClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[legacyClass] !== undefined || spec.storageClassName !== undefined;
}

/** Whether the volume is the claim's: by name, and by uid once that is known. */
export function isBoundTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

export function sameMode(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec.volumeMode ?? 'Filesystem') === (volume.spec.volumeMode ?? 'Filesystem');
}

function sizeOf({ spec }: PersistentVolume): string {
  return spec.capacity?.['storage'] ?? '0';
}

function wanted({ spec }: PersistentVolumeClaim): string {
  return spec.resources?.requests?.['storage'] ?? '0';
}

function allows(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));
}

function sameAttributes(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  return (claim.spec.volumeAttributesClassName ?? '') === (volume.spec.volumeAttributesClassName ?? '');
}

/** Why a volume that a claim asks for by name is not for it; undefined where it is. */
export function misfit(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`;
  if (compareQuantity(sizeOf(volume), wanted(claim)) < 0) return 'requested PV is too small';
  if (classOf(volume) !== classOf(claim)) return 'storageClassName does not match';
  if (!sameMode(claim, volume)) return 'incompatible volumeMode';
  if (!allows(volume, claim)) return 'incompatible accessMode';
  if (!sameAttributes(claim, volume)) return 'VolumeAttributesClassName does not match';
  return undefined;
}

/**
 * The volume for a claim that names none: one that is reserved for it, else of those with the fewest access modes the smallest. `delayed`: the
 * scheduler chooses, so only a reserved one counts.
 */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const selector = claim.spec.selector === undefined ? undefined : labelSelectorOf(claim.spec.selector);
  const fitting = volumes.filter(
    (volume) =>
      allows(volume, claim) &&
      (volume.spec.claimRef === undefined || isBoundTo(volume, claim)) &&
      compareQuantity(sizeOf(volume), wanted(claim)) >= 0 &&
      sameMode(claim, volume) &&
      sameAttributes(claim, volume) &&
      volume.metadata.deletionTimestamp === undefined,
  );
  const modes = (volume: PersistentVolume): number => new Set(volume.spec.accessModes ?? []).size;
  const order = (one: PersistentVolume, other: PersistentVolume): number =>
    modes(one) - modes(other) || compareQuantity(sizeOf(one), sizeOf(other)) || (one.metadata.name < other.metadata.name ? -1 : 1);
  const reserved = fitting.filter((volume) => isBoundTo(volume, claim)).sort(order);
  const free = fitting.filter(
    (volume) =>
      volume.spec.claimRef === undefined &&
      volume.status?.phase === 'Available' &&
      (selector === undefined || selector.matches(volume.metadata.labels ?? {})) &&
      classOf(volume) === classOf(claim),
  );
  return reserved[0] ?? (delayed ? undefined : free.sort(order)[0]);
}
