// Owns giving a volume's files to the group of a pod's volumes (fsGroup): who may what, and when it can be left as it is.
import type { FileStat, NodeFiles } from '../../runtime/files.ts';

/** How it is done. `readonly`: the group may only read. `onlyOnMismatch`: where the root looks right, all below it is taken to be so. */
export interface GroupAccess {
  readonly readonly?: boolean;
  readonly onlyOnMismatch?: boolean;
}

const setGroupId = 0o2000;

/** What the group is given of a directory, or of what is none. */
function wanted(kind: FileStat['kind'], readonly: boolean): number {
  const rights = readonly ? 0o440 : 0o660;
  return kind === 'directory' ? rights | 0o110 | setGroupId : rights;
}

/** Gives all at and below `path` to the group, the root last. Links change owner, but not what they lead to; nothing there is no error. */
export async function giveToGroup(files: NodeFiles, path: string, group: number, access: GroupAccess = {}): Promise<void> {
  const { readonly = false, onlyOnMismatch = false } = access;
  const stat = await files.stat(path);
  if (stat === undefined) return;
  if (onlyOnMismatch && stat.kind === 'directory') {
    const rights = wanted('directory', readonly);
    if (stat.gid === group && (stat.mode & rights) === rights) return;
  }
  if (stat.kind === 'directory')
    for (const name of await files.list(path)) await giveToGroup(files, `${path}/${name}`, group, { readonly });
  await files.chown(path, -1, group);
  if (stat.kind !== 'symlink') await files.chmod(path, stat.mode | wanted(stat.kind, readonly));
}
