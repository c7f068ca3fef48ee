// Owns which volumes must be attached to which nodes: those of pods that have a node and have not ended, through drivers that attach. Pure.
import { createHash } from 'node:crypto';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import type { CSIDriver, VolumeAttachment } from '../../api/storage/v1.ts';

/** A volume that a node needs, and one pod that needs it there. */
export interface Need {
  readonly name: string;
  readonly volume: PersistentVolume;
  readonly nodeName: string;
  readonly pod: Pod;
}

/** A node detaches by itself only after it says that it uses the volume no longer; one that cannot say so gets this long. */
export const detachWaitMs = 6 * 60_000;
const managed = 'volumes.kubernetes.io/controller-managed-attach-detach';
const outOfService = 'node.kubernetes.io/out-of-service';

/** Upstream's name: a hash of handle, driver and node. */
export function attachmentName(handle: string, driver: string, nodeName: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;
}

/** A volume as a node's status names it. */
export function uniqueName({ spec }: PersistentVolume): string {
  return `kubernetes.io/csi/${spec.csi?.driver ?? ''}^${spec.csi?.volumeHandle ?? ''}`;
}

/** What is looked up when planning. */
export interface AttachWorld {
  node(name: string): Node | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  driver(name: string): CSIDriver | undefined;
}

/** The volumes that a pod needs attached where it is. */
export function needsOf(pod: Pod, world: AttachWorld): readonly Need[] {
  const { nodeName } = pod.spec;
  const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  if (!nodeName || over || world.node(nodeName)?.metadata.annotations?.[managed] === undefined) return [];
  return (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claimName = persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${pod.metadata.name}-${name}`);
    const claim = claimName === undefined ? undefined : world.claim(pod.metadata.namespace ?? '', claimName);
    const volume = claim?.status?.phase === 'Bound' ? world.volume(claim.spec.volumeName ?? '') : undefined;
    const csi = volume?.spec.csi;
    if (volume === undefined || csi === undefined || world.driver(csi.driver)?.spec.attachRequired === false) return [];
    return [{ name: attachmentName(csi.volumeHandle, csi.driver, nodeName), volume, nodeName, pod }];
  });
}

/** The object that asks the driver's attacher. */
export function attachmentFor({ name, volume, nodeName }: Need): Draft<VolumeAttachment> {
  const spec = { attacher: volume.spec.csi?.driver ?? '', nodeName, source: { persistentVolumeName: volume.metadata.name } };
  return { metadata: { name }, spec } as Draft<VolumeAttachment>;
}

/** Another node that the volume is attached to, or about to be, where it may be on one only. */
export function otherNode({ volume, nodeName }: Need, present: readonly VolumeAttachment[]): string | undefined {
  const modes = volume.spec.accessModes ?? [];
  if (modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')) return undefined;
  return present.find(({ spec }) => spec.source.persistentVolumeName === volume.metadata.name && spec.nodeName !== nodeName)?.spec.nodeName;
}

/** Why a volume cannot come to a pod's node; `users`: pods that use it elsewhere. Names of other namespaces' pods are not told. */
export function multiAttachWords(pod: Pod, users: readonly Pod[]): string {
  if (users.length === 0) return "Volume is already exclusively attached to one node and can't be attached to another";
  const local = users.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace).map(({ metadata }) => metadata.name);
  const others = users.length - local.length;
  if (local.length === 0) return `Volume is already used by ${others} pod(s) in different namespaces`;
  const words = `Volume is already used by pod(s) ${local.join(', ')}`;
  return others === 0 ? words : `${words} and ${others} pod(s) in different namespaces`;
}

/** Whether a volume that nobody needs on a node any more may be taken from it. */
export function mayDetach(node: Node | undefined, volume: PersistentVolume | undefined, unneededMs: number, nowMs: number): boolean {
  if (node === undefined || volume === undefined) return true;
  if (!node.status?.volumesInUse?.includes(uniqueName(volume))) return true;
  if (node.spec.taints?.some(({ key }) => key === outOfService)) return true;
  const healthy = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return !healthy && nowMs - unneededMs >= detachWaitMs;
}
