// Owns a node's files on the real disk: NodeFiles over node:fs, mounts through mount(8) and umount(8) in this process's mount namespace.
import { execFile } from 'node:child_process';
import { statSync, watch } from 'node:fs';
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import type { FileStat, NodeFiles } from './files.ts';

const run = promisify(execFile);
const mountMs = 30_000;
const looksAgainMs = 1000;

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
  async stat(path: string): Promise<FileStat | undefined> {
    const stat = await unlessMissing(lstat(path));
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
    return { kind, sizeBytes: stat.size, mode: stat.mode & 0o7777, inode: stat.ino };
  }

  resolve(path: string): Promise<string | undefined> {
    return unlessMissing(realpath(path));
  }

  async makeDirectory(path: string, mode?: number): Promise<void> {
    const made = await mkdir(path, { recursive: true });
    // The mode of mkdir is cut by the umask, and would be that of the missing parents too.
    if (made !== undefined && mode !== undefined) await chmod(path, mode);
  }

  async writeFile(
    path: string,
    content: Uint8Array | string,
    options: { readonly mode?: number; readonly uid?: number; readonly gid?: number } = {},
  ): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    if (options.mode !== undefined) await chmod(path, options.mode);
    if (options.uid !== undefined || options.gid !== undefined) await chown(path, options.uid ?? -1, options.gid ?? -1);
  }

  readFile(path: string): Promise<Uint8Array> {
    return readFile(path);
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
    return readdir(path);
  }

  symlink(target: string, path: string): Promise<void> {
    return symlink(target, path);
  }

  readLink(path: string): Promise<string> {
    return readlink(path);
  }

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  async remove(path: string): Promise<void> {
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
    return chmod(path, mode);
  }

  async chown(path: string, uid: number, gid: number, options: { readonly recursive?: boolean } = {}): Promise<void> {
    await lchown(path, uid, gid);
    if (options.recursive !== true || (await this.stat(path))?.kind !== 'directory') return;
    for (const name of await readdir(path)) await this.chown(`${path}/${name}`, uid, gid, options);
  }

  async mountMemory(path: string, sizeBytes: number | undefined): Promise<void> {
    if (await this.#isMounted(path)) return;
    const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
    await run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', path], { timeout: mountMs });
  }

  async bindMount(from: string, to: string, readonly: boolean): Promise<void> {
    if (await this.#isMounted(to)) return;
    await run('mount', ['--bind', from, to], { timeout: mountMs });
    if (readonly) await run('mount', ['-o', 'remount,bind,ro', to], { timeout: mountMs });
  }

  async unmount(path: string): Promise<void> {
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
    return shared.add(path, callback);
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

type Callback = () => void;

interface Watch {
  /** What to call, with the one entry of the directory that it is about (undefined: any). */
  readonly callbacks: Map<Callback, string | undefined>;
  open(): void;
  close(): void;
}

/**
 * Watches of one process: one inotify watch a directory, however many of its files are looked at. A file is told of by its directory, so that one
 * that is replaced or not there yet is seen too. Where the directory is missing or the kernel has no watch left, it looks every second instead.
 */
class SharedWatches {
  readonly #watches = new Map<string, Watch>();

  add(path: string, callback: Callback): Disposable {
    const inside = this.#join(path, undefined, () => callback());
    const beside = this.#join(dirname(path), basename(path), () => {
      this.#watches.get(path)?.open();
      callback();
    });
    return {
      [Symbol.dispose]: () => {
        inside();
        beside();
      },
    };
  }

  #join(directory: string, name: string | undefined, callback: Callback): () => void {
    const entry = this.#watches.get(directory) ?? this.#watch(directory, name !== undefined);
    entry.callbacks.set(callback, name);
    return () => {
      entry.callbacks.delete(callback);
      if (entry.callbacks.size > 0 || this.#watches.get(directory) !== entry) return;
      this.#watches.delete(directory);
      entry.close();
    };
  }

  /** `expected`: the directory ought to be there, so its absence is looked after. */
  #watch(directory: string, expected: boolean): Watch {
    const callbacks = new Map<Callback, string | undefined>();
    const tell = (changed: string | null): void => {
      for (const [callback, name] of [...callbacks]) if (name === undefined || changed === null || name === changed) callback();
    };
    let inode = 0;
    let stop = (): void => {};
    const close = (): void => {
      inode = 0;
      stop();
    };
    const look = (): void => {
      const timer = setInterval(() => {
        open();
        tell(null);
      }, looksAgainMs);
      timer.unref();
      stop = () => clearInterval(timer);
    };
    const open = (): void => {
      const stat = statSync(directory, { throwIfNoEntry: false });
      if (stat?.isDirectory() && stat.ino === inode) return;
      close();
      if (!stat?.isDirectory()) return expected ? look() : undefined;
      try {
        const watcher = watch(directory, { persistent: false }, (_, changed) => tell(changed));
        inode = stat.ino;
        stop = () => watcher.close();
        watcher.on('error', () => {
          close();
          look();
        });
      } catch {
        look();
      }
    };
    open();
    const entry: Watch = { callbacks, open, close };
    this.#watches.set(directory, entry);
    return entry;
  }
}

const shared = new SharedWatches();
