// Owns hostPath volumes: the check of each type, and what it may make. Messages are upstream's.
import type { FileStat, NodeFiles } from '../../runtime/files.ts';
import { VolumeError } from './volume-errors.ts';

const wanted: Readonly<Record<string, { readonly kind: FileStat['kind']; readonly words: string }>> = {
  Directory: { kind: 'directory', words: 'a directory' },
  DirectoryOrCreate: { kind: 'directory', words: 'a directory' },
  File: { kind: 'file', words: 'a file' },
  FileOrCreate: { kind: 'file', words: 'a file' },
  Socket: { kind: 'socket', words: 'a socket file' },
  CharDevice: { kind: 'charDevice', words: 'a character device' },
  BlockDevice: { kind: 'blockDevice', words: 'a block device' },
};

/** Makes sure that `path` is what `type` says, making it where the type allows. Throws VolumeError where it is something else. */
export async function checkHostPath(files: NodeFiles, path: string, type: string | undefined): Promise<void> {
  const want = wanted[type ?? ''];
  if (want === undefined) return;
  const real = await files.resolve(path);
  const stat = real === undefined ? undefined : await files.stat(real);
  if (stat === undefined && type === 'DirectoryOrCreate') return files.makeDirectory(path, 0o755);
  if (stat === undefined && type === 'FileOrCreate') return files.writeFile(path, '', { mode: 0o644 });
  if (stat?.kind !== want.kind) throw new VolumeError(`hostPath type check failed: ${path} is not ${want.words}`);
}
