// Owns what files in memory do: links, mounts, bounds, changes seen, errors as Node has them.
import { expect, test } from 'vitest';
import { memoryFiles } from './memory-files.ts';

const read = async (files: ReturnType<typeof memoryFiles>, path: string): Promise<string> =>
  Buffer.from(await files.readFile(path)).toString();

test('files are written with their parents, read in parts, listed and removed', async () => {
  const files = memoryFiles();
  await files.writeFile('/a/b/f', 'hello', { mode: 0o600, uid: 5 });
  expect(await files.stat('/a/b/f')).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o600 });
  expect(Buffer.from(await files.readAt('/a/b/f', 1, 3)).toString()).toBe('ell');
  expect(await files.readAt('/a/b/f', 9, 3)).toHaveLength(0);
  expect(await files.list('/a')).toEqual(['b']);
  await files.remove('/a');
  await files.remove('/a');
  expect(await files.stat('/a/b/f')).toBeUndefined();
});

test('links are followed by resolve and read, not by stat; a swapped link shows the new directory', async () => {
  const files = memoryFiles();
  await files.writeFile('/v/..1/key', 'old');
  await files.writeFile('/v/..2/key', 'new');
  await files.symlink('..1', '/v/..data');
  await files.symlink('..data/key', '/v/key');
  expect((await files.stat('/v/key'))?.kind).toBe('symlink');
  expect(await files.resolve('/v/key')).toBe('/v/..1/key');
  expect(await read(files, '/v/key')).toBe('old');
  await files.symlink('..2', '/v/..data_tmp');
  await files.rename('/v/..data_tmp', '/v/..data');
  expect(await read(files, '/v/key')).toBe('new');
  expect(await files.resolve('/v/none')).toBeUndefined();
});

test.each<[string, string, (files: ReturnType<typeof memoryFiles>) => Promise<unknown>]>([
  ['reading nothing', 'ENOENT', (files) => files.readFile('/none')],
  ['reading a directory', 'EISDIR', (files) => files.readFile('/d')],
  ['listing a file', 'ENOTDIR', (files) => files.list('/d/f')],
  ['a path through a file', 'ENOTDIR', (files) => files.writeFile('/d/f/x/y', '')],
  ['linking over something', 'EEXIST', (files) => files.symlink('x', '/d/f')],
  ['a ring of links', 'ELOOP', (files) => files.readFile('/ring')],
  ['removing a mount', 'EBUSY', (files) => files.remove('/m')],
  ['more than a memory volume holds', 'ENOSPC', (files) => files.writeFile('/m/big', new Uint8Array(2000))],
])('%s is %s', async (_name, code, act) => {
  const files = memoryFiles();
  await files.writeFile('/d/f', 'x');
  await files.symlink('/ring', '/ring');
  await files.makeDirectory('/m');
  await files.mountMemory('/m', 1000);
  await expect(act(files)).rejects.toMatchObject({ code });
});

test('mounts cover what is below, are listed deepest first, and give it back', async () => {
  const files = memoryFiles();
  await files.writeFile('/m/under', 'x');
  await files.mountMemory('/m', 4096);
  await files.mountMemory('/m', 4096);
  await files.makeDirectory('/m/sub');
  await files.mountMemory('/m/sub', undefined);
  expect(await files.stat('/m/under')).toBeUndefined();
  expect(await files.mountsBelow('/m')).toEqual(['/m/sub', '/m']);
  expect((await files.capacity('/m')).sizeBytes).toBe(4096);
  await files.unmount('/m/sub');
  await files.unmount('/m');
  expect(await read(files, '/m/under')).toBe('x');
});

test('a bind mount shows the same files, read-only where asked', async () => {
  const files = memoryFiles();
  await files.writeFile('/from/f', 'x');
  await files.makeDirectory('/to');
  await files.bindMount('/from', '/to', true);
  expect(await read(files, '/to/f')).toBe('x');
  await expect(files.writeFile('/to/f', 'y')).rejects.toMatchObject({ code: 'EROFS' });
  await files.writeFile('/from/f', 'y');
  expect(await read(files, '/to/f')).toBe('y');
});

test('changes of a file and of a directory are seen until nobody looks', async () => {
  const files = memoryFiles();
  await files.writeFile('/d/f', 'x');
  const seen: string[] = [];
  const file = files.onChange('/d/f', () => seen.push('file'));
  const directory = files.onChange('/d', () => seen.push('directory'));
  await files.writeFile('/d/f', 'y');
  expect(seen).toContain('file');
  expect(seen).toContain('directory');
  file[Symbol.dispose]();
  directory[Symbol.dispose]();
  seen.length = 0;
  await files.writeFile('/d/f', 'z');
  expect(seen).toEqual([]);
});

test('usage counts bytes and inodes below', async () => {
  const files = memoryFiles();
  await files.writeFile('/d/a', 'xxx');
  await files.writeFile('/d/e/b', 'yy');
  expect(await files.usage('/d')).toEqual({ usedBytes: 5, inodesUsed: 4 });
});
