// Owns the contract for a node's files as the kubelet needs them: volumes, hosts files, logs. Real nodes use the disk, simulated ones memory.

/** What is known of a path. `mode` has the permission bits only. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'blockDevice' | 'charDevice' | 'other';
  readonly sizeBytes: number;
  readonly mode: number;
  readonly gid: number;
  readonly inode: number;
}

/** A node's files. Paths are absolute. Methods reject with a NodeJS errno error (`code: 'ENOENT'` …), simulated ones too. */
export interface NodeFiles {
  /** Follows no symlink; undefined where nothing is there. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Follows symlinks; undefined where nothing is there. */
  resolve(path: string): Promise<string | undefined>;
  /** Makes missing parents. An existing directory is no error, and its mode is left alone. */
  makeDirectory(path: string, mode?: number): Promise<void>;
  /** Replaces the content, making missing parents. */
  writeFile(
    path: string,
    content: Uint8Array | string,
    options?: { readonly mode?: number; readonly uid?: number; readonly gid?: number },
  ): Promise<void>;
  readFile(path: string): Promise<Uint8Array>;
  /** Up to `length` bytes from `offset`; empty at the end. */
  readAt(path: string, offset: number, length: number): Promise<Uint8Array>;
  list(path: string): Promise<readonly string[]>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  /** Atomic within a filesystem; replaces what is there. */
  rename(from: string, to: string): Promise<void>;
  /** Recursive; nothing there is no error. Never crosses a mount. */
  remove(path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** Recursive where asked; used for fsGroup. */
  chown(path: string, uid: number, gid: number, options?: { readonly recursive?: boolean }): Promise<void>;
  /** A memory filesystem; `sizeBytes` bounds it. Mounted already is no error. */
  mountMemory(path: string, sizeBytes: number | undefined): Promise<void>;
  bindMount(from: string, to: string, readonly: boolean): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Paths of all mounts at or below `path`, deepest first. */
  mountsBelow(path: string): Promise<readonly string[]>;
  /** Calls back (at least once) after each change of the file or directory, until disposed. */
  onChange(path: string, callback: () => void): Disposable;
  /** Bytes in use below a path, and how much room its filesystem has. */
  usage(path: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }>;
  capacity(
    path: string,
  ): Promise<{ readonly sizeBytes: number; readonly availableBytes: number; readonly inodes: number; readonly inodesFree: number }>;
}
