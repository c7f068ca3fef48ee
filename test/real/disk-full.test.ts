// Proves on real containers that a full disk under the data directory costs nothing but the writes that it refuses: what runs runs on, what was acknowledged stays.
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConfigMap, Pod } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { resources } from '../../src/client/resources.ts';
import { adminOf } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';

const namespace = 'full';
const run = promisify(execFile);
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`a full disk under real containers is left out: ${problem}`);

describe.skipIf(problem !== undefined)('a full disk', () => {
  let disk: string | undefined;
  let cluster: RealCluster;
  let client: Awaited<ReturnType<typeof adminOf>>;

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'peapod-disk-'));
    await run('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'tmpfs', disk]);
    cluster = await realCluster(213, { parent: disk });
    await cluster.start();
    await cluster.importImages();
    client = await adminOf(cluster.dataDir);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    try {
      await client?.close();
      await cluster?.dispose();
    } finally {
      if (disk !== undefined) {
        await run('umount', ['--lazy', disk]).catch(() => {});
        rmSync(disk, { recursive: true, force: true });
      }
    }
  });

  // A node that is short of disk ends others, and takes none.
  const important: Partial<Pod['spec']> = { priorityClassName: 'system-node-critical', terminationGracePeriodSeconds: 1 };
  const start = (name: string): Promise<Pod> =>
    client.create(resources.pods, {
      metadata: { name, namespace },
      spec: { ...important, containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'sleep 3600'] }] },
    } as Draft<Pod>);
  const untilReady = async (name: string): Promise<string> => {
    let id = '';
    await expect
      .poll(
        async () => {
          const [container] = (await client.get(resources.pods, { namespace, name })).status?.containerStatuses ?? [];
          id = container?.containerID ?? '';
          return container?.ready;
        },
        { timeout: 180_000, interval: 50 },
      )
      .toBe(true);
    return id;
  };
  const fill = 'ballast';
  const fillUp = (): void => {
    for (const size of [2 ** 20, 2 ** 16, 2 ** 12]) {
      const block = Buffer.alloc(size);
      try {
        for (;;) appendFileSync(join(disk ?? '', fill), block);
      } catch (error) {
        expect((error as { readonly code?: string }).code).toBe('ENOSPC');
      }
    }
  };

  test('writes are refused and told why, reads and pods go on; with room again all is well, also after a kill', async () => {
    await start('before');
    const id = await untilReady('before');
    fillUp();
    const acknowledged: string[] = [];
    let refusal: unknown;
    for (let index = 0; index < 200 && refusal === undefined; index++) {
      const name = `big-${index}`;
      const map = { metadata: { name, namespace }, data: { a: 'x'.repeat(500_000) } } as Draft<ConfigMap>;
      try {
        await client.create(resources.configMaps, map);
        acknowledged.push(name);
      } catch (error) {
        refusal = error;
      }
    }
    expect(String(refusal)).toContain('disk is full');
    // Refusals are logged, for which there is no room either.
    for (let index = 0; index < 30; index++)
      await client
        .create(resources.configMaps, { metadata: { name: `more-${index}`, namespace }, data: { a: 'x'.repeat(500_000) } })
        .catch(() => {});
    expect(await untilReady('before')).toBe(id);
    const found = async (): Promise<readonly string[]> =>
      (await client.list(resources.configMaps, { namespace })).items
        .map(({ metadata }) => metadata.name)
        .filter((name) => acknowledged.includes(name));
    expect(await found()).toHaveLength(acknowledged.length);

    rmSync(join(disk ?? '', fill));
    await expect
      .poll(
        () =>
          start('after').then(
            () => true,
            () => false,
          ),
        { timeout: 120_000, interval: 200 },
      )
      .toBe(true);
    await untilReady('after');
    expect(await untilReady('before')).toBe(id);
    await client.close();
    await cluster.process.end('SIGKILL');
    await cluster.start();
    client = await adminOf(cluster.dataDir);
    expect(await found()).toHaveLength(acknowledged.length);
    expect(await untilReady('before')).toBe(id);
  });
});
