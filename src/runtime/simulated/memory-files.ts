// Owns a node's files in memory, for simulated nodes: the contract of NodeFiles on a FileTree. Nothing of it survives the process.
import type { Clock } from '../../base/clock.ts';
import type { FileStat, NodeFiles } from '../files.ts';
import { errno } from './errno.ts';
import { type AnyInode, FileTree, newDirectory } from './file-tree.ts';

/** Files in memory; `tree` is what simulated containers mount. */
export interface MemoryFiles extends NodeFiles {
  readonly tree: FileTree;
}

/** How much room a simulated node's disk claims to have. */
const diskBytes = 100 * 2 ** 30;
const diskInodes = 6_553_600;

/** An empty filesystem in memory. `clock` dates the files; without one they are dated 1970. */
export function memoryFiles(options: { readonly clock?: Clock } = {}): MemoryFiles {
  const now = (): number => options.clock?.now() ?? 0;
  const tree = new FileTree(now);
  const existing = (path: string, call: string, follow = true): AnyInode => {
    const { inode } = tree.find(path, call, follow);
    if (inode === undefined) throw errno('ENOENT', call, path);
    return inode;
  };
  const below = (path: string, root: string): boolean => path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
  const whole = (path: string): string => tree.find(path, 'stat').path;

  return {
    tree,
    async stat(path) {
      const inode = tree.lookup(path, false);
      return inode === undefined ? undefined : statOf(inode);
    },
    async resolve(path) {
      if (tree.lookup(path) === undefined) return undefined;
      return whole(path);
    },
    async makeDirectory(path, mode) {
      tree.makeDirectories(path, mode);
    },
    async writeFile(path, content, { mode, uid, gid } = {}) {
      const inode = tree.write(path, content, mode, true);
      if (uid !== undefined) inode.uid = uid;
      if (gid !== undefined) inode.gid = gid;
    },
    async readFile(path) {
      return tree.read(path).slice();
    },
    async readAt(path, offset, length) {
      return tree.read(path).slice(offset, offset + length);
    },
    async list(path) {
      return [...tree.directory(path).entries.keys()].sort();
    },
    async symlink(target, path) {
      tree.symlink(target, path);
    },
    async readLink(path) {
      const inode = existing(path, 'readlink', false);
      if (inode.kind !== 'symlink') throw errno('EINVAL', 'readlink', path);
      return inode.target;
    },
    async rename(from, to) {
      tree.rename(from, to);
    },
    async remove(path) {
      if (tree.lookup(path, false) !== undefined) tree.remove(path, true);
    },
    async chmod(path, mode) {
      existing(path, 'chmod').mode = mode & 0o7777;
    },
    async chown(path, uid, gid, { recursive = false } = {}) {
      const change = (inode: AnyInode): void => {
        if (uid >= 0) inode.uid = uid;
        if (gid >= 0) inode.gid = gid;
        if (recursive && inode.kind === 'directory') for (const entry of inode.entries.values()) change(entry);
      };
      change(existing(path, 'chown', false));
    },
    async mountMemory(path, sizeBytes) {
      const where = whole(path);
      if (tree.mounts().some((mount) => mount.memory && mount.path === where)) return;
      tree.mount(path, newDirectory(now(), 0o1777), { readonly: false, memory: true, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
    },
    async bindMount(from, to, readonly) {
      tree.mount(to, existing(from, 'mount'), { readonly });
    },
    async unmount(path) {
      tree.unmount(path);
    },
    async mountsBelow(path) {
      const root = tree.lookup(path) === undefined ? path : whole(path);
      return tree
        .mounts()
        .map((mount) => mount.path)
        .filter((mounted) => below(mounted, root))
        .sort((a, b) => b.length - a.length);
    },
    onChange(path, callback) {
      const inode = existing(path, 'watch');
      inode.watchers ??= new Set();
      // A set keeps functions once: each registration needs a function of its own.
      const watcher = (): void => callback();
      inode.watchers.add(watcher);
      return { [Symbol.dispose]: () => void inode.watchers?.delete(watcher) };
    },
    async usage(path) {
      return tree.usage(existing(path, 'stat'));
    },
    async capacity(path) {
      const { mount } = tree.find(path, 'statfs');
      const sizeBytes = mount?.sizeBytes ?? diskBytes;
      const used = tree.usage(mount?.root ?? tree.root);
      return {
        sizeBytes,
        availableBytes: Math.max(0, sizeBytes - used.usedBytes),
        inodes: diskInodes,
        inodesFree: diskInodes - used.inodesUsed,
      };
    },
  };
}

function statOf(inode: AnyInode): FileStat {
  const sizeBytes = inode.kind === 'file' ? inode.sizeBytes : inode.kind === 'symlink' ? inode.target.length : 0;
  return { kind: inode.kind === 'device' ? 'charDevice' : inode.kind, sizeBytes, mode: inode.mode, gid: inode.gid, inode: inode.inode };
}
