// Owns which volume a claim of the local-path class gets: a directory of the node that was chosen for its first pod. Pure.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import { classOf } from '../persistent-volume/match.ts';
import { selectedNode } from '../persistent-volume/plan-claim.ts';
import { provisionedBy } from '../persistent-volume/plan-volume.ts';

export const localPathProvisioner = 'peapod.dev/local-path';
const asked = 'volume.kubernetes.io/storage-provisioner';

/** `wait`: not this provisioner's claim, or not its turn. `refuse`: it cannot be, and why. */
export type ProvisionPlan =
  | { readonly do: 'wait' }
  | { readonly do: 'refuse'; readonly why: string }
  | { readonly do: 'make'; readonly volume: Draft<PersistentVolume> };

/** Where a claim's directory is below `baseDir`, as other local-path provisioners name it. */
export function directoryOf(baseDir: string, { metadata }: PersistentVolumeClaim): string {
  return `${baseDir}/pvc-${metadata.uid}_${metadata.namespace}_${metadata.name}`;
}

/** Plans for a claim; `node` is the one that was chosen, undefined where that is not there. */
export function planProvision(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
  node: Node | undefined,
  baseDir: string,
): ProvisionPlan {
  const { metadata, spec, status } = claim;
  const chosen = metadata.annotations?.[selectedNode];
  const mine = storageClass?.provisioner === localPathProvisioner && metadata.annotations?.[asked] === localPathProvisioner;
  if (!mine || spec.volumeName || status?.phase !== 'Pending' || metadata.deletionTimestamp !== undefined) return { do: 'wait' };
  if (chosen === undefined)
    return storageClass.volumeBindingMode === 'WaitForFirstConsumer'
      ? { do: 'wait' }
      : { do: 'refuse', why: 'the class must say volumeBindingMode WaitForFirstConsumer: a directory needs a node' };
  if (node === undefined) return { do: 'wait' };
  if (spec.volumeMode === 'Block') return { do: 'refuse', why: 'volumeMode Block is not supported: a directory is no device' };
  if (spec.selector !== undefined) return { do: 'refuse', why: 'claim.Spec.Selector is not supported' };
  const host = node.metadata.labels?.['kubernetes.io/hostname'] ?? chosen;
  return {
    do: 'make',
    volume: {
      metadata: { name: `pvc-${metadata.uid}`, annotations: { [provisionedBy]: localPathProvisioner } },
      spec: {
        capacity: { storage: spec.resources?.requests?.['storage'] ?? '0' },
        accessModes: spec.accessModes ?? [],
        persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
        storageClassName: classOf(claim),
        volumeMode: 'Filesystem',
        ...(storageClass.mountOptions === undefined ? {} : { mountOptions: storageClass.mountOptions }),
        hostPath: { path: directoryOf(baseDir, claim), type: 'DirectoryOrCreate' },
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: metadata.namespace ?? '',
          name: metadata.name,
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] }] },
        },
      },
    } as Draft<PersistentVolume>,
  };
}

/** Whether a volume that this provisioner made is to be removed, with its directory. */
export function isOver({ metadata, spec, status }: PersistentVolume): boolean {
  const mine = metadata.annotations?.[provisionedBy] === localPathProvisioner;
  return (
    mine && status?.phase === 'Released' && spec.persistentVolumeReclaimPolicy === 'Delete' && metadata.deletionTimestamp === undefined
  );
}

/** The name of the node that the volume's directory is on. */
export function hostOf({ spec }: PersistentVolume): string | undefined {
  return spec.nodeAffinity?.required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values?.[0];
}
