// Proves that what a person types wrong is told apart and told plainly, with exit code not 0, before anything is started or written.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBundle, peapod } from './peapod-process.ts';

let scratch = '';
beforeAll(() => {
  ensureBundle();
  scratch = mkdtempSync(join(tmpdir(), 'peapod-cli-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.concurrent.each<readonly [string, readonly string[], RegExp]>([
  ['a command that is not there', ['uo'], /unknown command 'uo'/],
  ['a flag that is not there', ['up', '--colour', 'red'], /unknown option '--colour'/],
  ['a flag without its value', ['down', '--data-dir'], /option '--data-dir <dir>' argument missing/],
  ['an argument that is no flag', ['up', 'now'], /'now' is not one|too many arguments/],
  ['a port that is no number', ['up', '--port', 'many'], /--port takes a whole number from 1 to 65535, not 'many'/],
  ['a port that is none', ['up', '--port', '0'], /--port takes .* not '0'/],
  ['a port beyond the last', ['up', '--port', '65536'], /--port takes .* not '65536'/],
  ['a negative number of nodes', ['up', '--nodes=-1'], /--nodes takes .* not '-1'/],
  ['half a node', ['up', '--nodes', '1.5'], /--nodes takes .* not '1\.5'/],
  ['more nodes than the range has room for', ['up', '--runtime', 'simulated', '--nodes', '300'], /has room for 256 nodes, not 300/],
  ['a runtime that is not there', ['up', '--runtime', 'docker'], /--runtime takes auto, cri, simulated, not 'docker'/],
  ['a component that is not there', ['up', '--without', 'scheduler,etcd'], /--without takes .* not 'etcd'/],
  ['a store that is not there', ['up', '--store', 'redis'], /--store takes embedded, memory, etcd:.* not 'redis'/],
  ['an etcd without a host', ['up', '--store', 'etcd://'], /--store etcd:\/\/… takes HOST:PORT, separated by commas, not ''/],
  ['an etcd with a port that is none', ['up', '--store', 'etcd://127.0.0.1:99999'], /takes HOST:PORT/],
  ['keys for an etcd that is spoken to in the clear', ['up', '--store', 'etcd://h', '--etcd-cafile', '/ca'], /go with --store etcds:/],
  [
    'a certificate without its key',
    ['up', '--store', 'etcds://h', '--etcd-certfile', '/c'],
    /--etcd-certfile and --etcd-keyfile go together/,
  ],
  ['a prefix of etcd without etcd', ['up', '--etcd-prefix', '/x'], /--etcd-prefix goes with --store etcd:/],
  ['a prefix that is no path', ['up', '--store', 'etcd://h', '--etcd-prefix', 'x'], /--etcd-prefix takes a path/],
  [
    'a file of etcd’s that is not there',
    ['up', '--nodes', '0', '--store', 'etcds://h', '--etcd-cafile', '/none'],
    /--etcd-cafile \/none cannot be read/,
  ],
  ['an address that is none', ['up', '--bind', 'localhost'], /--bind takes an IPv4 address .* not 'localhost'/],
  ['a range that is none', ['up', '--cluster-cidr', '10.42.0.0'], /--cluster-cidr takes an IPv4 range .* not '10\.42\.0\.0'/],
  [
    'a pool of pods’ addresses',
    ['up', '--load-balancer-pool', '10.42.1.0/24'],
    /--load-balancer-pool 10\.42\.1\.0\/24 and 10\.42\.0\.0\/16, .* overlap/,
  ],
  ['a pool of the other family', ['up', '--load-balancer-pool', 'fd00::/120'], /--load-balancer-pool takes one range of IPv4/],
  ['an address elsewhere, while listening here', ['up', '--advertise-address', '192.0.2.1'], /--advertise-address 192\.0\.2\.1: .*--bind/],
  ['a life that is none', ['up', '--cluster-signing-duration', 'soon'], /--cluster-signing-duration takes a duration/],
  ['a range too narrow', ['up', '--service-cidr', '10.96.0.0/30'], /--service-cidr takes .* not '10\.96\.0\.0\/30'/],
  ['ranges that overlap', ['up', '--cluster-cidr', '10.96.0.0/12'], /overlap/],
  ['an endpoint that is no socket', ['up', '--runtime-endpoint', 'tcp://127.0.0.1:1'], /--runtime-endpoint takes unix:\/\/\/PATH/],
  ['a mirror without a URL', ['up', '--registry-mirror', 'docker.io'], /--registry-mirror/],
  ['a token file that is not there', ['up', '--token-auth-file', '/none'], /--token-auth-file \/none cannot be read/],
  ['a component without a kubeconfig', ['scheduler'], /required option '--kubeconfig <file>' not specified/],
])('%s', { timeout: 30_000 }, async (name, args, message) => {
  const dataDir = join(scratch, name.replaceAll(' ', '-'));
  const inData = args[0] === 'up' ? ['--data-dir', dataDir] : [];
  const { code, stdout, stderr } = await peapod([...args, ...inData]);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe('');
  expect(code).toBeGreaterThan(0);
  expect(existsSync(join(dataDir, 'store.db'))).toBe(false);
});

test('a person who asks for nothing is told what there is', async () => {
  const { code, stdout } = await peapod([]);
  expect(stdout).toMatch(/up .*start a cluster/);
  expect(code).toBe(0);
});
