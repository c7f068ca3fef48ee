// Owns the cgroups that pods leave behind: runtimes make them and do not take them away. It refuses to touch any but empty ones.
import { readdir, rmdir } from 'node:fs/promises';

/** What becomes of a pod's cgroup. */
export interface PodCgroups {
  /** Removes the cgroup at this path (`/kubepods/burstable/pod<uid>`) with all below it, in every hierarchy. What is in use stays. Never rejects. */
  remove(path: string): Promise<void>;
}

/** For nodes whose pods have no cgroups. */
export const noCgroups: PodCgroups = { remove: async () => {} };

const mountPoint = '/sys/fs/cgroup';

async function directoriesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${path}/${name}`);
}

async function removeTree(path: string): Promise<void> {
  for (const child of await directoriesOf(path)) await removeTree(child);
  await rmdir(path).catch(() => {});
}

/** The machine's cgroups, version 1 (a hierarchy a controller) or 2 (one). */
export const machineCgroups: PodCgroups = {
  async remove(path) {
    if (!/\/pod[\w-]+$/.test(path) || path.includes('..')) return;
    const hierarchies = [mountPoint, ...(await directoriesOf(mountPoint))];
    for (const hierarchy of hierarchies) await removeTree(`${hierarchy}${path}`);
  },
};
