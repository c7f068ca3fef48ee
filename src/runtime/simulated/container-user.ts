// Owns who the processes of a simulated container are.
import type { ContainerConfig } from '../runtime.ts';
import type { Surroundings } from './process.ts';

/** Who a container's processes are: as the pod says, else as the image does. Names are looked up in the usual /etc/passwd. */
export function userOf(security: ContainerConfig['security'], ofTheImage: string): Surroundings['user'] {
  const { runAsUser, runAsUsername, runAsGroup, supplementalGroups } = security;
  const [name = '', ofImage] = ofTheImage.split(':');
  const named: Readonly<Record<string, number>> = { '': 0, root: 0, nginx: 101, nobody: 65534 };
  const numberOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : (named[text] ?? 0));
  const uid = runAsUser ?? numberOf(runAsUsername ?? name);
  const gid = runAsGroup ?? (ofImage === undefined ? (runAsUser === undefined ? (named[name] ?? 0) : 0) : numberOf(ofImage));
  return { uid, gid, groups: [...new Set([gid, ...supplementalGroups])].sort((a, b) => a - b) };
}
