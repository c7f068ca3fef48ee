// Proves that a machine joins by the command that `token create` prints, renews its certificate, comes back without a token, and says why it cannot join.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resources } from '../../src/client/resources.ts';
import { readIdentity } from '../../src/cluster/join/membership.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, PeapodProcess, peapod, simulated } from './peapod-process.ts';

describe('a machine joins', () => {
  const dir = mkdtempSync(join(tmpdir(), 'peapod-join-'));
  const [home, away] = [join(dir, 'home'), join(dir, 'away')];
  let client: Awaited<ReturnType<typeof adminOf>>;
  let port = 0;
  let words: readonly string[] = [];
  /** What `join` is told beside where to join. */
  let own: readonly string[] = [];
  beforeAll(async () => {
    ensureBundle();
    port = await freePort();
    own = ['--runtime', 'simulated', '--data-dir', away, '--node-name', 'far', '--port', String(await freePort())];
    await new PeapodProcess([...simulated(home, port, '--nodes', '0'), '--cluster-signing-duration', '10s']).up;
    client = await adminOf(home);
    const { stdout } = await peapod(['token', 'create', '--data-dir', home, '--ttl', '1h']);
    words = stdout.trim().split(' ');
  });
  afterAll(async () => {
    await client?.close();
    await endLeftovers();
    rmSync(dir, { recursive: true, force: true });
  });
  const ready = async (): Promise<boolean> => {
    const { items } = await client.list(resources.nodes);
    return items.some(
      ({ metadata, status }) => metadata.name === 'far' && status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
    );
  };
  const certificate = (): string => readIdentity(away, 0)?.cert ?? '';

  test('with the token; its certificate is renewed; it comes back without it', async () => {
    expect(words.slice(0, 3)).toEqual(['./peapod', 'join', `https://127.0.0.1:${port}`]);
    const node = new PeapodProcess([...words.slice(1), ...own]);
    await node.up;
    expect(await ready()).toBe(true);
    const first = certificate();
    while (certificate() === first) await sleep(50);
    const { items } = await client.list(resources.certificateSigningRequests);
    expect(new Set(items.map(({ spec }) => spec.username?.replace(/bootstrap:.*/, 'bootstrap')))).toEqual(
      new Set(['system:bootstrap', 'system:node:far']),
    );
    // The name is taken, as long as the node lives.
    const twin = await peapod([...words.slice(1), ...own.map((word) => (word === away ? join(dir, 'twin') : word))]);
    expect([twin.code, twin.stderr]).toEqual([1, expect.stringContaining('a node far is there and Ready')]);
    expect((await peapod(['status', '--data-dir', away])).stdout).toContain(`far of https://127.0.0.1:${port}`);
    await node.end('SIGTERM');
    const again = new PeapodProcess(['join', ...own]);
    await again.up;
    await client.delete(resources.nodes, { name: 'far' });
    while (!readFileSync(join(away, 'peapod.log'), 'utf8').includes('was deleted from the cluster')) await sleep(20);
    const ended = await again.end('SIGTERM');
    expect(ended.stderr).toContain(`far was deleted from the cluster. Its pods end. peapod down --data-dir ${away}`);
  });

  test.each([
    ['a wrong hash', (text: string) => text.replace(/sha256:.*/, `sha256:${'0'.repeat(64)}`), 'somebody is in between'],
    [
      'a token that is not known',
      (text: string) => text.replace(/--token \S+/, '--token abcdef.0123456789abcdef'),
      'does not know a token',
    ],
    ['nobody there', (text: string) => text.replace(/:\d+ /, ':9 '), 'cannot be reached: nothing listens there'],
    ['no hash', (text: string) => text.replace(/--ca-hash \S+/, ''), '--token needs --ca-hash'],
  ])('it says why it cannot: %s', async (_, change, message) => {
    const args = change(words.slice(1).join(' ')).trim().split(/ +/);
    const elsewhere = own.map((word) => (word === away ? join(dir, 'elsewhere') : word));
    const said = await peapod([...args, ...elsewhere]);
    expect([said.code, said.stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
    'with real containers not on the control plane’s own machine',
    async () => {
      const said = await peapod([...words.slice(1), '--runtime', 'cri', '--data-dir', join(dir, 'same'), '--node-name', 'same']);
      expect([said.code, said.stderr]).toEqual([
        1,
        expect.stringMatching(/is on this machine.*peapod up --nodes N|real containers cannot run here/),
      ]);
    },
  );

  test('tokens are listed and deleted; one that is gone lets nobody in', async () => {
    const id = words[4]?.split('.')[0] ?? '';
    expect((await peapod(['token', 'list', '--data-dir', home])).stdout).toContain(`${id}.`);
    expect((await peapod(['token', 'delete', id, '--data-dir', home])).stdout).toBe(`token ${id} deleted\n`);
    const twice = await peapod(['token', 'delete', id, '--data-dir', home]);
    expect([twice.code, twice.stderr]).toEqual([1, `peapod: there is no token with the id ${id}\n`]);
    const late = await peapod([...words.slice(1), ...own]);
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('does not know a token')]);
  });
});
