// Owns proving that a person's kubeconfig survives Peapod: merged, taken out, and left alone when damaged.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { changeKubeconfig, merged, withoutPeapod } from './kubeconfig-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'peapod-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const access = { server: 'https://127.0.0.1:6443', ca: 'CA', cert: 'CERT', key: 'KEY' };
const theirs = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'work', cluster: { server: 'https://work' } }],
  contexts: [{ name: 'work', context: { cluster: 'work', user: 'me' } }],
  users: [{ name: 'me', user: { token: 't' } }],
  'current-context': 'work',
};

test('merging adds the context and makes it current; taking out leaves the rest', () => {
  const both = merged(theirs, access);
  expect(both['current-context']).toBe('peapod');
  expect(both.clusters?.map(({ name }) => name)).toEqual(['work', 'peapod']);
  expect(withoutPeapod(both)).toEqual({ ...theirs, 'current-context': '' });
});

test('merging twice is merging once', () => {
  expect(merged(merged(theirs, access), access)).toEqual(merged(theirs, access));
});

test('a current context of their own stays current when Peapod goes', () => {
  expect(withoutPeapod({ ...merged(theirs, access), 'current-context': 'work' })['current-context']).toBe('work');
});

test('a missing file is made, and a file changed in place is theirs alone', () => {
  const path = join(folder, 'new/config');
  changeKubeconfig(path, (config) => merged(config, access));
  expect(parse(readFileSync(path, 'utf8')).contexts).toEqual([{ name: 'peapod', context: { cluster: 'peapod', user: 'peapod' } }]);
});

test.each([
  ['no YAML', 'clusters: [unclosed'],
  ['a list', '- a\n- b\n'],
  ['clusters that are no list', 'clusters: 5\n'],
])('damaged (%s): refused with the file name, and left as it is', (_, text) => {
  const path = join(folder, 'damaged');
  writeFileSync(path, text);
  expect(() => changeKubeconfig(path, (config) => merged(config, access))).toThrow(`${path} is damaged`);
  expect(readFileSync(path, 'utf8')).toBe(text);
});
