// Owns the volumes that pods have by claims: which they are, who else has them, whether this node may, and as what they are shown.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { PodFacts } from '../env/downward.ts';
import type { EventText } from '../pod/model.ts';
import { checkHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import { ClaimError, StepError } from './volume-errors.ts';
import { volumeUses } from './volume-uses.ts';

/** A volume of a claim that is there. `told`: what people are to know of how it came. */
export interface ClaimedVolume {
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly device?: string;
  readonly told: readonly EventText[];
}

export interface ClaimedVolumesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly files: NodeFiles;
  readonly rootDir: string;
}

const mostAsked = 10;
const askAgainMs = 100;
const protection = 'kubernetes.io/pvc-protection';
const localVolumes = 'kubernetes.io~local-volume';

export class ClaimedVolumes {
  readonly #options: ClaimedVolumesOptions;
  /** Uids of the pods here by the volume that they have. Bound: the volumes of pods of this node. */
  readonly #users = new Map<string, Set<string>>();

  constructor(options: ClaimedVolumesOptions) {
    this.#options = options;
  }

  /** The pod has no volumes any more. */
  release(uid: string): void {
    for (const [name, users] of this.#users) if (users.delete(uid) && users.size === 0) this.#users.delete(name);
  }

  /** Sets the volume up for the pod; one that it has already is left as it is. Rejects with ClaimError or StepError. */
  async setUp(pod: Pod, volume: Volume, claimName: string, facts: PodFacts): Promise<ClaimedVolume> {
    const found = await this.#claimed(pod, volume, claimName);
    const { name } = found.metadata;
    const { volumeMode = 'Filesystem' } = found.spec ?? {};
    const { mounted, devices } = volumeUses(pod);
    const misused = (how: string): ClaimError =>
      new ClaimError(`volume ${volume.name} has volumeMode ${volumeMode}, but is specified in ${how}`);
    if (mounted.has(volume.name) && volumeMode !== 'Filesystem') throw misused('volumeMounts');
    if (devices.has(volume.name) && volumeMode !== 'Block') throw misused('volumeDevices');
    const others = [...(this.#users.get(name) ?? [])].filter((uid) => uid !== pod.metadata.uid);
    const isBlock = volumeMode === 'Block';
    const what = isBlock ? 'MapVolume' : 'MountVolume';
    const selector = found.spec?.nodeAffinity?.required;
    const node = { metadata: { name: facts.nodeName, labels: facts.labels ?? {} } } as Parameters<typeof matchesNodeSelector>[1];
    if (selector !== undefined && !matchesNodeSelector(selector, node))
      throw new StepError(`${what}.NodeAffinity check`, name, 'no matching NodeSelectorTerms');
    const source = isBlock ? undefined : await this.#pathOf(found);
    if (others.length > 0 && found.spec?.accessModes?.length === 1 && found.spec.accessModes[0] === 'ReadWriteOncePod') {
      const step = isBlock ? 'MapVolume.SetUpDevice' : 'MountVolume.SetUp';
      throw new StepError(step, name, 'volume uses the ReadWriteOncePod access mode and is already in use by another pod');
    }
    const readonly = volume.persistentVolumeClaim?.readOnly === true;
    const made = source === undefined ? await this.#map(pod, found) : await this.#mount(pod, found, source, readonly, others.length > 0);
    this.#users.set(name, (this.#users.get(name) ?? new Set()).add(pod.metadata.uid ?? ''));
    return { ...made, readonly };
  }

  /** Where a volume of files is on the node. */
  async #pathOf({ metadata: { name }, spec }: PersistentVolume): Promise<string> {
    const { files } = this.#options;
    const path = spec?.hostPath?.path ?? spec?.local?.path;
    const failed = (step: string, why: string): StepError => new StepError(`MountVolume.${step}`, name, why);
    if (path === undefined) throw failed('FindPluginBySpec', 'no volume plugin matched');
    if (spec?.local === undefined) {
      if ((spec?.mountOptions ?? []).length > 0)
        throw failed('MountOptionSupport check', 'mount options are not supported for this volume type');
      return path;
    }
    // A local volume is what somebody made; a path of the node may have to be made.
    const real = await files.resolve(path);
    if (real === undefined) throw failed('NewMounter initialization', `path ${JSON.stringify(path)} does not exist`);
    if ((await files.stat(real))?.kind !== 'directory')
      throw failed('NewMounter initialization', 'only directory and block device are supported');
    return path;
  }

  async #mount(pod: Pod, { metadata: { name }, spec }: PersistentVolume, path: string, readonly: boolean, isShared: boolean) {
    const { files } = this.#options;
    try {
      await checkHostPath(files, path, spec?.hostPath?.type);
    } catch (error) {
      throw new StepError('MountVolume.SetUp', name, error instanceof Error ? error.message : String(error));
    }
    const told = spec?.local === undefined ? [] : await this.#own(pod, name, path, readonly, isShared);
    return { hostPath: path, told };
  }

  /** The files of a local volume go to the group of the first pod that has it, once. */
  async #own(pod: Pod, name: string, path: string, readonly: boolean, isShared: boolean): Promise<readonly EventText[]> {
    const { files, rootDir } = this.#options;
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    const mark = `${rootDir}/pods/${pod.metadata.uid}/volumes/${localVolumes}/${name}`;
    if ((await files.stat(mark)) !== undefined) return [];
    const real = (await files.resolve(path)) ?? path;
    const told: EventText[] = [];
    if (fsGroup !== undefined && isShared) {
      const gid = (await files.stat(real))?.gid;
      const message = `The requested fsGroup is ${fsGroup}, but the volume ${name} has GID ${gid}. The volume may not be shareable.`;
      if (gid !== fsGroup) told.push({ type: 'Warning', reason: 'AlreadyMountedVolume', message });
    } else if (fsGroup !== undefined && !readonly) {
      await giveToGroup(files, real, fsGroup, { onlyOnMismatch: fsGroupChangePolicy === 'OnRootMismatch' });
    }
    await files.makeDirectory(mark, 0o750);
    return told;
  }

  /** A block device is linked from where the pod's devices are. */
  async #map(pod: Pod, { metadata: { name }, spec }: PersistentVolume) {
    const { files, rootDir } = this.#options;
    const path = spec?.local?.path;
    if (path === undefined)
      throw new StepError('MapVolume.FindMapperPluginBySpec', name, 'failed to find BlockVolumeMapper plugin. Volume plugin is nil.');
    const device = await files.resolve(path);
    if (device === undefined) throw new StepError('MapVolume.EvalHostSymlinks', name, `lstat ${path}: no such file or directory`);
    if ((await files.stat(device))?.kind !== 'blockDevice')
      throw new StepError('MapVolume.MapBlockVolume', name, `${device} is not a block device`);
    const directory = `${rootDir}/pods/${pod.metadata.uid}/volumeDevices/${localVolumes}`;
    const link = `${directory}/${name}`;
    if ((await files.stat(link)) !== undefined) return { hostPath: '', device, told: [] };
    await files.makeDirectory(directory, 0o750);
    await files.symlink(device, link);
    const succeeded = (where: string): EventText => ({
      type: 'Normal',
      reason: 'SuccessfulMountVolume',
      message: `MapVolume.MapPodDevice succeeded for volume ${JSON.stringify(name)} ${where}`,
    });
    const global = `${rootDir}/plugins/${localVolumes}/volumeDevices/${name}`;
    return { hostPath: '', device, told: [succeeded(`globalMapPath "${global}"`), succeeded(`volumeMapPath "${directory}"`)] };
  }

  async #claimed(pod: Pod, volume: Volume, claimName: string): Promise<PersistentVolume> {
    const namespace = pod.metadata.namespace ?? '';
    const failed = (why: string): ClaimError => new ClaimError(`error processing PVC ${namespace}/${claimName}: ${why}`);
    const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
    const { client, clock } = this.#options;
    const ask = async (): Promise<PersistentVolumeClaim> => {
      try {
        return await client.get(resources.persistentVolumeClaims, { namespace, name: claimName });
      } catch (error) {
        throw failed(`failed to fetch PVC from API server: ${textOf(error)}`);
      }
    };
    let claim = await ask();
    // A claim has its volume a moment before its status says so.
    for (let asked = 0; claim.spec?.volumeName && claim.status?.phase !== 'Bound' && asked < mostAsked; asked++) {
      await clock.sleep(askAgainMs);
      claim = await ask();
    }
    const { deletionTimestamp, finalizers = [] } = claim.metadata;
    if (deletionTimestamp !== undefined && !finalizers.includes(protection)) throw failed('PVC is being deleted');
    if (claim.status?.phase !== 'Bound') throw failed('PVC is not bound');
    const name = claim.spec?.volumeName ?? '';
    if (name === '') throw failed('PVC has empty pvc.Spec.VolumeName');
    if (volume.ephemeral !== undefined && !isOwnedBy(claim.metadata, pod))
      throw new ClaimError(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
    let found: PersistentVolume;
    try {
      found = await client.get(resources.persistentVolumes, { name });
    } catch (error) {
      throw failed(`failed to fetch PV ${name} from API server: ${textOf(error)}`);
    }
    const { claimRef } = found.spec ?? {};
    if (claimRef === undefined)
      throw failed(`found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`);
    if (claimRef.uid !== claim.metadata.uid)
      throw failed(
        `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid} does not point to claim.UID ${claim.metadata.uid}`,
      );
    return found;
  }
}

/** True where the pod is what the object was made for. */
function isOwnedBy({ ownerReferences }: PersistentVolumeClaim['metadata'], pod: Pod): boolean {
  return ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ?? false;
}
