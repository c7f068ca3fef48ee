// Owns the volumes of pods on the node's disk: set up, refreshed while the pod runs, taken down. Layout: ROOT/pods/UID/volumes/kubernetes.io~TYPE/NAME; what must not reach a disk (secrets, tokens) is a link from there into ROOT/memory, one tmpfs for all.
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1.ts';
import { value } from '../../api/quantity.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { PodFacts } from '../env/downward.ts';
import type { References } from '../env/references.ts';
import { writeAtomically } from './atomic-writer.ts';
import { checkHostPath, VolumeError } from './host-path.ts';
import { payloadOf, projectionsOf, tokenRequestsOf, volumeReferences } from './projection.ts';
import type { ServiceAccountTokens } from './tokens.ts';

/** A volume that is there. */
export interface MountedVolume {
  readonly hostPath: string;
  /** Never writable, whatever the container asks for. */
  readonly readonly: boolean;
  /** The name of the image whose files it holds; then there is no path. */
  readonly image?: string;
}

/** All volumes of a pod, by name; or, by volume, why not. */
export type MountResult = { readonly mounted: ReadonlyMap<string, MountedVolume> } | { readonly errors: readonly MountError[] };

export interface MountError {
  readonly volume: string;
  readonly message: string;
  /** True where the volume could not even be found out: then it is tried again with the kubelet's regular rounds only. */
  readonly unresolved: boolean;
}

export interface PodVolumesOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly files: NodeFiles;
  readonly references: References;
  readonly tokens: ServiceAccountTokens;
  readonly rootDir: string;
}

const mostAsked = 10;
const askAgainMs = 100;

export class PodVolumes {
  readonly #options: PodVolumesOptions;
  #serial = 0;
  #memory: Promise<string> | undefined;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
  }

  /** The pod's own directory. */
  directory(uid: string): string {
    return `${this.#options.rootDir}/pods/${uid}`;
  }

  /** Sets up every volume; what is there already is brought up to date. */
  async mount(pod: Pod, facts: PodFacts): Promise<MountResult> {
    const { metadata, spec } = pod;
    const volumes = spec?.volumes ?? [];
    const references = volumes.flatMap(volumeReferences);
    await this.#options.references.acquire(metadata.uid ?? '', metadata.namespace ?? '', references);
    const mounted = new Map<string, MountedVolume>();
    const errors: MountError[] = [];
    await Promise.all(
      volumes.map(async (volume) => {
        try {
          mounted.set(volume.name, await this.#mountOne(pod, volume, facts));
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          // A volume of a claim is told of by its own name.
          const { step = 'SetUp', of = volume.name } = error instanceof StepError ? error : {};
          const message = error instanceof ClaimError ? text : `MountVolume.${step} failed for volume "${of}" : ${text}`;
          errors.push({ volume: volume.name, message, unresolved: error instanceof ClaimError });
        }
      }),
    );
    return errors.length > 0 ? { errors } : { mounted };
  }

  /** Takes everything down: mounts first, then the pod's directory. */
  async unmount(uid: string): Promise<void> {
    const { files, references, tokens } = this.#options;
    references.release(uid);
    tokens.forget(uid);
    const directory = this.directory(uid);
    if ((await files.stat(directory)) === undefined) return;
    await files.remove(`${this.#memoryRoot}/${uid}`);
    for (const path of await files.mountsBelow(directory)) await files.unmount(path);
    await files.remove(directory);
  }

  get #memoryRoot(): string {
    return `${this.#options.rootDir}/memory`;
  }

  /** Mounts the memory that pods' secrets share, once: a mount a volume would be the dearest part of a pod's start. */
  async #openMemory(): Promise<string> {
    const { files } = this.#options;
    await files.makeDirectory(this.#memoryRoot);
    await files.mountMemory(this.#memoryRoot, undefined);
    await files.chmod(this.#memoryRoot, 0o700);
    return this.#memoryRoot;
  }

  /** A directory of the pod that lies in memory, shown at `path`. */
  async #inMemory(uid: string, path: string): Promise<string> {
    const { files } = this.#options;
    this.#memory ??= this.#openMemory().catch((error: unknown) => {
      this.#memory = undefined;
      throw error;
    });
    const real = `${await this.#memory}/${uid}${path.slice(this.directory(uid).length)}`;
    const before = await files.stat(path);
    // A mount of its own, by an earlier Peapod: what runs reads there.
    if (before?.kind === 'directory') return path;
    if (before === undefined) {
      await files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
      await files.symlink(real, path);
    }
    return real;
  }

  async #mountOne(pod: Pod, volume: Volume, facts: PodFacts): Promise<MountedVolume> {
    const { files } = this.#options;
    if (projectionsOf(volume) !== undefined) return this.#project(pod, volume, facts);
    if (volume.emptyDir !== undefined) return this.#emptyDir(pod, volume.name, volume.emptyDir);
    if (volume.hostPath !== undefined) {
      await checkHostPath(files, volume.hostPath.path, volume.hostPath.type);
      return { hostPath: volume.hostPath.path, readonly: false };
    }
    if (volume.image !== undefined) return { hostPath: '', readonly: true, image: volume.image.reference ?? '' };
    const claim = volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata.name}-${volume.name}`;
    if (claim === undefined) throw new VolumeError('no volume plugin matched');
    const { metadata, spec: source } = await this.#claimed(pod, volume, claim);
    const path = source?.hostPath?.path ?? source?.local?.path;
    if (path === undefined) throw new VolumeError('no volume plugin matched');
    // A local volume is what somebody made; a path of the node may have to be made.
    if (source?.local !== undefined && (await files.resolve(path)) === undefined)
      throw new StepError('NewMounter initialization', metadata.name, `path ${JSON.stringify(path)} does not exist`);
    try {
      await checkHostPath(files, path, source?.hostPath?.type);
    } catch (error) {
      throw new StepError('SetUp', metadata.name, error instanceof Error ? error.message : String(error));
    }
    return { hostPath: path, readonly: volume.persistentVolumeClaim?.readOnly === true };
  }

  async #emptyDir(pod: Pod, name: string, source: NonNullable<Volume['emptyDir']>): Promise<MountedVolume> {
    const { files } = this.#options;
    const path = `${this.directory(pod.metadata.uid ?? '')}/volumes/kubernetes.io~empty-dir/${name}`;
    if ((await files.stat(path)) === undefined) {
      await files.makeDirectory(path);
      const group = pod.spec?.securityContext?.fsGroup;
      await files.chmod(path, group === undefined ? 0o777 : 0o2777);
      if (group !== undefined && source.medium !== 'Memory') await files.chown(path, 0, group);
    }
    if (source.medium === 'Memory') {
      await files.mountMemory(path, source.sizeLimit === undefined ? undefined : value(source.sizeLimit));
      const group = pod.spec?.securityContext?.fsGroup;
      if (group !== undefined) {
        await files.chown(path, 0, group);
        await files.chmod(path, 0o2777);
      }
    }
    return { hostPath: path, readonly: false };
  }

  async #project(pod: Pod, volume: Volume, facts: PodFacts): Promise<MountedVolume> {
    const { files, references, tokens, clock } = this.#options;
    const kind = volume.configMap !== undefined ? 'configmap' : volume.secret !== undefined ? 'secret' : 'projected';
    const type = volume.downwardAPI !== undefined ? 'downward-api' : kind;
    const shown = `${this.directory(pod.metadata.uid ?? '')}/volumes/kubernetes.io~${type}/${volume.name}`;
    const namespace = pod.metadata.namespace ?? '';
    const issued = new Map<string, string>();
    const requests = tokenRequestsOf(volume);
    for (const request of requests) issued.set(JSON.stringify(request), await tokens.get(pod, request));
    const { payload, errors } = payloadOf(pod, volume, {
      configMap: (name) => references.configMap(namespace, name),
      secret: (name) => references.secret(namespace, name),
      token: (request) => issued.get(JSON.stringify(request)),
      facts,
    });
    if (errors.length > 0) throw new VolumeError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`);
    const path = type === 'configmap' ? shown : await this.#inMemory(pod.metadata.uid ?? '', shown);
    if ((await files.stat(path)) === undefined) {
      await files.makeDirectory(path);
      // As a mount of its own would be: anybody may write there what nobody else may remove.
      await files.chmod(path, path === shown ? 0o777 : 0o1777);
    }
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    await writeAtomically(files, path, payload, fsGroup === undefined ? {} : { fsGroup }, clock.now(), this.#serial++);
    return { hostPath: path, readonly: true };
  }

  async #claimed(pod: Pod, volume: Volume, claimName: string): Promise<PersistentVolume> {
    const namespace = pod.metadata.namespace ?? '';
    const unusable = (why: string): ClaimError => {
      const head = `unmounted volumes=[${volume.name}], unattached volumes=[], failed to process volumes=[${volume.name}]`;
      return new ClaimError(`Unable to attach or mount volumes: ${head}: ${why}`);
    };
    const failed = (why: string): ClaimError => unusable(`error processing PVC ${namespace}/${claimName}: ${why}`);
    try {
      const { client, clock } = this.#options;
      let claim = await client.get(resources.persistentVolumeClaims, { namespace, name: claimName });
      // A claim has its volume a moment before its status says so.
      for (let asked = 0; claim.spec?.volumeName && claim.status?.phase !== 'Bound' && asked < mostAsked; asked++) {
        await clock.sleep(askAgainMs);
        claim = await client.get(resources.persistentVolumeClaims, { namespace, name: claimName });
      }
      if (volume.ephemeral !== undefined && !isOwnedBy(claim.metadata, pod))
        throw unusable(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
      if (claim.metadata.deletionTimestamp !== undefined) throw failed('PVC is being deleted');
      const name = claim.spec?.volumeName;
      if (name === undefined || name === '' || claim.status?.phase !== 'Bound') throw failed('PVC is not bound');
      return await client.get(resources.persistentVolumes, { name });
    } catch (error) {
      if (error instanceof ClaimError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw failed(`failed to fetch PVC from API server: ${text}`);
    }
  }
}

/** True where the pod is what the object was made for. */
function isOwnedBy({ ownerReferences }: PersistentVolumeClaim['metadata'], pod: Pod): boolean {
  return ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ?? false;
}

/** A step of a mount that failed, told of by another name than the pod's. */
class StepError extends Error {
  override readonly name = 'StepError';
  readonly step: string;
  readonly of: string;

  constructor(step: string, of: string, message: string) {
    super(message);
    this.step = step;
    this.of = of;
  }
}

class ClaimError extends Error {
  override readonly name = 'ClaimError';
}
