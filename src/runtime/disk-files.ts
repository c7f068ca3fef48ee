// Owns a node's files on the real disk: NodeFiles over node:fs, mounts through mount(8) and umount(8) in this process's mount namespace.
import { execFile } from 'node:child_process';
import { chown, lstat, open, readdir, readFile, realpath, rm, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { type FileCalls, onDisk, onMemory } from './disk-calls.ts';
import { sharedWatches } from './disk-watches.ts';
import type { FileStat, NodeFiles } from './files.ts';

const run = promisify(execFile);
const mountMs = 30_000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** undefined instead of ENOENT and ENOTDIR. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Mount points from the text of /proc/self/mountinfo, in the order of mounting. Pure. */
export function mountPoints(mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path !== '')
    .map((path) => path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}

const below = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);

/** The files of the machine that this process runs on. Mounting and changing owners need root. */
export function diskFiles(): NodeFiles {
  return new DiskFiles();
}

class DiskFiles implements NodeFiles {
  /** Where memory has been mounted. Bound: the mounts of this machine. */
  readonly #memory = new Set<string>();

  #calls(path: string): FileCalls {
    for (const root of this.#memory) if (path.startsWith(root) && path[root.length] === '/') return onMemory;
    return onDisk;
  }

  async stat(path: string): Promise<FileStat | undefined> {
    const stat = await unlessMissing(this.#calls(path).lstat(path));
    if (stat === undefined) return undefined;
    const kind = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'symlink'
          : stat.isSocket()
            ? 'socket'
            : stat.isBlockDevice()
              ? 'blockDevice'
              : stat.isCharacterDevice()
                ? 'charDevice'
                : 'other';
    return { kind, sizeBytes: stat.size, mode: stat.mode & 0o7777, gid: stat.gid, inode: stat.ino };
  }

  resolve(path: string): Promise<string | undefined> {
    return unlessMissing(realpath(path));
  }

  async makeDirectory(path: string, mode?: number): Promise<void> {
    const calls = this.#calls(path);
    const made = await calls.mkdir(path);
    // The mode of mkdir is cut by the umask, and would be that of the missing parents too.
    if (made !== undefined && mode !== undefined) await calls.chmod(path, mode);
  }

  async writeFile(
    path: string,
    content: Uint8Array | string,
    options: { readonly mode?: number; readonly uid?: number; readonly gid?: number } = {},
  ): Promise<void> {
    const calls = this.#calls(path);
    try {
      await calls.write(path, content, options.mode);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await calls.mkdir(dirname(path));
      await calls.write(path, content, options.mode);
    }
    if (options.uid !== undefined || options.gid !== undefined) await chown(path, options.uid ?? -1, options.gid ?? -1);
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#calls(path).readFile(path);
  }

  async readAt(path: string, offset: number, length: number): Promise<Uint8Array> {
    await using file = await open(path, 'r');
    const buffer = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  list(path: string): Promise<readonly string[]> {
    return this.#calls(path).readdir(path);
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#calls(path).symlink(target, path);
  }

  readLink(path: string): Promise<string> {
    return this.#calls(path).readlink(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#calls(from).rename(from, to);
  }

  async remove(path: string): Promise<void> {
    const calls = this.#calls(path);
    const stat = await unlessMissing(calls.lstat(path));
    if (stat === undefined) return;
    if (!stat.isDirectory()) return void (await unlessMissing(calls.unlink(path)));
    const mounts = await this.mountsBelow(path);
    if (mounts.length === 0) return rm(path, { recursive: true, force: true });
    await this.#removeAround(path, new Set(mounts));
    const error: NodeJS.ErrnoException = new Error(`EBUSY: ${mounts[0]} is mounted, remove '${path}'`);
    throw Object.assign(error, { code: 'EBUSY', syscall: 'remove', path });
  }

  /** Removes all but the mount points and what leads to them. */
  async #removeAround(path: string, mounts: ReadonlySet<string>): Promise<void> {
    if (mounts.has(path)) return;
    if (![...mounts].some((mount) => below(mount, path))) return rm(path, { recursive: true, force: true });
    for (const name of await readdir(path)) await this.#removeAround(`${path}/${name}`, mounts);
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#calls(path).chmod(path, mode);
  }

  async chown(path: string, uid: number, gid: number, options: { readonly recursive?: boolean } = {}): Promise<void> {
    await this.#calls(path).lchown(path, uid, gid);
    if (options.recursive !== true || (await this.stat(path))?.kind !== 'directory') return;
    for (const name of await readdir(path)) await this.chown(`${path}/${name}`, uid, gid, options);
  }

  async mountMemory(path: string, sizeBytes: number | undefined): Promise<void> {
    const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
    if (!(await this.#isMounted(path))) await run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', path], { timeout: mountMs });
    this.#memory.add(path);
  }

  async bindMount(from: string, to: string, readonly: boolean): Promise<void> {
    if (await this.#isMounted(to)) return;
    await run('mount', ['--bind', from, to], { timeout: mountMs });
    if (readonly) await run('mount', ['-o', 'remount,bind,ro', to], { timeout: mountMs });
  }

  async unmount(path: string): Promise<void> {
    this.#memory.delete(path);
    if (!(await this.#isMounted(path))) return;
    await run('umount', [path], { timeout: mountMs }).catch(() => run('umount', ['--lazy', path], { timeout: mountMs }));
  }

  async mountsBelow(path: string): Promise<readonly string[]> {
    const points = mountPoints(await readFile('/proc/self/mountinfo', 'utf8'));
    return points.filter((point) => below(point, path)).reverse();
  }

  async #isMounted(path: string): Promise<boolean> {
    return mountPoints(await readFile('/proc/self/mountinfo', 'utf8')).includes(path);
  }

  onChange(path: string, callback: () => void): Disposable {
    return sharedWatches.add(path, callback);
  }

  async usage(path: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }> {
    const seen = new Set<number>();
    let usedBytes = 0;
    const walk = async (at: string): Promise<void> => {
      const stat = await unlessMissing(lstat(at));
      if (stat === undefined || seen.has(stat.ino)) return;
      seen.add(stat.ino);
      usedBytes += stat.blocks * 512;
      if (!stat.isDirectory()) return;
      for (const name of (await unlessMissing(readdir(at))) ?? []) await walk(`${at}/${name}`);
    };
    await walk(path);
    return { usedBytes, inodesUsed: seen.size };
  }

  async capacity(
    path: string,
  ): Promise<{ readonly sizeBytes: number; readonly availableBytes: number; readonly inodes: number; readonly inodesFree: number }> {
    const { bsize, blocks, bavail, files, ffree } = await statfs(path);
    return { sizeBytes: bsize * blocks, availableBytes: bsize * bavail, inodes: files, inodesFree: ffree };
  }
}
