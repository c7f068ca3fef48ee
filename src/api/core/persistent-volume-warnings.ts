// Owns the warnings about persistent volumes that are accepted though they hardly work any more.
import { nodeTermWarnings } from './node-label-warnings.ts';
import type { PersistentVolume, PersistentVolumeSpec } from './v1.ts';

const recycle =
  'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
const oldSources: readonly (readonly [field: keyof PersistentVolumeSpec, warning: string])[] = [
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
/** What is told about a volume that is accepted all the same. */
export function persistentVolumeWarnings({ metadata, spec = {} }: PersistentVolume): readonly string[] {
  const out: string[] = [];
  if (metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined)
    out.push(
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    );
  if (metadata.annotations?.['volume.beta.kubernetes.io/mount-options'] !== undefined)
    out.push('metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead');
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') out.push(recycle);
  for (const [index, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries())
    out.push(...nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`));
  for (const [field, told] of oldSources)
    if (spec[field] !== undefined) out.push(`spec.${field === 'storageos' ? 'storageOS' : field}: ${told}`);
  return out;
}
