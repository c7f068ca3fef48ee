// Owns the rows of volumes, claims, storage classes and CSI objects, and of resource claims and slices.
import { type Fields, fieldsAt, listAt, textAt, textsAt, valueAt } from './fields.ts';
import { ageOf } from './format.ts';

type Cells = readonly unknown[];
const nameOf = (object: unknown): string => textAt(object, 'metadata', 'name');
const betaClass = 'volume.beta.kubernetes.io/storage-class';

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(modes: readonly string[]): string {
  return Object.entries(shortModes)
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

function phaseOf(object: unknown): string {
  return valueAt(object, 'metadata', 'deletionTimestamp') === undefined ? textAt(object, 'status', 'phase') : 'Terminating';
}

function classOf(object: unknown): string {
  const annotated = fieldsAt(object, 'metadata', 'annotations')[betaClass];
  return annotated === undefined ? textAt(object, 'spec', 'storageClassName') : String(annotated);
}

/** Cells of a volume: Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, VolumeMode. */
export function volumeCells(volume: unknown, nowMs: number): Cells {
  const claim = valueAt(volume, 'spec', 'claimRef');
  return [
    nameOf(volume),
    textAt(volume, 'spec', 'capacity', 'storage') || '0',
    accessModes(textsAt(volume, 'spec', 'accessModes')),
    textAt(volume, 'spec', 'persistentVolumeReclaimPolicy'),
    phaseOf(volume),
    claim === undefined ? '' : `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}`,
    classOf(volume),
    valueAt(volume, 'spec', 'volumeAttributesClassName') ?? '<unset>',
    textAt(volume, 'status', 'reason'),
    ageOf(volume, nowMs),
    textAt(volume, 'spec', 'volumeMode') || '<unset>',
  ];
}

/** Cells of a claim: Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, VolumeMode. */
export function claimCells(claim: unknown, nowMs: number): Cells {
  const volume = textAt(claim, 'spec', 'volumeName');
  return [
    nameOf(claim),
    phaseOf(claim),
    volume,
    volume === '' ? '' : textAt(claim, 'status', 'capacity', 'storage') || '0',
    volume === '' ? '' : accessModes(textsAt(claim, 'status', 'accessModes')),
    classOf(claim),
    valueAt(claim, 'spec', 'volumeAttributesClassName') ?? '<unset>',
    ageOf(claim, nowMs),
    textAt(claim, 'spec', 'volumeMode') || '<unset>',
  ];
}

/** Cells of a storage class: Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age. */
export function storageClassCells(storageClass: unknown, nowMs: number): Cells {
  const annotations = fieldsAt(storageClass, 'metadata', 'annotations');
  const isDefault = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'].some(
    (key) => annotations[key] === 'true',
  );
  return [
    isDefault ? `${nameOf(storageClass)} (default)` : nameOf(storageClass),
    textAt(storageClass, 'provisioner'),
    textAt(storageClass, 'reclaimPolicy') || 'Delete',
    textAt(storageClass, 'volumeBindingMode') || 'Immediate',
    valueAt(storageClass, 'allowVolumeExpansion') === true,
    ageOf(storageClass, nowMs),
  ];
}

/** Cells of a volume attributes class: Name, DriverName, Age. */
export function attributesClassCells(attributes: unknown, nowMs: number): Cells {
  return [nameOf(attributes), textAt(attributes, 'driverName'), ageOf(attributes, nowMs)];
}

/** Cells of a CSI driver: Name, AttachRequired, PodInfoOnMount, StorageCapacity, TokenRequests, RequiresRepublish, Modes, Age. */
export function csiDriverCells(driver: unknown, nowMs: number): Cells {
  const spec: Fields = fieldsAt(driver, 'spec');
  const audiences = listAt(spec, 'tokenRequests').map((one) => textAt(one, 'audience'));
  return [
    nameOf(driver),
    spec['attachRequired'] !== false,
    spec['podInfoOnMount'] === true,
    spec['storageCapacity'] === true,
    audiences.length === 0 ? '<unset>' : audiences.join(','),
    spec['requiresRepublish'] === true,
    textsAt(spec, 'volumeLifecycleModes').join(',') || '<none>',
    ageOf(driver, nowMs),
  ];
}

/** Cells of a CSI node: Name, Drivers, Age. */
export function csiNodeCells(node: unknown, nowMs: number): Cells {
  return [nameOf(node), listAt(node, 'spec', 'drivers').length, ageOf(node, nowMs)];
}

/** Cells of an attachment: Name, Attacher, PV, Node, Attached, Age. */
export function attachmentCells(attachment: unknown, nowMs: number): Cells {
  return [
    nameOf(attachment),
    textAt(attachment, 'spec', 'attacher'),
    textAt(attachment, 'spec', 'source', 'persistentVolumeName'),
    textAt(attachment, 'spec', 'nodeName'),
    valueAt(attachment, 'status', 'attached') === true,
    ageOf(attachment, nowMs),
  ];
}

/** Cells of a resource claim: Name, State, Age. */
export function resourceClaimCells(claim: unknown, nowMs: number): Cells {
  const deleted = valueAt(claim, 'metadata', 'deletionTimestamp') !== undefined;
  const allocated = valueAt(claim, 'status', 'allocation') !== undefined;
  const states = [
    ...(deleted ? ['deleted'] : []),
    ...(allocated ? ['allocated'] : deleted ? [] : ['pending']),
    ...(allocated && listAt(claim, 'status', 'reservedFor').length > 0 ? ['reserved'] : []),
  ];
  return [nameOf(claim), states.join(','), ageOf(claim, nowMs)];
}

/** Cells of a resource slice: Name, Node, Driver, Pool, Age. */
export function resourceSliceCells(slice: unknown, nowMs: number): Cells {
  const [node, driver, pool] = [textAt(slice, 'spec', 'nodeName'), textAt(slice, 'spec', 'driver'), textAt(slice, 'spec', 'pool', 'name')];
  return [nameOf(slice), node, driver, pool, ageOf(slice, nowMs)];
}
