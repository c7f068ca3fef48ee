// Owns what claims of a pod can be satisfied with on a node: the volumes they are bound to, fitting free ones, or ones to be made. Pure.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import type { ClusterObjects } from '../cluster-view.ts';
import { selectorOf } from '../selectors.ts';

/** The annotation by which the volume controller says that it is done with a claim. */
export const bindCompleted = 'pv.kubernetes.io/bind-completed';
/** The annotation that tells a provisioner for which node a volume is to be made. */
export const selectedNode = 'volume.kubernetes.io/selected-node';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The claim's class; empty where it asks for none. */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';
}

const volumeClass = ({ metadata, spec }: PersistentVolume): string =>
  metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? '';

/** Whether a claim has its volume for good. */
export function isBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata.annotations?.[bindCompleted] !== undefined;
}

/** Whether a claim waits until a pod that uses it has a node. */
export function waitsForConsumer(claim: PersistentVolumeClaim, { storageClasses }: ClusterObjects): boolean {
  return storageClasses.get(undefined, claimClass(claim))?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Whether a volume can be used on a node. Volumes go by a node's labels alone: a term about its name never holds. */
export function reaches({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  if (required === undefined) return true;
  const byName = required.nodeSelectorTerms.some(({ matchFields = [] }) => matchFields.length > 0);
  return matchesNodeSelector(required, byName ? { ...node, metadata: { ...node.metadata, name: '' } } : node);
}

/** What becomes of claims on a node. */
export interface ClaimPlan {
  /** Claims that get a volume that is there. */
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[];
  /** Claims for which a volume is to be made. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

const claimed = ({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean =>
  spec?.claimRef?.name === metadata.name &&
  spec.claimRef.namespace === metadata.namespace &&
  (!spec.claimRef.uid || spec.claimRef.uid === metadata.uid);

const capacity = ({ spec }: PersistentVolume): string => spec?.capacity?.['storage'] ?? '0';
const wantedBy = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.['storage'] ?? '0';

/** The smallest free volume that fits the claim on the node, or the one that was promised to it. */
export function matchingVolume(
  claim: PersistentVolumeClaim,
  node: Node,
  { volumes }: ClusterObjects,
  taken: ReadonlySet<string>,
): PersistentVolume | undefined {
  const wanted = wantedBy(claim);
  const { selector, accessModes = [], volumeMode = 'Filesystem', volumeAttributesClassName = '' } = claim.spec ?? {};
  let smallest: PersistentVolume | undefined;
  for (const volume of volumes.all()) {
    const { spec, metadata } = volume;
    const promised = claimed(volume, claim);
    if (taken.has(metadata.name) || (spec?.claimRef !== undefined && !promised)) continue;
    if (volumeClass(volume) !== claimClass(claim) || compareQuantity(capacity(volume), wanted) < 0) continue;
    if ((spec?.volumeMode ?? 'Filesystem') !== volumeMode || (spec?.volumeAttributesClassName ?? '') !== volumeAttributesClassName)
      continue;
    if (metadata.deletionTimestamp !== undefined) continue;
    if (promised) return reaches(volume, node) ? volume : undefined;
    if (volume.status?.phase !== 'Available') continue;
    if (selector !== undefined && !selectorOf(selector).matches(metadata.labels)) continue;
    if (!reaches(volume, node) || !accessModes.every((mode) => spec?.accessModes?.includes(mode))) continue;
    if (smallest === undefined || compareQuantity(capacity(smallest), capacity(volume)) > 0) smallest = volume;
  }
  return smallest;
}

/** Whether a volume for the claim could be made for the node: `topology` and `space` say what it fails at. */
export function canProvision(claim: PersistentVolumeClaim, node: Node, objects: ClusterObjects): 'yes' | 'topology' | 'space' {
  const storageClass = objects.storageClasses.get(undefined, claimClass(claim));
  if (storageClass === undefined || !storageClass.provisioner || storageClass.provisioner === 'kubernetes.io/no-provisioner')
    return 'topology';
  if (!allowsNode(storageClass, node)) return 'topology';
  return hasSpace(claim, storageClass, node, objects) ? 'yes' : 'space';
}

function allowsNode({ allowedTopologies = [] }: StorageClass, node: Node): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => values.includes(node.metadata.labels?.[key] ?? '\x00')),
  );
}

function hasSpace(claim: PersistentVolumeClaim, { metadata, provisioner }: StorageClass, node: Node, objects: ClusterObjects): boolean {
  if (!objects.csiDrivers.get(undefined, provisioner)?.spec.storageCapacity) return true;
  const wanted = wantedBy(claim);
  for (const { storageClassName, capacity: free, maximumVolumeSize, nodeTopology } of objects.csiCapacities.all()) {
    const limit = maximumVolumeSize ?? free;
    if (storageClassName !== metadata.name || limit === undefined || compareQuantity(limit, wanted) < 0) continue;
    if (nodeTopology !== undefined && selectorOf(nodeTopology).matches(node.metadata.labels)) return true;
  }
  return false;
}

/** What becomes of unbound claims on a node; the reason where there is no way. */
export function planClaims(
  claims: readonly PersistentVolumeClaim[],
  node: Node,
  objects: ClusterObjects,
): { readonly plan: ClaimPlan } | { readonly fails: 'topology' | 'space' } {
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = [];
  const provisions: PersistentVolumeClaim[] = [];
  const taken = new Set<string>();
  const selected = (claim: PersistentVolumeClaim): string | undefined => claim.metadata.annotations?.[selectedNode];
  for (const claim of claims) {
    const chosen = selected(claim);
    if (chosen === undefined) continue;
    if (chosen !== node.metadata.name) return { fails: 'topology' };
    provisions.push(claim);
  }
  const free = claims.filter((claim) => selected(claim) === undefined).sort((a, b) => compareQuantity(wantedBy(a), wantedBy(b)));
  for (const claim of free) {
    const volume = matchingVolume(claim, node, objects, taken);
    if (volume === undefined) provisions.push(claim);
    else {
      taken.add(volume.metadata.name);
      bindings.push({ claim, volume });
    }
  }
  for (const claim of provisions) {
    const can = canProvision(claim, node, objects);
    if (can !== 'yes') return { fails: can };
  }
  return { plan: { bindings, provisions } };
}
