// Owns the habits of the checkout: a lockfile that names no host, no machine's paths, pinned versions, docs whose links lead somewhere.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;

test('the lockfile names no host', () => {
  expect([...readFileSync('package-lock.json', 'utf8').matchAll(/https?:\/\/[^"]+/g)].map(([url]) => url)).toEqual([]);
});

test('every dependency is pinned to one version', () => {
  const loose = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
    Object.entries(manifest[group] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
  );
  expect(loose).toEqual([]);
});

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/pod-lifecycle.md', 'docs/add-a-controller.md', 'docs/etcd.md'];
test.each(pages)('links in %s lead to files that exist', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => join(dirname(page), match[1] ?? ''));
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});

test.each(pages)('files named in %s exist', (page) => {
  const named = [...readFileSync(page, 'utf8').matchAll(/`((?:src|test|bench|scripts|docs|examples)\/[\w./-]+\.(?:ts|md|yaml))`/g)].map(
    (match) => match[1] ?? '',
  );
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test('no signal goes to a number that stands for no process: 0 and less mean groups of them, and everybody', () => {
  const sources = globSync('{src,test,bench,scripts}/**/*.ts');
  const loose = sources.filter((path) => /\bkill\((?:-\d|[^()]*(?:\([^()]*\)[^()]*)?\?\?)/.test(readFileSync(path, 'utf8')));
  expect(loose).toEqual([]);
});
