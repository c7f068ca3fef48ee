// Proves that an acknowledged write outlives `kill -9`: twenty kills at random moments of a stream of writes, some of them while it starts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededEntropy } from '../../src/base/entropy.ts';
import { resources } from '../../src/client/resources.ts';
import { adminOf, endLeftovers, ensureBundle, freePort, PeapodProcess, simulated } from './peapod-process.ts';

const kills = 20;
const writers = 8;
const seed = 20_261_121;

let dir = '';
beforeAll(() => {
  ensureBundle();
  dir = mkdtempSync(join(tmpdir(), 'peapod-kill-'));
});
afterAll(async () => {
  await endLeftovers();
  rmSync(dir, { recursive: true, force: true });
});

test(`${kills} times kill -9 (seed ${seed}): every acknowledged object is there again, as it was acknowledged`, {
  timeout: 90_000,
}, async () => {
  const entropy = seededEntropy(seed);
  const random = (): number => entropy.fraction();
  const args = simulated(dir, await freePort());
  /** Name to the revision and content that the server acknowledged. */
  const acknowledged = new Map<string, { readonly revision: string; readonly value: string }>();

  /** Reads everything and compares. */
  const check = async (client: Awaited<ReturnType<typeof adminOf>>): Promise<void> => {
    const { items } = await client.list(resources.configMaps, { namespace: 'default' });
    const found = new Map(
      items.map(({ metadata, data }) => [metadata.name, { revision: metadata.resourceVersion, value: data?.['value'] }]),
    );
    const lost = [...acknowledged].filter(([name, was]) => {
      const is = found.get(name);
      return is?.revision !== was.revision || is.value !== was.value;
    });
    expect(lost).toEqual([]);
  };

  for (let kill = 0; kill < kills; kill++) {
    // Every fourth time it is killed once more before, in the middle of its start.
    if (kill % 4 === 3) {
      const starting = new PeapodProcess(args);
      await sleep(random() * 250);
      await starting.end('SIGKILL');
    }
    const running = new PeapodProcess(args);
    await running.up;
    const client = await adminOf(dir);
    await check(client);
    let stopped = false;
    const write = async (writer: number): Promise<void> => {
      for (let index = 0; !stopped; index++) {
        const name = `k${kill}-w${writer}-${index}`;
        const value = `${name} `.repeat(50);
        const made = await client.create(resources.configMaps, { metadata: { name, namespace: 'default' }, data: { value } });
        acknowledged.set(name, { revision: made.metadata.resourceVersion ?? '', value });
      }
    };
    const writing = Promise.allSettled(Array.from({ length: writers }, (_, writer) => write(writer)));
    await sleep(20 + random() * 250);
    const ended = await running.end('SIGKILL');
    stopped = true;
    await writing;
    await client.close().catch(() => {});
    expect(ended.signal).toBe('SIGKILL');
  }
  const last = new PeapodProcess(args);
  await last.up;
  const client = await adminOf(dir);
  await check(client);
  await client.close();
  expect((await last.end('SIGTERM')).code).toBe(0);
  expect(acknowledged.size).toBeGreaterThan(kills * writers);
});
