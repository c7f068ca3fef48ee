// Owns what a pod's containers do with its volumes: which are mounted, which are devices, and which mounts lie within others. Pure.
import type { Pod } from '../../api/core/v1.ts';
import { allContainers } from '../all-containers.ts';

/** Names of the volumes that containers want: as files, and as block devices. A volume that nobody wants is never set up. */
export function volumeUses(pod: Pod): { readonly mounted: ReadonlySet<string>; readonly devices: ReadonlySet<string> } {
  const containers = allContainers(pod);
  return {
    mounted: new Set(containers.flatMap(({ volumeMounts }) => (volumeMounts ?? []).map(({ name }) => name))),
    devices: new Set(containers.flatMap(({ volumeDevices }) => (volumeDevices ?? []).map(({ name }) => name))),
  };
}

/**
 * Directories that have to be in a volume because others are mounted within it, by their paths there: a volume that nobody may write to
 * could not get them later. Of what is nested twice only the first.
 */
export function nestedMountPoints(pod: Pod, volume: string): ReadonlySet<string> {
  const nested = new Set<string>();
  for (const { volumeMounts = [] } of allContainers(pod)) {
    const paths = volumeMounts.map(({ mountPath }) => cleaned(mountPath)).toSorted();
    for (const { name, mountPath } of volumeMounts) {
      if (name !== volume) continue;
      const root = `${cleaned(mountPath)}/`;
      const within: string[] = [];
      for (const path of paths) {
        if (!path.startsWith(root) || within.some((other) => path.startsWith(`${other}/`))) continue;
        within.push(path);
        nested.add(path.slice(root.length));
      }
    }
  }
  return nested;
}

/** Without empty parts, dots, or steps back beyond the root. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
