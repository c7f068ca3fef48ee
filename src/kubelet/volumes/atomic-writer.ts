// Owns how a volume's files are replaced all at once: a directory a version, `..data` pointing at it, names pointing through `..data`.
import type { NodeFiles } from '../../runtime/files.ts';
import { giveToGroup } from './ownership.ts';
import type { Payload } from './projection.ts';

/** Group that may read the files, where the pod has one for its volumes. */
export interface FileOwner {
  readonly fsGroup?: number;
}

function versionName(nowMs: number, serial: number): string {
  const iso = new Date(nowMs).toISOString();
  return `..${iso.slice(0, 19).replaceAll('-', '_').replace('T', '_').replaceAll(':', '_')}.${String(serial).padStart(9, '0')}`;
}

function topOf(path: string): string {
  return path.split('/')[0] ?? path;
}

async function current(files: NodeFiles, directory: string): Promise<string | undefined> {
  try {
    return await files.readLink(`${directory}/..data`);
  } catch {
    return undefined;
  }
}

async function isSame(files: NodeFiles, version: string, before: readonly string[], payload: Payload): Promise<boolean> {
  if (before.toSorted().join('\n') !== [...payload.keys()].toSorted().join('\n')) return false;
  for (const [path, file] of payload) {
    const stat = await files.stat(`${version}/${path}`);
    if (stat?.sizeBytes !== file.content.length) return false;
    if (Buffer.compare(await files.readFile(`${version}/${path}`), file.content) !== 0) return false;
  }
  return true;
}

async function walk(files: NodeFiles, directory: string, prefix = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await files.list(directory)) {
    const stat = await files.stat(`${directory}/${name}`);
    if (stat?.kind === 'directory') found.push(...(await walk(files, `${directory}/${name}`, `${prefix}${name}/`)));
    else found.push(prefix + name);
  }
  return found;
}

/**
 * Makes the volume show exactly `payload`. Readers see the old files or the new ones, never a mixture. Returns whether anything changed.
 * `serial` distinguishes versions written within one second.
 */
export async function writeAtomically(
  files: NodeFiles,
  directory: string,
  payload: Payload,
  owner: FileOwner,
  nowMs: number,
  serial: number,
): Promise<boolean> {
  const before = await current(files, directory);
  const old = before === undefined ? undefined : `${directory}/${before}`;
  const oldNames = old === undefined || (await files.stat(old)) === undefined ? [] : await walk(files, old);
  if (old !== undefined && (await isSame(files, old, oldNames, payload))) return false;
  const version = versionName(nowMs, serial);
  await files.makeDirectory(`${directory}/${version}`, 0o755);
  for (const [path, { content, mode, uid }] of payload)
    await files.writeFile(`${directory}/${version}/${path}`, content, { mode, ...(uid === undefined ? {} : { uid }) });
  if (owner.fsGroup !== undefined) await giveToGroup(files, directory, owner.fsGroup, { readonly: true });
  await files.remove(`${directory}/..data_tmp`);
  await files.symlink(version, `${directory}/..data_tmp`);
  await files.rename(`${directory}/..data_tmp`, `${directory}/..data`);
  const there = new Set(await files.list(directory));
  const wanted = new Set<string>();
  for (const [path, { uid }] of payload) {
    const name = topOf(path);
    if (!there.has(name) && !wanted.has(name)) {
      await files.symlink(`..data/${name}`, `${directory}/${name}`);
      if (uid !== undefined) await files.chown(`${directory}/${name}`, uid, -1);
    }
    wanted.add(name);
  }
  for (const name of new Set(oldNames.map(topOf))) if (!wanted.has(name)) await files.remove(`${directory}/${name}`);
  if (old !== undefined) await files.remove(old);
  return true;
}
