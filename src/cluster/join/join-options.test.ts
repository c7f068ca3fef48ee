// Tests what a person can say to `join`, and what is said of what they cannot.
import { expect, test } from 'vitest';
import { joinOptions, type RawJoinOptions } from './join-options.ts';

const hash = `sha256:${'0'.repeat(64)}`;
const given = { token: 'abcdef.0123456789abcdef', caHash: [hash] };
const read = (server: string | undefined, raw: RawJoinOptions) => joinOptions(server, raw, '/data', 'Far-Machine');

test.each([
  ['https://192.0.2.1:6443', 'https://192.0.2.1:6443'],
  ['192.0.2.1:6443', 'https://192.0.2.1:6443'],
  ['control.example', 'https://control.example:6443'],
  ['https://control.example:8443/', 'https://control.example:8443'],
])('the API at %s', (text, server) => expect(read(text, given).server).toBe(server));

test('a machine is called what it calls itself, in small letters; with real containers', () => {
  const { nodeName, runtime, cgroupRoot, port } = read('192.0.2.1', given);
  expect([nodeName, runtime, cgroupRoot, port]).toEqual(['far-machine', 'cri', '/kubepods', 10_250]);
});

test('a machine that comes back says nothing', () => expect(read(undefined, {}).token).toBeUndefined());

test.each<readonly [string, string | undefined, RawJoinOptions, string]>([
  ['no hash', '192.0.2.1', { token: given.token }, '--token needs --ca-hash'],
  ['a token without a URL', undefined, given, 'join takes the URL'],
  ['another scheme', 'http://192.0.2.1', given, 'join takes the URL'],
  ['a path', 'https://192.0.2.1/api', given, 'join takes the URL'],
  ['a hash that is none', '192.0.2.1', { ...given, caHash: ['md5:1'] }, '--ca-hash takes'],
  ['a token that is none', '192.0.2.1', { ...given, token: 'x' }, 'a token is six'],
  ['a name that is none', '192.0.2.1', { ...given, nodeName: 'a b' }, '--node-name takes'],
  ['an address that is none', '192.0.2.1', { ...given, nodeIp: 'here' }, '--node-ip takes'],
  ['a runtime that is not there', '192.0.2.1', { ...given, runtime: 'auto' }, '--runtime takes cri or simulated'],
  ['a port that is none', '192.0.2.1', { ...given, port: '0' }, '--port takes'],
  ['a path that goes up', '192.0.2.1', { ...given, cgroupRoot: '../x' }, '--cgroup-root takes'],
  ['a mirror without a URL', '192.0.2.1', { ...given, registryMirror: ['docker.io'] }, '--registry-mirror'],
])('%s', (_, server, raw, message) => expect(() => read(server, raw)).toThrow(message));
