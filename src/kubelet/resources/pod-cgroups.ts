// Owns pods' cgroups: made with their limits before anything runs in them, taken away when nothing does. It refuses to remove one that still holds anything of others.
import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CgroupValues, cgroupFiles } from './cgroup-values.ts';

/** What becomes of a pod's cgroup. */
export interface PodCgroups {
  /** Makes the cgroup at this path, where it is missing, and sets its values. Rejects where the kernel does not take them. */
  ensure(path: string, values: CgroupValues): Promise<void>;
  /** Bytes of memory that are in use at this path; undefined where nobody can tell. */
  memoryUsage(path: string): Promise<number | undefined>;
  /** Removes the cgroup at this path (`/kubepods/burstable/pod<uid>`) with all below it, in every hierarchy. What is in use stays: then false. Never rejects. */
  remove(path: string): Promise<boolean>;
}

/** For nodes whose pods have no cgroups. */
export const noCgroups: PodCgroups = { ensure: async () => {}, remove: async () => true, memoryUsage: async () => undefined };

const mountPoint = '/sys/fs/cgroup';

async function directoriesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${path}/${name}`);
}

/** Mostly there is nothing below any more, or nothing at all. */
async function removeTree(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'ENOENT') return true;
  }
  for (const child of await directoriesOf(path)) await removeTree(child);
  return rmdir(path).then(
    () => true,
    () => false,
  );
}

let known: Promise<readonly string[]> | undefined;

/** Where cgroups can be: they do not change while the machine runs. */
function hierarchies(): Promise<readonly string[]> {
  known ??= directoriesOf(mountPoint).then((found) => [mountPoint, ...found]);
  return known;
}

let unified: boolean | undefined;

/** Whether there is one hierarchy, of version 2: that does not change either. */
function isUnified(): boolean {
  unified ??= existsSync(`${mountPoint}/cgroup.controllers`);
  return unified;
}

/** In version 2 a cgroup has the controllers that its parents hand down. */
async function handDown(path: string): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '');
  for (let depth = 0; depth < parts.length; depth++) {
    const at = [mountPoint, ...parts.slice(0, depth)].join('/');
    await mkdir(at, { recursive: true });
    const has = (await readFile(`${at}/cgroup.controllers`, 'utf8')).split(/\s+/);
    const wanted = ['cpu', 'memory', 'pids', 'cpuset', 'hugetlb'].filter((name) => has.includes(name));
    await writeFile(`${at}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(' '));
  }
}

/** The machine's cgroups, version 1 (a hierarchy a controller) or 2 (one). */
export const machineCgroups: PodCgroups = {
  async ensure(path, values) {
    if (!path.startsWith('/') || path.includes('..')) throw new Error(`${path} is no cgroup`);
    const unified = isUnified();
    if (unified) await handDown(path);
    const made = new Map<string, boolean>();
    for (const { controller, file, text, usual } of cgroupFiles(values, unified ? 2 : 1)) {
      const directory = unified ? `${mountPoint}${path}` : `${mountPoint}/${controller}${path}`;
      if (!made.has(directory)) made.set(directory, (await mkdir(directory, { recursive: true })) !== undefined);
      // There is no disk to wait for: the kernel takes it at once.
      if (!usual || made.get(directory) === false) writeFileSync(`${directory}/${file}`, text);
    }
  },
  async memoryUsage(path) {
    for (const file of [`/memory${path}/memory.usage_in_bytes`, `${path}/memory.current`]) {
      const text = await readFile(`${mountPoint}${file}`, 'utf8').catch(() => '');
      if (text !== '') return Number(text);
    }
    return undefined;
  },
  async remove(path) {
    if (!/\/pod[\w-]+$/.test(path) || path.includes('..')) return true;
    const gone = await Promise.all((await hierarchies()).map((hierarchy) => removeTree(`${hierarchy}${path}`)));
    return gone.every((one) => one);
  },
};

/** Takes away the cgroups that pods' own were in (`/kubepods` and its classes), where no pod of any cluster is left there. Never rejects. */
export async function removeEmptyRoot(root: string): Promise<void> {
  for (const hierarchy of [mountPoint, ...(await directoriesOf(mountPoint))]) {
    for (const below of ['/burstable', '/besteffort', '']) await rmdir(`${hierarchy}${root}${below}`).catch(() => {});
    for (let above = dirname(root); above.length > 1; above = dirname(above)) await rmdir(`${hierarchy}${above}`).catch(() => {});
  }
}

/** Takes away all cgroups of a further node of this machine (`/node2`). What is in use stays. Never rejects. */
export async function removeNodeCgroups(node: string): Promise<void> {
  if (!/^node\d+$/.test(node)) return;
  for (const hierarchy of [mountPoint, ...(await directoriesOf(mountPoint))]) await removeTree(`${hierarchy}/${node}`);
}
