// Tests disk-calls.ts: both kinds of calls do the same, and fail alike.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { onDisk, onMemory } from './disk-calls.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/peapod-calls-`);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test.each([
  ['a disk', onDisk],
  ['memory', onMemory],
])('the calls of %s', async (_, calls) => {
  expect(await calls.mkdir(`${dir}/a/b`)).toBe(`${dir}/a`);
  expect(await calls.mkdir(`${dir}/a/b`)).toBeUndefined();
  await calls.write(`${dir}/a/f`, 'something long', 0o666);
  await calls.write(`${dir}/a/f`, 'short', 0o602);
  await calls.write(`${dir}/a/empty`, '', undefined);
  expect(Buffer.from(await calls.readFile(`${dir}/a/f`)).toString()).toBe('short');
  expect((await calls.lstat(`${dir}/a/f`)).mode & 0o777).toBe(0o602);
  await calls.chmod(`${dir}/a/f`, 0o640);
  expect((await calls.lstat(`${dir}/a/f`)).mode & 0o777).toBe(0o640);
  await calls.symlink('f', `${dir}/a/link`);
  expect(await calls.readlink(`${dir}/a/link`)).toBe('f');
  await calls.rename(`${dir}/a/link`, `${dir}/a/link2`);
  await calls.unlink(`${dir}/a/empty`);
  expect((await calls.readdir(`${dir}/a`)).sort()).toEqual(['b', 'f', 'link2']);
  await expect(calls.write(`${dir}/none/f`, 'x', undefined)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(calls.lstat(`${dir}/none`)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(calls.readFile(`${dir}/none`)).rejects.toMatchObject({ code: 'ENOENT' });
});
