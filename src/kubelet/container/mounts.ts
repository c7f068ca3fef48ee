// Owns a container's mounts: volumes with sub-paths, the hosts file, the termination message. It makes what has to be there before the start.
import type { Pod } from '../../api/core/v1.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { Device, Mount } from '../../runtime/runtime.ts';
import { ConfigError } from '../env/downward.ts';
import { expand } from '../env/expand.ts';
import type { Member } from '../pod/model.ts';
import type { MountedVolume } from '../volumes/pod-volumes.ts';

const propagations = { HostToContainer: 'hostToContainer', Bidirectional: 'bidirectional', None: 'private' } as const;

export interface MountInput {
  readonly pod: Pod;
  readonly member: Member;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  /** Ids of images that are volumes, by name. */
  readonly images: ReadonlyMap<string, string>;
  readonly environment: ReadonlyMap<string, string>;
  readonly hostsPath: string;
  readonly messageFile: string;
}

/** All mounts of a container. Rejects with ConfigError where one of them cannot be. */
export async function mountsOf(input: MountInput, files: NodeFiles): Promise<readonly Mount[]> {
  const { member, volumes } = input;
  const mounts: Mount[] = [];
  for (const mount of member.spec.volumeMounts ?? []) {
    const volume = volumes.get(mount.name);
    if (volume === undefined || volume.device !== undefined)
      throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${member.spec.name}"`);
    if (mount.recursiveReadOnly === 'Enabled') {
      const why = `volume "${mount.name}" requested recursive read-only mode, but it is not supported by the runtime`;
      throw new ConfigError(`failed to resolve recursive read-only mode: ${why}`);
    }
    const sub = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expandStrictly(mount.subPathExpr, input.environment);
    mounts.push({
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      ...(volume.image === undefined ? {} : { image: { id: input.images.get(volume.image) ?? volume.image, subPath: sub } }),
      hostPath:
        sub === '' || volume.image !== undefined
          ? volume.hostPath
          : await subPathOf(
              files,
              volume.hostPath,
              sub,
              `volumeMount ${JSON.stringify(mount.name)} of container ${JSON.stringify(member.spec.name)}`,
            ),
      readonly: mount.readOnly === true || volume.readonly,
      propagation: propagations[mount.mountPropagation ?? 'None'],
    });
  }
  const { terminationMessagePath = '/dev/termination-log' } = member.spec;
  await files.writeFile(input.messageFile, '', { mode: 0o666 });
  mounts.push({ containerPath: terminationMessagePath, hostPath: input.messageFile, readonly: false, propagation: 'private' });
  if (!mounts.some(({ containerPath }) => containerPath === '/etc/hosts')) {
    const readonly = member.spec.securityContext?.readOnlyRootFilesystem === true;
    mounts.push({ containerPath: '/etc/hosts', hostPath: input.hostsPath, readonly, propagation: 'private' });
  }
  return mounts;
}

/** The block devices of a container. Throws ConfigError where one of them cannot be. */
export function devicesOf({ spec }: Member, volumes: ReadonlyMap<string, MountedVolume>): readonly Device[] {
  return (spec.volumeDevices ?? []).map(({ name, devicePath }) => {
    if (!devicePath.startsWith('/')) throw new ConfigError(`error DevicePath \`${devicePath}\` must be an absolute path`);
    const volume = volumes.get(name);
    if (volume?.device === undefined) throw new ConfigError(`cannot find volume "${name}" to pass into container "${spec.name}"`);
    return { hostPath: volume.device, containerPath: devicePath, permissions: volume.readonly ? 'r' : 'mrw' };
  });
}

/** In a path a variable that is not there, or is empty, is an error: who refers to it means a directory of their own. */
function expandStrictly(text: string, environment: ReadonlyMap<string, string>): string {
  const missing = new Set<string>();
  const path = expand(text, (name) => {
    const value = environment.get(name) ?? '';
    if (value === '') missing.add(name);
    return value;
  });
  if (missing.size > 0) throw new ConfigError(`missing value for ${[...missing].sort().join(', ')}`);
  return path;
}

/** The node's path of a sub-path: made where it is missing, and never outside the volume, whatever links say. */
async function subPathOf(files: NodeFiles, volume: string, sub: string, what: string): Promise<string> {
  if (sub.startsWith('/')) throw new ConfigError(`error SubPath \`${sub}\` must not be an absolute path`);
  if (sub.split('/').includes('..')) throw new ConfigError(`unable to provision SubPath \`${sub}\`: must not contain '..'`);
  const root = (await files.resolve(volume)) ?? volume;
  let path = root;
  for (const part of sub.split('/').filter((piece) => piece !== '' && piece !== '.')) {
    const next = `${path}/${part}`;
    const real = await files.resolve(next);
    if (real === undefined) {
      const parent = await files.stat(path);
      if (parent !== undefined && parent.kind !== 'directory') throw new ConfigError(`failed to prepare subPath for ${what}`);
      try {
        await files.makeDirectory(next);
        await files.chmod(next, (parent?.mode ?? 0o755) & 0o777);
      } catch {
        // What is wrong there is the node's own affair.
        throw new ConfigError(`failed to create subPath directory for ${what}`);
      }
      path = next;
    } else {
      if (real !== root && !real.startsWith(`${root}/`)) throw new ConfigError(`failed to prepare subPath for ${what}`);
      path = real;
    }
  }
  return path;
}
