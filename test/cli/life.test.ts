// Proves a cluster's life as a person leads it: up, up again, apart from the terminal, stopped by signals, down; and the context in the person's kubeconfig.
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { resources } from '../../src/client/resources.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, type Identity, PeapodProcess, peapod, simulated } from './peapod-process.ts';

ensureBundle();
const settings = { metadata: { name: 'kept', namespace: 'default' }, data: { colour: 'green' } };
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-cli-'));
});
afterEach(async () => {
  await endLeftovers();
  rmSync(dir, { recursive: true, force: true });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s stops it cleanly, and what was stored is there again', async (signal) => {
  const port = await freePort();
  const first = new PeapodProcess(simulated(dir, port));
  await first.up;
  const client = await adminOf(dir);
  await client.create(resources.configMaps, settings);
  const ended = await first.end(signal);
  await client.close();
  expect(ended).toMatchObject({ code: 0, signal: null });
  expect((await peapod(['status', '--data-dir', dir])).code).toBe(3);
  const again = new PeapodProcess(simulated(dir, port));
  await again.up;
  const admin = await adminOf(dir);
  expect((await admin.get(resources.configMaps, { namespace: 'default', name: 'kept' })).data).toEqual(settings.data);
  await admin.close();
  await again.end('SIGTERM');
});

test('a signal before it is ready stops it as well', async () => {
  const running = new PeapodProcess(simulated(dir, await freePort()));
  while (!existsSync(join(dir, 'store.db'))) await new Promise((resolve) => setImmediate(resolve));
  const ended = await running.end('SIGTERM');
  expect([0, 143], ended.stderr).toContain(ended.code ?? 143);
  expect((await peapod(['status', '--data-dir', dir])).code).toBe(3);
});

test('a data directory that is in use is refused, with who uses it, and the first goes on', async () => {
  const first = new PeapodProcess(simulated(dir, await freePort()));
  await first.up;
  const second = await peapod(simulated(dir, await freePort()));
  expect(second.stderr).toMatch(new RegExp(`a cluster runs on ${dir} already \\(pid ${first.pid}, https://127\\.0\\.0\\.1:\\d+\\)`));
  expect(second.code).toBe(1);
  const { code, stdout } = await peapod(['status', '--data-dir', dir]);
  expect(stdout).toMatch(new RegExp(`^Running: pid ${first.pid}, .*\n {2}node1: Ready, 0 pods`));
  expect(code).toBe(0);
  expect((await first.end('SIGTERM')).code).toBe(0);
});

test('two that start at the same moment on one data directory: one runs, the other says why not', async () => {
  const both = [new PeapodProcess(simulated(dir, await freePort())), new PeapodProcess(simulated(dir, await freePort()))];
  const outcomes = await Promise.allSettled(both.map(({ up }) => up));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const lost = await both[outcomes.findIndex(({ status }) => status === 'rejected')]?.ended;
  expect(lost?.stderr).toMatch(/already|in use/);
  const won = both[outcomes.findIndex(({ status }) => status === 'fulfilled')];
  const { stdout } = await peapod(['status', '--data-dir', dir]);
  expect(stdout).toContain(`Running: pid ${won?.pid}`);
  expect((await won?.end('SIGTERM'))?.code).toBe(0);
});

test('--detach: the terminal comes back when it is ready; a second one is refused; down ends it and --delete takes everything', async () => {
  const args = simulated(dir, await freePort(), '--detach');
  const started = await peapod(args);
  expect(started.stderr).toMatch(/^Up in /m);
  expect(started.code).toBe(0);
  const pid = Number(/in the background, pid (\d+)/.exec(started.stderr)?.[1]);
  try {
    // What it says later must go somewhere that stays: a write into its parent's closed pipe would end it.
    if (process.platform === 'linux')
      expect([1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual([join(dir, 'peapod.log'), join(dir, 'peapod.log')]);
    const again = await peapod(args);
    expect(again.stderr).toContain(`already (pid ${pid}`);
    expect(again.code).toBe(1);
    const { stdout } = await peapod(['kubeconfig', '--data-dir', dir]);
    expect(parse(stdout)).toMatchObject({ kind: 'Config', 'current-context': 'peapod' });
  } finally {
    const down = await peapod(['down', '--data-dir', dir, '--delete']);
    expect(down.stderr).toContain(`Stopped Peapod (pid ${pid})`);
    expect(down.code).toBe(0);
  }
  expect(existsSync(dir)).toBe(false);
});

test('--detach that fails says why where it was typed', async () => {
  const port = await freePort();
  const first = new PeapodProcess(simulated(join(dir, 'one'), port));
  await first.up;
  const second = await peapod(simulated(join(dir, 'two'), port, '--detach'));
  expect(second.stderr).toContain(`port ${port} is in use`);
  expect(second.code).toBe(1);
  await first.end('SIGTERM');
});

/** Root has one data directory for all; only somebody else has one that a test may choose. */
const nobody: Identity | undefined = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
const mayStart = (await peapod(['--version'], {}, 10_000, nobody)).code === 0;
if (!mayStart) console.log('the kubeconfig of a person: left out, this checkout cannot be read by anyone but root');

describe.skipIf(!mayStart)('without --data-dir, the person’s own kubeconfig', () => {
  const theirs = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'work', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: 'work', context: { cluster: 'work', user: 'work' } }],
    users: [{ name: 'work', user: { token: 'x' } }],
    'current-context': 'work',
  };
  /** A home of the person's, with a kubeconfig in it. */
  const person = (text: string): { readonly config: string; readonly env: Readonly<Record<string, string>> } => {
    const home = join(dir, 'home');
    mkdirSync(home);
    chmodSync(dir, 0o755);
    const config = join(home, 'config');
    writeFileSync(config, text);
    if (nobody !== undefined) for (const path of [home, config]) chownSync(path, nobody.uid, nobody.gid);
    return { config, env: { KUBECONFIG: config, HOME: home, XDG_DATA_HOME: join(home, 'share') } };
  };

  test('gets the context peapod while it runs, and only that is taken out by down', async () => {
    const { config, env } = person(JSON.stringify(theirs));
    const running = new PeapodProcess(['up', '--runtime', 'simulated', '--port', String(await freePort())], env, nobody);
    await running.up;
    const during = parse(readFileSync(config, 'utf8'));
    expect(during['current-context']).toBe('peapod');
    expect(during.contexts.map(({ name }: { name: string }) => name)).toEqual(['work', 'peapod']);
    expect((await peapod(['down'], env, 20_000, nobody)).code).toBe(0);
    expect((await running.ended).code).toBe(0);
    const after = parse(readFileSync(config, 'utf8'));
    expect(after).toMatchObject({ clusters: theirs.clusters, contexts: theirs.contexts, users: theirs.users });
    expect(after['current-context']).not.toBe('peapod');
  });

  test.each([
    ['no YAML', 'clusters: [\n'],
    ['a list', '- a\n'],
    ['entries without names', 'clusters: [1, 2]\n'],
  ])('damaged (%s): it is left as it is, and the message says what to do', async (_name, text) => {
    const { config, env } = person(text);
    const { code, stderr } = await peapod(['up', '--runtime', 'simulated', '--port', String(await freePort())], env, 20_000, nobody);
    expect(stderr).toMatch(/config is damaged .*left as it is.*--data-dir/);
    expect(code).toBe(1);
    expect(readFileSync(config, 'utf8')).toBe(text);
  });
});
