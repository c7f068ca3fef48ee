// Owns the calls to the filesystem by which a node's files are read and written: for a disk, which may be slow, and for memory, where there is nothing to wait for.
import {
  chmodSync,
  closeSync,
  fchmodSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { chmod, lchown, lstat, mkdir, open, readdir, readFile, readlink, rename, symlink, unlink } from 'node:fs/promises';

/** What is done to single files. Rejects with NodeJS errno errors. */
export interface FileCalls {
  chmod(path: string, mode: number): Promise<void>;
  lchown(path: string, uid: number, gid: number): Promise<void>;
  lstat(path: string): Promise<Stats>;
  /** With missing parents; resolves with the first directory that was made, undefined for none. */
  mkdir(path: string): Promise<string | undefined>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string): Promise<Uint8Array>;
  readlink(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Replaces the content of a file in a directory that is there; the mode in spite of the umask. */
  write(path: string, content: Uint8Array | string, mode: number | undefined): Promise<void>;
}

/** Through the pool of threads, so that a slow disk holds nobody up. */
export const onDisk: FileCalls = {
  chmod,
  lchown,
  lstat,
  mkdir: (path) => mkdir(path, { recursive: true }),
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  unlink,
  async write(path, content, mode) {
    await using file = await open(path, 'w', mode);
    if (content.length > 0) await file.writeFile(content);
    if (mode !== undefined) await file.chmod(mode);
  },
};

/** At once: such a call takes microseconds, and a tenth of what a thread of the pool would cost. */
export const onMemory: FileCalls = {
  chmod: async (path, mode) => chmodSync(path, mode),
  lchown: async (path, uid, gid) => lchownSync(path, uid, gid),
  lstat: async (path) => lstatSync(path),
  mkdir: async (path) => mkdirSync(path, { recursive: true }),
  readdir: async (path) => readdirSync(path),
  readFile: async (path) => readFileSync(path),
  readlink: async (path) => readlinkSync(path),
  rename: async (from, to) => renameSync(from, to),
  symlink: async (target, path) => symlinkSync(target, path),
  unlink: async (path) => unlinkSync(path),
  async write(path, content, mode) {
    const file = openSync(path, 'w', mode);
    try {
      writeFileSync(file, content);
      if (mode !== undefined) fchmodSync(file, mode);
    } finally {
      closeSync(file);
    }
  },
};
