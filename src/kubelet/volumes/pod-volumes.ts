// Owns the volumes of pods on the node's disk: set up, refreshed while the pod runs, taken down. Layout: ROOT/pods/UID/volumes/kubernetes.io~TYPE/NAME; what must not reach a disk (secrets, tokens) is a link from there into ROOT/memory, one tmpfs for all.
import type { Pod, Volume } from '../../api/core/v1.ts';
import { value } from '../../api/quantity.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { PodFacts } from '../env/downward.ts';
import type { References } from '../env/references.ts';
import type { EventText } from '../pod/model.ts';
import { podCgroupValues } from '../resources/cgroup-values.ts';
import { writeAtomically } from './atomic-writer.ts';
import { type ClaimedVolume, ClaimedVolumes } from './claimed-volumes.ts';
import { checkHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import { payloadOf, projectionsOf, tokenRequestsOf, volumeReferences } from './projection.ts';
import type { ServiceAccountTokens } from './tokens.ts';
import { ClaimError, StepError, VolumeError } from './volume-errors.ts';
import { nestedMountPoints, volumeUses } from './volume-uses.ts';

/** A volume that is there. */
export interface MountedVolume {
  readonly hostPath: string;
  /** Never writable, whatever the container asks for. */
  readonly readonly: boolean;
  /** The name of the image whose files it holds; then there is no path. */
  readonly image?: string;
  /** The block device that it is; then there is no path. */
  readonly device?: string;
}

/** All volumes of a pod that are used, by name, and what is to be told of them; or, by volume, why not. */
export type MountResult =
  | { readonly mounted: ReadonlyMap<string, MountedVolume>; readonly told: readonly EventText[] }
  | { readonly errors: readonly MountError[] };

export interface MountError {
  /** The event's: FailedMount, or FailedMapVolume for a block device. */
  readonly reason: string;
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

export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #claims: ClaimedVolumes;
  #serial = 0;
  #memory: Promise<string> | undefined;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
    this.#claims = new ClaimedVolumes(options);
  }

  /** The pod's own directory. */
  directory(uid: string): string {
    return `${this.#options.rootDir}/pods/${uid}`;
  }

  /** Sets up every volume that a container uses; what is there already is brought up to date. */
  async mount(pod: Pod, facts: PodFacts): Promise<MountResult> {
    const { metadata, spec } = pod;
    const { mounted: shown, devices } = volumeUses(pod);
    const volumes = (spec.volumes ?? []).filter(({ name }) => shown.has(name) || devices.has(name));
    const references = volumes.flatMap(volumeReferences);
    await this.#options.references.acquire(metadata.uid ?? '', metadata.namespace ?? '', references);
    const mounted = new Map<string, MountedVolume>();
    const failures = new Map<string, unknown>();
    const told: EventText[] = [];
    await Promise.all(
      volumes.map(async (volume) => {
        try {
          const made = await this.#mountOne(pod, volume, facts);
          mounted.set(volume.name, made);
          if ('told' in made) told.push(...made.told);
        } catch (error) {
          failures.set(volume.name, error);
        }
      }),
    );
    return failures.size > 0 ? { errors: mountErrors(failures) } : { mounted, told };
  }

  /** Takes everything down: mounts first, then the pod's directory. */
  async unmount(uid: string): Promise<void> {
    const { files, references, tokens } = this.#options;
    references.release(uid);
    tokens.forget(uid);
    this.#claims.release(uid);
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

  async #mountOne(pod: Pod, volume: Volume, facts: PodFacts): Promise<MountedVolume | ClaimedVolume> {
    const { files } = this.#options;
    if (projectionsOf(volume) !== undefined) return this.#project(pod, volume, facts);
    if (volume.emptyDir !== undefined) return this.#emptyDir(pod, volume.name, volume.emptyDir, facts);
    if (volume.hostPath !== undefined) {
      await checkHostPath(files, volume.hostPath.path, volume.hostPath.type);
      return { hostPath: volume.hostPath.path, readonly: false };
    }
    if (volume.image !== undefined) return { hostPath: '', readonly: true, image: volume.image.reference ?? '' };
    const claim = volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata.name}-${volume.name}`;
    if (claim === undefined) throw new VolumeError('no volume plugin matched');
    return this.#claims.setUp(pod, volume, claim, facts);
  }

  async #emptyDir(pod: Pod, name: string, source: NonNullable<Volume['emptyDir']>, facts: PodFacts): Promise<MountedVolume> {
    const { files } = this.#options;
    const path = `${this.directory(pod.metadata.uid ?? '')}/volumes/kubernetes.io~empty-dir/${name}`;
    const problem = hugePagesProblem(pod, source.medium);
    if (problem !== undefined) throw new VolumeError(problem);
    const isNew = (await files.stat(path)) === undefined;
    if (isNew) {
      await files.makeDirectory(path);
      await files.chmod(path, 0o777);
    }
    if (source.medium === 'Memory') await files.mountMemory(path, memorySize(pod, source.sizeLimit, facts));
    const group = pod.spec.securityContext?.fsGroup;
    if (isNew && group !== undefined) await giveToGroup(files, path, group);
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
    for (const nested of nestedMountPoints(pod, volume.name)) await files.makeDirectory(`${path}/${nested}`, 0o755);
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    await writeAtomically(files, path, payload, fsGroup === undefined ? {} : { fsGroup }, clock.now(), this.#serial++);
    return { hostPath: path, readonly: true };
  }
}

/** What is to be told: of what could not be found out all at once, of the rest one by one. */
function mountErrors(failures: ReadonlyMap<string, unknown>): readonly MountError[] {
  const names = (of: Iterable<readonly [string, unknown]>): string =>
    [...of]
      .map(([name]) => name)
      .toSorted()
      .join(' ');
  const unresolved = [...failures].filter(([, error]) => error instanceof ClaimError);
  const errors = [...failures].flatMap(([name, error]): readonly MountError[] => {
    if (error instanceof ClaimError) return [];
    const text = error instanceof Error ? error.message : String(error);
    // A volume of a claim is told of by its own name.
    const { step = 'MountVolume.SetUp', of = name } = error instanceof StepError ? error : {};
    const reason = step.startsWith('MapVolume') && !step.includes('NodeAffinity') ? 'FailedMapVolume' : 'FailedMount';
    return [{ reason, message: `${step} failed for volume "${of}" : ${text}`, unresolved: false }];
  });
  if (unresolved.length === 0) return errors;
  const why = [...new Set(unresolved.map(([, error]) => (error as ClaimError).message))].toSorted().join('; ');
  const lists = `unmounted volumes=[${names(failures)}], unattached volumes=[], failed to process volumes=[${names(unresolved)}]`;
  return [...errors, { reason: 'FailedMount', message: `Unable to attach or mount volumes: ${lists}: ${why}`, unresolved: true }];
}

/** Memory is bounded by the volume's own limit, by that of the pod, by what the node can give: whatever is least. */
function memorySize(pod: Pod, limit: string | undefined, { allocatable }: PodFacts): number | undefined {
  const own = limit === undefined ? 0 : value(limit);
  const node = allocatable['memory'] === undefined ? 0 : value(allocatable['memory']);
  const bounds = [own, podCgroupValues(pod).memoryLimitBytes ?? 0, node].filter((bytes) => bytes > 0);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

/** Why there can be no volume of huge pages; undefined for other media too. */
function hugePagesProblem({ spec }: Pod, medium = ''): string | undefined {
  if (!medium.startsWith('HugePages')) return undefined;
  const all = [
    spec.resources,
    ...spec.containers.map(({ resources }) => resources),
    ...(spec.initContainers ?? []).map((one) => one.resources),
  ];
  const sizes = new Set(all.flatMap((one) => Object.keys(one?.requests ?? {}).filter((name) => name.startsWith('hugepages-'))));
  if (medium !== 'HugePages' ? sizes.has(medium.replace('HugePages-', 'hugepages-')) : sizes.size === 1) return undefined;
  if (medium === 'HugePages' && sizes.size > 1) return `medium: ${medium} can't be used if container requests multiple huge page sizes`;
  return `medium ${medium}: hugePages storage requested, but there is no resource request for huge pages`;
}
