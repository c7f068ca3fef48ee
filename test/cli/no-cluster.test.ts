// Proves what commands say where no cluster is, or one that cannot be: nothing running, a damaged kubeconfig or store, no runtime.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { resources } from '../../src/client/resources.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, PeapodProcess, peapod, simulated } from './peapod-process.ts';

ensureBundle();
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-cli-'));
});
afterEach(async () => {
  await endLeftovers();
  rmSync(dir, { recursive: true, force: true });
});

/** An error that a person can read: no stack, and an exit code. */
function expectPlain({ code, stderr }: { readonly code: number | null; readonly stderr: string }, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/Warning:/);
  expect(code).toBeGreaterThan(0);
}

describe('nothing runs', () => {
  test('status says so and how to start, with the exit code of a service that is not there', async () => {
    const { code, stdout } = await peapod(['status', '--data-dir', dir]);
    expect(stdout).toContain(`Nothing runs on ${dir}`);
    expect(code).toBe(3);
  });

  test('kubeconfig says where it looked', async () => {
    expectPlain(await peapod(['kubeconfig', '--data-dir', dir]), /there is no kubeconfig at .*kubeconfig: start a cluster first/);
  });

  test('down has nothing to do, and that is no error', async () => {
    expect((await peapod(['down', '--data-dir', join(dir, 'none')])).code).toBe(0);
  });

  test('down --delete leaves a directory alone that is not Peapod’s', async () => {
    writeFileSync(join(dir, 'letters.txt'), 'dear');
    expectPlain(await peapod(['down', '--data-dir', dir, '--delete']), /holds nothing of Peapod's/);
    expect(readFileSync(join(dir, 'letters.txt'), 'utf8')).toBe('dear');
  });

  test('a file left by a process that is gone does not count as running', async () => {
    writeFileSync(join(dir, 'running.json'), JSON.stringify({ pid: process.pid, startTicks: '1', url: 'https://127.0.0.1:1', nodes: [] }));
    expect((await peapod(['status', '--data-dir', dir])).code).toBe(3);
  });
});

test('a port in use', async () => {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    expectPlain(await peapod(simulated(dir, port)), new RegExp(`port ${port} is in use.*--port`));
    expect((await peapod(['status', '--data-dir', dir])).code).toBe(3);
  } finally {
    server.close();
  }
});

test('real containers asked for, no runtime at the endpoint, or no right to have any', async () => {
  const args = ['up', '--runtime', 'cri', '--runtime-endpoint', `unix://${dir}/nowhere.sock`, '--data-dir', join(dir, 'data')];
  const ranges = ['--cluster-cidr', '10.251.250.0/24', '--service-cidr', '10.252.250.0/24'];
  const result = await peapod([...args, ...ranges, '--port', String(await freePort())]);
  await peapod(['down', '--data-dir', join(dir, 'data')]);
  expectPlain(result, /nowhere\.sock|real containers cannot run here: .*root/);
}, 60_000);

describe('a person’s kubeconfig that is damaged', () => {
  test.each([
    ['no YAML', 'clusters: [\n'],
    ['a list', '- a\n- b\n'],
    ['clusters that have no names', 'clusters: [1, 2]\n'],
  ])('%s: it is left as it is, and the message says what to do', async (_name, text) => {
    const home = join(dir, 'home');
    mkdirSync(home);
    const config = join(dir, 'config');
    writeFileSync(config, text);
    const env = { KUBECONFIG: config, HOME: home, XDG_DATA_HOME: join(dir, 'share') };
    expectPlain(await peapod(['scheduler', '--kubeconfig', config], env), /config is damaged/);
    expect(readFileSync(config, 'utf8')).toBe(text);
  });
});

test('a damaged store is told with its name and left as it is; nothing is made anew over it', async () => {
  mkdirSync(join(dir, 'data'));
  const store = join(dir, 'data/store.db');
  const noise = Buffer.alloc(64 * 1024, 'not a database ');
  writeFileSync(store, noise);
  expectPlain(await peapod(simulated(join(dir, 'data'), await freePort())), /store\.db/);
  expect(readFileSync(store).equals(noise)).toBe(true);
});

test('a store that was cut short is not taken for a whole one', async () => {
  const data = join(dir, 'data');
  const port = await freePort();
  const first = new PeapodProcess(simulated(data, port));
  await first.up;
  const client = await adminOf(data);
  await client.create(resources.configMaps, { metadata: { name: 'kept', namespace: 'default' }, data: { a: 'b' } });
  await client.close();
  await first.end('SIGTERM');
  const store = join(data, 'store.db');
  const whole = readFileSync(store);
  for (const name of ['store.db-wal', 'store.db-shm']) rmSync(join(data, name), { force: true });
  writeFileSync(store, whole.subarray(0, 5000));
  expectPlain(await peapod(simulated(data, port)), /store\.db/);
  writeFileSync(store, whole);
  const again = new PeapodProcess(simulated(data, port));
  await again.up;
  const admin = await adminOf(data);
  expect((await admin.get(resources.configMaps, { namespace: 'default', name: 'kept' })).data).toEqual({ a: 'b' });
  await admin.close();
  await again.end('SIGTERM');
});

test.each(['ca.crt', 'serving.key'])('a damaged %s is named, and never replaced', async (file) => {
  const data = join(dir, 'data');
  const port = await freePort();
  const first = new PeapodProcess(simulated(data, port));
  await first.up;
  await first.end('SIGTERM');
  writeFileSync(join(data, 'pki', file), 'no PEM');
  expectPlain(await peapod(simulated(data, port)), /pki\/(ca|serving)\.crt or its key is damaged/);
  expect(readFileSync(join(data, 'pki', file), 'utf8')).toBe('no PEM');
});

test('a data directory that is a file', async () => {
  writeFileSync(join(dir, 'file'), '');
  expectPlain(await peapod(simulated(join(dir, 'file'), await freePort())), /file/);
});

test('the bundle is what it says', () => {
  expect(execFileSync(process.execPath, ['dist/peapod.js', '--version'], { encoding: 'utf8' })).toMatch(/^\d+\.\d+\.\d+\n$/);
});
