// Tests disk-files.ts on a temporary directory: what needs no root.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskFiles, mountPoints } from './disk-files.ts';

const files = diskFiles();
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/peapod-files-`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const text = async (path: string): Promise<string> => Buffer.from(await files.readFile(path)).toString();

test('writing makes missing parents and sets the mode in spite of the umask', async () => {
  await files.writeFile(`${dir}/a/b/c`, 'hello', { mode: 0o666 });
  expect(await text(`${dir}/a/b/c`)).toBe('hello');
  expect(await files.stat(`${dir}/a/b/c`)).toMatchObject({ kind: 'file', sizeBytes: 5, mode: 0o666 });
  await files.writeFile(`${dir}/a/b/c`, 'x');
  expect(await text(`${dir}/a/b/c`)).toBe('x');
});

test('a directory that is there keeps its mode', async () => {
  await files.makeDirectory(`${dir}/d`, 0o777);
  await files.makeDirectory(`${dir}/d`, 0o700);
  expect((await files.stat(`${dir}/d`))?.mode).toBe(0o777);
});

test('stat looks at a link itself, resolve follows it, and both know what is missing', async () => {
  await symlink('nowhere', `${dir}/dangling`);
  await files.writeFile(`${dir}/real`, '');
  await files.symlink('real', `${dir}/link`);
  expect((await files.stat(`${dir}/dangling`))?.kind).toBe('symlink');
  expect(await files.resolve(`${dir}/dangling`)).toBeUndefined();
  expect(await files.resolve(`${dir}/link`)).toBe(await files.resolve(`${dir}/real`));
  expect(await files.stat(`${dir}/real/below-a-file`)).toBeUndefined();
  await expect(files.readFile(`${dir}/none`)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('readAt reads from an offset, and nothing at the end', async () => {
  await files.writeFile(`${dir}/f`, '0123456789');
  expect(Buffer.from(await files.readAt(`${dir}/f`, 4, 3)).toString()).toBe('456');
  expect(Buffer.from(await files.readAt(`${dir}/f`, 8, 30)).toString()).toBe('89');
  expect(await files.readAt(`${dir}/f`, 10, 5)).toHaveLength(0);
});

test('removing is recursive, and nothing there is no error', async () => {
  await files.writeFile(`${dir}/t/u/v`, '');
  await files.remove(`${dir}/t`);
  await files.remove(`${dir}/t`);
  expect(await files.stat(`${dir}/t`)).toBeUndefined();
});

test('usage counts blocks and inodes once', async () => {
  await files.writeFile(`${dir}/t/u`, 'x'.repeat(5000));
  const { usedBytes, inodesUsed } = await files.usage(`${dir}/t`);
  expect(usedBytes).toBeGreaterThanOrEqual(5000);
  expect(inodesUsed).toBe(2);
  expect((await files.capacity(dir)).sizeBytes).toBeGreaterThan(0);
});

test.each([
  ['a file that is appended to', 'f', () => writeFile(`${dir}/f`, 'more', { flag: 'a' })],
  ['a file that is not there yet', 'new', () => writeFile(`${dir}/new`, 'x')],
  ['a file that is replaced', 'f', () => files.rename(`${dir}/g`, `${dir}/f`)],
  ['an entry of a directory', 'd', () => writeFile(`${dir}/d/entry`, 'x')],
])('a change is told: %s', async (_, name, change) => {
  await files.writeFile(`${dir}/f`, 'x');
  await files.writeFile(`${dir}/g`, 'y');
  await files.makeDirectory(`${dir}/d`);
  const told = Promise.withResolvers<void>();
  using _watch = files.onChange(`${dir}/${name}`, () => told.resolve());
  await change();
  await told.promise;
});

test('a directory that is made later is watched inside from then on', async () => {
  let changes = 0;
  let tell = (): void => {};
  const next = (): Promise<void> => new Promise((resolve) => (tell = resolve));
  using _watch = files.onChange(`${dir}/later`, () => {
    changes += 1;
    tell();
  });
  const made = next();
  await files.makeDirectory(`${dir}/later`);
  await made;
  const before = changes;
  const written = next();
  await writeFile(`${dir}/later/x`, '');
  await written;
  expect(changes).toBeGreaterThan(before);
});

test('mount points come out unescaped and in order', () => {
  const mountinfo = '22 1 0:21 / /proc rw - proc proc rw\n30 22 0:9 / /a\\040b rw shared:1 - tmpfs tmpfs rw\n';
  expect(mountPoints(mountinfo)).toEqual(['/proc', '/a b']);
});
