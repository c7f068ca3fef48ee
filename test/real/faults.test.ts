// Proves on real containers that what dies behind the kubelet's back is seen, told and made good, and that nothing of it stays on the machine.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod, PodSpec } from '../../src/api/core/v1.ts';
import type { Draft } from '../../src/api/object.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { containerdPid } from '../../src/cluster/real-runtime.ts';
import { ociArchive } from '../../src/runtime/cri/oci-archive.ts';
import { adminOf } from '../cli/peapod-process.ts';
import { type RealCluster, realCluster, testNamespace, whyNoRealCluster } from './cluster-for-tests.ts';
import { grown, type Leftovers, leftovers } from './leftovers.ts';
import { nodeOverHttp } from './node-over-http.ts';
import { testRegistry } from './registry-for-tests.ts';

const namespace = 'faults';
const execs = 40;
const problem = whyNoRealCluster();
if (problem !== undefined) console.log(`faults of real containers are left out: ${problem}`);

/** What is being started again just now cannot be killed. Never a number for none: -1 would mean every process of the machine. */
const killIfThere = (pid: number | undefined): void => {
  try {
    if (pid !== undefined && pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
};

describe.skipIf(problem !== undefined)('faults', () => {
  let cluster: RealCluster;
  let client: Awaited<ReturnType<typeof adminOf>>;
  const uids = new Set<string>();

  beforeAll(async () => {
    cluster = await realCluster(220);
    await cluster.start();
    await cluster.importImages();
    client = await adminOf(cluster.dataDir);
    await testNamespace(client, namespace);
  });
  afterAll(async () => {
    await client?.close();
    await cluster?.dispose();
  });

  const stays: PodSpec = {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'] }],
  };
  const create = async (name: string, spec: PodSpec = stays): Promise<Pod> => {
    const pod = await client.create(resources.pods, { metadata: { name, namespace }, spec } as Draft<Pod>);
    uids.add(pod.metadata.uid);
    return pod;
  };
  const until = async (name: string, condition: (pod: Pod) => boolean): Promise<Pod> => {
    let pod: Pod | undefined;
    await expect
      .poll(
        async () => {
          pod = await client.get(resources.pods, { namespace, name });
          return condition(pod);
        },
        { timeout: 120_000, interval: 30 },
      )
      .toBe(true);
    return pod as Pod;
  };
  const isReady = ({ status }: Pod): boolean => status?.containerStatuses?.every(({ ready }) => ready) ?? false;
  const restarted = ({ status }: Pod): boolean => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0 && isReady({ status } as Pod);
  const remove = async (name: string): Promise<void> => {
    await client.delete(resources.pods, { namespace, name });
    await expect
      .poll(async () => (await client.list(resources.pods, { namespace })).items.some(({ metadata }) => metadata.name === name), {
        timeout: 120_000,
        interval: 30,
      })
      .toBe(false);
  };
  const count = (): Leftovers => leftovers(cluster.dataDir, cluster.process.pid, uids);
  /** Processes whose command line has all of these. */
  const pidsOf = (...words: readonly string[]): readonly number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
          return words.every((word) => command.includes(word));
        } catch {
          return false;
        }
      })
      .map(Number);
  /** The process that holds a pod's namespaces. */
  const pauseOf = (uid: string): number => {
    const found = pidsOf('/pause').find((pid) => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(uid));
    if (found === undefined) throw new Error('the pod has no sandbox');
    return found;
  };
  const sandboxOf = async (uid: string): Promise<string> => {
    const runtime = cluster.runtime();
    try {
      return (await runtime.listSandboxes()).find(({ metadata, state }) => metadata.uid === uid && state === 'ready')?.id ?? '';
    } finally {
      await runtime.close();
    }
  };

  test('what dies is made good, whoever killed it, and leaves nothing behind', async () => {
    // What is opened once, for the first pod, is no leak.
    await create('first');
    await until('first', isReady);
    await remove('first');
    const before = count();

    const pod = await create('victim');
    await until('victim', isReady);
    const { stateDir } = machineNames(cluster.dataDir);
    const kills: Readonly<Record<string, () => Promise<void>>> = {
      container: async () => {
        const runtime = cluster.runtime();
        const [container] = (await runtime.listContainers(pod.metadata.uid)).filter(({ state }) => state === 'running');
        await runtime.stopContainer(container?.id ?? '', 0);
        await runtime.close();
      },
      shim: async () => {
        const [shim] = pidsOf('containerd-shim', stateDir, await sandboxOf(pod.metadata.uid));
        killIfThere(shim);
      },
      pause: async () => void process.kill(pauseOf(pod.metadata.uid), 'SIGKILL'),
      containerd: async () => killIfThere(containerdPid(cluster.dataDir)),
      Peapod: async () => {
        await cluster.process.end('SIGKILL');
        await cluster.start();
      },
    };
    for (const [what, kill] of Object.entries(kills)) {
      const id = (await client.get(resources.pods, { namespace, name: 'victim' })).status?.containerStatuses?.[0]?.containerID;
      await kill();
      // Of containerd and Peapod the containers know nothing.
      const stayed = what === 'containerd' || what === 'Peapod';
      const after = await until('victim', (now) => isReady(now) && (stayed || now.status?.containerStatuses?.[0]?.containerID !== id));
      if (stayed) expect(after.status?.containerStatuses?.[0]?.containerID, what).toBe(id);
      else expect(restarted(after), what).toBe(true);
    }
    await remove('victim');
    expect(await grown({ ...before, peapodFiles: count().peapodFiles }, count)).toEqual({});
  });

  test('whatever is killed at whatever moment of a pod’s start or end, it comes up or goes, and leaves nothing behind', async () => {
    await create('warm');
    await until('warm', isReady);
    await remove('warm');
    const before = count();
    const shims = (): readonly number[] => pidsOf('containerd-shim', machineNames(cluster.dataDir).stateDir);
    const kills: Readonly<Record<string, () => void>> = {
      shims: () => {
        for (const pid of shims()) killIfThere(pid);
      },
      containerd: () => killIfThere(containerdPid(cluster.dataDir)),
    };
    for (const [what, kill] of Object.entries(kills)) {
      for (const [index, afterMs] of [20, 80, 160, 320].entries()) {
        const name = `${what}-${index}`;
        await create(name);
        await sleep(afterMs);
        try {
          kill();
        } catch {
          // It was just going by itself.
        }
        await until(name, isReady);
        const gone = remove(name);
        await sleep(afterMs / 4);
        try {
          kill();
        } catch {
          // It was just going by itself.
        }
        await gone;
      }
    }
    expect(await grown(before, count)).toEqual({});
  });

  test(`${execs} sessions one after another open nothing that stays open`, async () => {
    const access = await loadKubeconfig(`${cluster.dataDir}/kubeconfig`);
    const node = nodeOverHttp(access);
    await create('busy');
    await until('busy', isReady);
    const session = async (): Promise<void> => {
      const streams = { stdin: false, stdout: true, stderr: false, tty: false };
      const process = await node.exec({ namespace, pod: 'busy', container: 'c' }, ['true'], streams);
      expect(await process.exit).toEqual({ exitCode: 0 });
      process.close();
    };
    for (let index = 0; index < 5; index++) await session();
    const before = count();
    for (let index = 0; index < execs; index++) await session();
    expect(await grown(before, count)).toEqual({});
    await remove('busy');
  });

  /** Has containerd ask a registry of this test, in place of one that is elsewhere. */
  const pointAt = (registry: string, url: string): void => {
    const directory = `${cluster.dataDir}/runtime/certs.d/${registry}`;
    mkdirSync(directory, { recursive: true });
    writeFileSync(`${directory}/hosts.toml`, `[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`);
  };

  test('a registry that is cut off in the middle of a layer is told of, and nothing stays of the half', async () => {
    const image = ociArchive('cut.test/x:1', 'amd64', [{ path: 'bin/x', content: Buffer.alloc(2 ** 20, 7), mode: 0o755 }], {
      Entrypoint: ['/bin/x'],
    });
    let cut = true;
    const registry = await testRegistry('x', image, (content) =>
      cut && content.length > 2 ** 19 ? content.subarray(0, 2 ** 19) : content,
    );
    try {
      pointAt('cut.test', registry.url);
      await create('cut', { ...stays, containers: [{ name: 'c', image: 'cut.test/x:1' }] });
      const waiting = await until('cut', ({ status }) => /Err|BackOff/.test(status?.containerStatuses?.[0]?.state?.waiting?.reason ?? ''));
      expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain('cut.test/x:1');
      cut = false;
      // Whole again, it is pulled; that it is no program is another matter.
      const events = async (): Promise<string> =>
        JSON.stringify((await client.list(resources.events, { namespace })).items.map(({ reason, message }) => [reason, message]));
      await expect.poll(events, { timeout: 180_000, interval: 500 }).toContain('Successfully pulled image \\"cut.test/x:1\\"');
      await remove('cut');
    } finally {
      await registry.close();
    }
  });

  test('a registry that hangs, talks nonsense or breaks off is told of, and the pod can go all the same', async () => {
    const sockets = new Set<Socket>();
    const answers = {
      hangs: () => {},
      nonsense: (socket: Socket) => socket.end('what?\r\n\r\n'),
      'breaks-off': (socket: Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"schema');
        socket.destroySoon();
      },
    } as const;
    for (const [name, answer] of Object.entries(answers)) {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.once('data', () => answer(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      pointAt(`${name}.test`, `http://127.0.0.1:${port}`);
      await create(name, { ...stays, containers: [{ name: 'c', image: `${name}.test/x:1` }] });
      if (name !== 'hangs') {
        const waiting = await until(name, ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull');
        expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain(`${name}.test/x:1`);
      }
      await expect.poll(() => sockets.size, { timeout: 120_000 }).toBeGreaterThan(0);
      await remove(name);
      for (const socket of sockets) socket.destroy();
      sockets.clear();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
