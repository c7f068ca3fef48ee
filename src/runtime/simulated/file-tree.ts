// Owns a tree of files in memory with symlinks and mounts, by inodes as Linux has them. It records owners and modes, and refuses to enforce them.
import { type ErrnoCode, errno } from './errno.ts';

/** What every inode has. `watchers` are told of each change. */
interface Inode {
  readonly inode: number;
  mode: number;
  uid: number;
  gid: number;
  modifiedAtMs: number;
  watchers?: Set<() => void>;
}

/** A file: the first `sizeBytes` of `bytes` are its content. */
export interface FileInode extends Inode {
  readonly kind: 'file';
  bytes: Uint8Array;
  sizeBytes: number;
}

/** A directory and its entries by name. */
export interface DirectoryInode extends Inode {
  readonly kind: 'directory';
  readonly entries: Map<string, AnyInode>;
}

/** A symbolic link; its target need not exist. */
export interface SymlinkInode extends Inode {
  readonly kind: 'symlink';
  readonly target: string;
}

/** A device, a pipe to the process or the like: `name` says which (`null`, `zero`, `stdout` …). */
export interface DeviceInode extends Inode {
  readonly kind: 'device';
  readonly name: string;
}

/** Whatever can be at a path. */
export type AnyInode = FileInode | DirectoryInode | SymlinkInode | DeviceInode;

/** What is mounted: its root, and where it was mounted. */
export interface MountEntry {
  readonly path: string;
  readonly root: AnyInode;
  readonly readonly: boolean;
  /** The bound of a memory filesystem. */
  readonly sizeBytes?: number;
  readonly memory: boolean;
}

/** Where a path ends: what is there, the directory that holds it, and what it is mounted on. */
export class Place {
  readonly name: string;
  readonly parent: DirectoryInode;
  readonly inode: AnyInode | undefined;
  readonly mount: MountEntry | undefined;
  readonly #walked: string;

  /** `walked` has no symlinks but perhaps the last, and no steps up. */
  constructor(walked: string, name: string, parent: DirectoryInode, inode: AnyInode | undefined, mount: MountEntry | undefined) {
    this.#walked = walked;
    this.name = name;
    this.parent = parent;
    this.inode = inode;
    this.mount = mount;
  }

  get path(): string {
    const parts = this.#walked.split('/').filter((part) => part !== '' && part !== '.');
    return `/${parts.join('/')}`;
  }

  /** Whether the way there is read-only. */
  get readonly(): boolean {
    return this.mount?.readonly ?? false;
  }
}

/** The last part of a path that ends with a slash. */
const lastPart = /[^/]+\/+(?:\.\/+)*$/;
const [slash, dot] = [0x2f, 0x2e];

/** Where the next part begins at or after an offset; the path's length where there is none. */
function partStart(path: string, from: number): number {
  let at = from;
  while (at < path.length) {
    const isDot = path.charCodeAt(at) === dot && (at + 1 === path.length || path.charCodeAt(at + 1) === slash);
    if (!isDot && path.charCodeAt(at) !== slash) return at;
    at++;
  }
  return at;
}

function partEnd(path: string, start: number): number {
  const end = path.indexOf('/', start);
  return end === -1 ? path.length : end;
}

let lastInode = 1;

/** A new, empty directory that belongs to nobody yet. */
export function newDirectory(nowMs: number, mode = 0o755): DirectoryInode {
  return { kind: 'directory', inode: ++lastInode, mode, uid: 0, gid: 0, modifiedAtMs: nowMs, entries: new Map() };
}

/** Tells those who watch an inode that it changed. */
export function touched(inode: AnyInode, nowMs: number): void {
  inode.modifiedAtMs = nowMs;
  if (inode.watchers !== undefined) for (const watcher of [...inode.watchers]) watcher();
}

/** One view of files: a root, and what is mounted where. Synchronous; a container's tree sees its node's mounts through `outer`. */
export class FileTree {
  readonly root: DirectoryInode;
  readonly #now: () => number;
  readonly #outer: FileTree | undefined;
  readonly #mounts = new Map<AnyInode, MountEntry>();

  constructor(now: () => number, outer?: FileTree) {
    this.#now = now;
    this.#outer = outer;
    this.root = newDirectory(now());
  }

  /** Finds a path; `follow` says whether a symlink at its end is followed. The parent must exist (ENOENT, ENOTDIR). */
  find(path: string, call: string, follow = true): Place {
    const place = this.#walk(path, follow, 0);
    if (typeof place === 'string') throw errno(place, call, path);
    return place;
  }

  /**
   * Walked by every call many times a pod: the text is read in place, paths are put together where somebody needs them, and errors by whoever
   * throws them. A symlink, or a step up, is walked as the path that it stands for: all before it are directories, or were replaced before.
   */
  #walk(path: string, follow: boolean, links: number): Place | ErrnoCode {
    if (links > 40) return 'ELOOP';
    let mount = this.#mountOn(this.root);
    let here: DirectoryInode = mount?.root.kind === 'directory' ? mount.root : this.root;
    let start = partStart(path, 0);
    if (start === path.length) return new Place(path, '', here, here, mount);
    for (;;) {
      const end = partEnd(path, start);
      const part = path.slice(start, end);
      if (part === '..') return this.#walk(`${path.slice(0, start).replace(lastPart, '')}${path.slice(end)}`, follow, links);
      const next = partStart(path, end);
      const last = next === path.length;
      const entry = here.entries.get(part);
      if (entry?.kind === 'symlink' && (!last || follow)) {
        const base = entry.target.startsWith('/') ? '' : path.slice(0, start);
        return this.#walk(`${base}/${entry.target}/${path.slice(end)}`, follow, links + 1);
      }
      const covered = entry === undefined ? undefined : this.#mountOn(entry);
      const inode = covered?.root ?? entry;
      mount = covered ?? mount;
      if (last) return new Place(path, part, here, inode, mount);
      if (inode === undefined) return 'ENOENT';
      if (inode.kind !== 'directory') return 'ENOTDIR';
      here = inode;
      start = next;
    }
  }

  #mountOn(inode: AnyInode): MountEntry | undefined {
    const mount = this.#mounts.get(inode);
    return mount !== undefined || this.#outer === undefined ? mount : this.#outer.#mountOn(inode);
  }

  /** What is at a path, or undefined where it or a part of the way is missing. */
  lookup(path: string, follow = true): AnyInode | undefined {
    const place = this.#walk(path, follow, 0);
    return typeof place === 'string' ? undefined : place.inode;
  }

  file(path: string, call = 'open'): FileInode {
    const { inode } = this.find(path, call);
    if (inode === undefined) throw errno('ENOENT', call, path);
    if (inode.kind === 'directory') throw errno('EISDIR', 'read', path);
    if (inode.kind !== 'file') throw errno('EINVAL', 'read', path);
    return inode;
  }

  directory(path: string, call = 'scandir'): DirectoryInode {
    const { inode } = this.find(path, call);
    if (inode === undefined) throw errno('ENOENT', call, path);
    if (inode.kind !== 'directory') throw errno('ENOTDIR', call, path);
    return inode;
  }

  /** The bytes of a file: a view that must not be written to. */
  read(path: string): Uint8Array {
    const file = this.file(path);
    return file.bytes.subarray(0, file.sizeBytes);
  }

  makeDirectory(path: string, mode = 0o755): DirectoryInode {
    return this.#makeAt(this.find(path, 'mkdir'), path, mode);
  }

  #makeAt({ inode, parent, name, readonly }: Place, path: string, mode: number): DirectoryInode {
    if (inode !== undefined) throw errno('EEXIST', 'mkdir', path);
    if (readonly) throw errno('EROFS', 'mkdir', path);
    const made = newDirectory(this.#now(), mode);
    parent.entries.set(name, made);
    touched(parent, this.#now());
    return made;
  }

  /** Makes a directory and what is missing on the way to it, that with the usual mode. */
  makeDirectories(path: string, mode = 0o755): void {
    const place = this.#walk(path, true, 0);
    if (place instanceof Place) {
      if (place.inode === undefined) this.#makeAt(place, path, mode);
      else if (place.inode.kind !== 'directory') throw errno('EEXIST', 'mkdir', path);
      return;
    }
    const above = path.replace(/[^/]+\/*$/, '');
    if (place !== 'ENOENT' || above === path) throw errno(place, 'mkdir', path);
    this.makeDirectories(above);
    this.makeDirectories(path, mode);
  }

  /** Opens a file for writing, made where it is missing, with `parents` the directories above it too. `truncate` empties it. */
  open(
    path: string,
    options: { readonly truncate?: boolean; readonly mode?: number; readonly parents?: boolean } = {},
  ): OpenFile | DeviceInode {
    const found = this.#walk(path, true, 0);
    if (found === 'ENOENT' && options.parents === true) this.makeDirectories(path.replace(/[^/]+\/*$/, ''));
    const place = typeof found === 'string' ? this.find(path, 'open') : found;
    if (place.inode?.kind === 'directory') throw errno('EISDIR', 'open', path);
    if (place.inode?.kind === 'device') return place.inode;
    if (place.readonly) throw errno('EROFS', 'open', path);
    if (place.name === '' || place.inode?.kind === 'symlink') throw errno('EINVAL', 'open', path);
    let file = place.inode;
    if (file === undefined) {
      file = {
        kind: 'file',
        inode: ++lastInode,
        mode: options.mode ?? 0o644,
        uid: 0,
        gid: 0,
        modifiedAtMs: this.#now(),
        bytes: new Uint8Array(),
        sizeBytes: 0,
      };
      place.parent.entries.set(place.name, file);
      touched(place.parent, this.#now());
    } else if (options.truncate === true) {
      file.sizeBytes = 0;
      file.bytes = new Uint8Array();
      touched(file, this.#now());
    }
    return new OpenFile(file, place, this.#now);
  }

  /** Replaces a file's content; answers what was written to. What is written to a device is gone. */
  write(path: string, content: Uint8Array | string, mode?: number, parents = false): FileInode | DeviceInode {
    const open = this.open(path, { truncate: true, parents, ...(mode === undefined ? {} : { mode }) });
    if (!(open instanceof OpenFile)) return open;
    if (mode !== undefined) open.file.mode = mode;
    open.append(typeof content === 'string' ? Buffer.from(content) : content);
    return open.file;
  }

  symlink(target: string, path: string): void {
    const place = this.find(path, 'symlink', false);
    if (place.inode !== undefined) throw errno('EEXIST', 'symlink', path);
    if (place.readonly) throw errno('EROFS', 'symlink', path);
    place.parent.entries.set(place.name, {
      kind: 'symlink',
      inode: ++lastInode,
      mode: 0o777,
      uid: 0,
      gid: 0,
      modifiedAtMs: this.#now(),
      target,
    });
    touched(place.parent, this.#now());
  }

  device(path: string, name: string): void {
    const { parent, name: entry } = this.find(path, 'mknod');
    parent.entries.set(entry, { kind: 'device', inode: ++lastInode, mode: 0o666, uid: 0, gid: 0, modifiedAtMs: this.#now(), name });
  }

  rename(from: string, to: string): void {
    const source = this.find(from, 'rename', false);
    const target = this.find(to, 'rename', false);
    if (source.inode === undefined) throw errno('ENOENT', 'rename', from);
    if (source.readonly || target.readonly) throw errno('EROFS', 'rename', from);
    if (this.#covers(source.inode) || (target.inode !== undefined && this.#covers(target.inode))) throw errno('EBUSY', 'rename', from);
    if (source.inode === target.inode) return;
    if (target.inode?.kind === 'directory') {
      if (source.inode.kind !== 'directory') throw errno('EISDIR', 'rename', to);
      if (target.inode.entries.size > 0) throw errno('ENOTEMPTY', 'rename', to);
    } else if (target.inode !== undefined && source.inode.kind === 'directory') throw errno('ENOTDIR', 'rename', to);
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, source.inode);
    for (const changed of new Set([source.inode, target.inode, source.parent, target.parent]))
      if (changed !== undefined) touched(changed, this.#now());
  }

  /** Removes what is there; a directory only where it is empty or `recursive` is asked for. Never crosses a mount (EBUSY). */
  remove(path: string, recursive: boolean): void {
    const place = this.find(path, 'rm', false);
    if (place.inode === undefined) throw errno('ENOENT', 'rm', path);
    if (place.name === '' || this.#covers(place.inode)) throw errno('EBUSY', 'rm', path);
    if (place.readonly) throw errno('EROFS', 'rm', path);
    if (place.inode.kind === 'directory') {
      if (!recursive && place.inode.entries.size > 0) throw errno('ENOTEMPTY', 'rmdir', path);
      for (const name of [...place.inode.entries.keys()]) this.remove(`${place.path}/${name}`, true);
    }
    place.parent.entries.delete(place.name);
    touched(place.inode, this.#now());
    touched(place.parent, this.#now());
  }

  #covers(root: AnyInode): boolean {
    for (const mount of this.#mounts.values()) if (mount.root === root) return true;
    return false;
  }

  /** Puts a directory or file over what is at `path`, which must exist. */
  mount(
    path: string,
    root: AnyInode,
    options: { readonly readonly: boolean; readonly sizeBytes?: number; readonly memory?: boolean },
  ): void {
    const { inode, path: where } = this.find(path, 'mount');
    if (inode === undefined) throw errno('ENOENT', 'mount', path);
    const { readonly, sizeBytes, memory = false } = options;
    this.#mounts.set(inode, { path: where, root, readonly, memory, ...(sizeBytes === undefined ? {} : { sizeBytes }) });
  }

  unmount(path: string): void {
    const where = this.find(path, 'umount').path;
    const found = [...this.#mounts].findLast(([, mount]) => mount.path === where);
    if (found === undefined) throw errno('EINVAL', 'umount', path);
    this.#mounts.delete(found[0]);
  }

  mounts(): readonly MountEntry[] {
    return [...this.#mounts.values()];
  }

  /** Makes `/` read-only, but for what is mounted. */
  freezeRoot(): void {
    this.#mounts.set(this.root, { path: '/', root: this.root, readonly: true, memory: false });
  }

  /** Bytes and inodes at and below an inode, with what is mounted there unless `across` is false. */
  usage(inode: AnyInode, across = true): { usedBytes: number; inodesUsed: number } {
    if (inode.kind !== 'directory') return { usedBytes: inode.kind === 'file' ? inode.sizeBytes : 0, inodesUsed: 1 };
    const total = { usedBytes: 0, inodesUsed: 1 };
    for (const entry of inode.entries.values()) {
      const below = this.usage((across ? this.#mountOn(entry)?.root : undefined) ?? entry, across);
      total.usedBytes += below.usedBytes;
      total.inodesUsed += below.inodesUsed;
    }
    return total;
  }
}

/** A file open for writing. Keeps working when the file is renamed or removed, as a descriptor does. */
export class OpenFile {
  readonly file: FileInode;
  readonly #place: Place;
  readonly #now: () => number;

  constructor(file: FileInode, place: Place, now: () => number) {
    this.file = file;
    this.#place = place;
    this.#now = now;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const { file } = this;
    const { mount, path, parent } = this.#place;
    if (mount?.sizeBytes !== undefined && usedBelow(mount.root) + bytes.length > mount.sizeBytes) throw errno('ENOSPC', 'write', path);
    const size = file.sizeBytes + bytes.length;
    if (size > file.bytes.length) {
      const grown = new Uint8Array(file.sizeBytes === 0 ? size : Math.max(size, file.bytes.length * 2));
      grown.set(file.bytes.subarray(0, file.sizeBytes));
      file.bytes = grown;
    }
    file.bytes.set(bytes, file.sizeBytes);
    file.sizeBytes = size;
    touched(file, this.#now());
    if (parent.watchers !== undefined) for (const watcher of [...parent.watchers]) watcher();
  }
}

function usedBelow(inode: AnyInode): number {
  if (inode.kind === 'file') return inode.sizeBytes;
  if (inode.kind !== 'directory') return 0;
  let total = 0;
  for (const entry of inode.entries.values()) total += usedBelow(entry);
  return total;
}
