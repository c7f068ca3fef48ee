// Tests containerd-config.ts and the sandbox image: all that is text or bytes.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { cniConflist, parseRegistryMirror, registryHosts } from './containerd-config.ts';
import { mountsBelow } from './mounts-below.ts';
import { pauseImageArchive } from './pause-image.ts';
import { pauseProgram } from './pause-program.ts';

test.each([
  ['docker.io=http://127.0.0.1:5000', { host: 'docker.io', url: 'http://127.0.0.1:5000' }],
  ['*=https://mirror.example/v2/', { host: '*', url: 'https://mirror.example/v2' }],
  ['registry.example:5001=http://m', { host: 'registry.example:5001', url: 'http://m' }],
])('reads the mirror %s', (text, expected) => expect(parseRegistryMirror(text)).toEqual(expected));

test.each([
  ['docker.io', 'HOST=URL is expected'],
  ['=http://m', 'HOST=URL is expected'],
  ['docker.io/library=http://m', 'a mirror is for a whole registry'],
  ['docker.io=127.0.0.1:5000', 'is no http or https URL'],
  ['dock er=http://m', 'is no registry host'],
])('refuses the mirror %s', (text, message) => expect(() => parseRegistryMirror(text)).toThrow(message));

test('a mirror for everything also covers Docker’s registry, unless that has one of its own', () => {
  const all = registryHosts([{ host: '*', url: 'http://m' }]);
  expect([...all.keys()]).toEqual(['docker.io/hosts.toml', '_default/hosts.toml']);
  const both = registryHosts([
    { host: '*', url: 'http://m' },
    { host: 'docker.io', url: 'http://d' },
    { host: 'r.example:5001', url: 'http://r/v2/p' },
  ]);
  expect(both.get('docker.io/hosts.toml')).toContain('[host."http://d"]');
  expect(both.get('r.example_5001_/hosts.toml')).toContain('override_path = true');
  expect(both.size).toBe(3);
});

test('the pod network leaves masquerading and host ports to Peapod’s own rules', () => {
  const { plugins } = JSON.parse(cniConflist({ bridge: 'pea0', podCidrs: ['10.42.0.0/24'], dataDir: '/d' }));
  expect(plugins).toHaveLength(1);
  expect(plugins[0]).toMatchObject({ type: 'bridge', ipMasq: false, hairpinMode: true, ipam: { ranges: [[{ subnet: '10.42.0.0/24' }]] } });
});

test('mounts to be undone come deepest first, and no neighbour’s', () => {
  const line = (path: string): string => `1 1 0:1 / ${path} rw - tmpfs tmpfs rw`;
  const mountinfo = ['/run/pea', '/run/pea/a', '/run/pea/a/b', '/run/pears'].map(line).join('\n');
  expect(mountsBelow(mountinfo, ['/run/pea'])).toEqual(['/run/pea/a/b', '/run/pea/a']);
});

test.each(['x64', 'arm64'] as const)('the pause program for %s is an ELF file that says its own size', (arch) => {
  const file = pauseProgram(arch);
  expect(file.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(Number(file.readBigUInt64LE(64 + 32))).toBe(file.length);
  expect(file.length).toBeGreaterThan(250);
});

test('the sandbox image is named by its content from the index to the layer', () => {
  const archive = pauseImageArchive('x64');
  const files = new Map<string, Buffer>();
  for (let at = 0; archive[at] !== 0; ) {
    const path = archive.toString('latin1', at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 135), 8);
    files.set(path, archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  for (const [path, content] of files) {
    if (path.startsWith('blobs/')) expect(path).toBe(`blobs/sha256/${createHash('sha256').update(content).digest('hex')}`);
  }
  const [{ digest }] = JSON.parse(String(files.get('index.json'))).manifests;
  expect(files.has(`blobs/${digest.replace(':', '/')}`)).toBe(true);
  expect(pauseImageArchive('x64').equals(archive)).toBe(true);
});
