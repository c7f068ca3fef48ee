// Owns the errors that files in memory give, as `node:fs` throws them.

const texts = {
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  ENOTDIR: 'not a directory',
  EISDIR: 'illegal operation on a directory',
  ENOTEMPTY: 'directory not empty',
  ELOOP: 'too many symbolic links encountered',
  EINVAL: 'invalid argument',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EBUSY: 'resource busy or locked',
} as const;

/** The errors that files in memory can give. */
export type ErrnoCode = keyof typeof texts;

/** A NodeJS errno error, as `node:fs` throws them. */
export function errno(code: ErrnoCode, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${texts[code]}, ${call} '${path}'`), { code, syscall: call, path });
}
