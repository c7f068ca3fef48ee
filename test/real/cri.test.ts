// Proves the CRI runtime on a containerd of its own: the shared suite, and what only real containers can show.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainContainer, plainSandbox } from '../../src/runtime/configs-for-tests.ts';
import { runtimeConformance } from '../../src/runtime/conformance.ts';
import { runningContainerd } from '../../src/runtime/cri/containerd.ts';
import { pauseImageName } from '../../src/runtime/cri/pause-image.ts';
import { shimsOf } from '../../src/runtime/cri/shims.ts';
import type { ContainerStatus, LinuxResources, RuntimeEvent, SandboxConfig } from '../../src/runtime/runtime.ts';
import { type RealRuntime, realRuntime, untilEnded, whyNoRealContainers } from './containerd-for-tests.ts';
import { testRanges } from './test-ranges.ts';

const problem = whyNoRealContainers();
if (problem !== undefined) console.log(`real containers are left out: ${problem}`);
const pass = (durationMs: number): Promise<void> => sleep(durationMs);

describe.skipIf(problem !== undefined)('containerd', () => {
  runtimeConformance('containerd', async () => {
    const { runtime, files, directory, dispose } = await realRuntime(1, ['/k8s.io']);
    return { runtime, files, directory, pass, dispose };
  });

  describe('what only the kernel does', () => {
    const uid = '11111111-1111-4111-8111-111111111111';
    const abort = new AbortController();
    const events: RuntimeEvent[] = [];
    let real: RealRuntime;
    let sandbox: SandboxConfig;
    let sandboxId = '';
    let image = '';

    beforeAll(async () => {
      real = await realRuntime(2, ['/peapod-test']);
      const { runtime, directory } = real;
      void (async () => {
        for await (const event of runtime.events(abort.signal)) events.push(event);
      })();
      image = await runtime.pullImage('busybox', undefined);
      sandbox = plainSandbox('kernel', uid, {
        metadata: { name: 'kernel', namespace: 'real', uid, attempt: 0 },
        logDirectory: `${directory}/logs`,
        cgroupParent: `/peapod-test/pod${uid}`,
      });
      mkdirSync(sandbox.logDirectory, { recursive: true });
      sandboxId = await runtime.runSandbox(sandbox);
    });
    afterAll(async () => {
      abort.abort();
      await real.dispose();
    });

    async function run(name: string, script: string, resources: LinuxResources = {}): Promise<string> {
      const config = plainContainer(name, { image, userImage: 'busybox' }, { command: ['sh', '-c', script], resources });
      const id = await real.runtime.createContainer(sandboxId, config, sandbox);
      await real.runtime.startContainer(id);
      return id;
    }
    const told = (type: RuntimeEvent['type'], id: string): RuntimeEvent | undefined =>
      events.find((event) => event.type === type && 'containerId' in event && event.containerId === id);
    async function exited(id: string): Promise<ContainerStatus> {
      await expect.poll(() => told('exited', id), { timeout: 20_000, interval: 2 }).toBeDefined();
      const status = (await real.runtime.listContainers(uid)).find((container) => container.id === id);
      if (status === undefined) throw new Error(`no container ${id}`);
      return status;
    }

    test('the sandbox image came from nowhere but here', async () => {
      expect((await real.runtime.imageStatus(pauseImageName))?.uid).toBe(65535);
      expect((await real.runtime.sandboxStatus(sandboxId))?.ips).toEqual([expect.stringContaining(`${testRanges.pods}.2.`)]);
    });

    test('an exit is in the statuses as soon as it is told, and it is told', async () => {
      const status = await exited(await run('short', 'exit 3'));
      expect(status).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error' });
      expect(status.startedAtMs).toBeGreaterThan(0);
      expect(status.finishedAtMs).toBeGreaterThanOrEqual(status.startedAtMs);
    });

    test('a container that the kernel killed for its memory says so', async () => {
      const id = await run('hungry', 'a=x; while :; do a=$a$a; done', { memoryLimitBytes: 32 * 1024 * 1024 });
      expect(await exited(id)).toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled' });
      expect(told('oom', id)).toBeDefined();
    });

    test('so does one that survived the kill of its child', async () => {
      const id = await run('parent', 'sh -c "a=x; while :; do a=\\$a\\$a; done"; exit 0', { memoryLimitBytes: 32 * 1024 * 1024 });
      expect(await exited(id)).toMatchObject({ exitCode: 0, reason: 'OOMKilled' });
    });

    test('a kill that is nobody’s fault but ours is not taken for want of memory', async () => {
      const id = await run('patient', 'sleep 3600');
      await real.runtime.stopContainer(id, 0);
      expect(await exited(id)).toMatchObject({ exitCode: 137, reason: 'Error' });
    });

    test('containers outlive containerd: it is found again, and an exit in between is not lost', async () => {
      const [stays, ends] = await Promise.all([run('stays', 'sleep 3600'), run('ends', 'sleep 1; exit 9')]);
      const resyncs = (): number => events.filter((event) => event.type === 'resync').length;
      const before = resyncs();
      process.kill(real.containerdPid, 'SIGKILL');
      await untilEnded(real.containerdPid);
      await expect(real.runtime.version()).rejects.toMatchObject({ code: 'Unavailable' });
      await sleep(1200);
      await real.restart();
      await expect.poll(resyncs, { timeout: 20_000 }).toBeGreaterThan(before);
      expect(await real.runtime.containerStatus(stays)).toMatchObject({ state: 'running' });
      await expect.poll(() => real.runtime.containerStatus(ends), { timeout: 10_000 }).toMatchObject({ state: 'exited', exitCode: 9 });
    });

    test('a shim that containerd does not know any more is ended when it is started again, with all of it', async () => {
      const id = await run('forgotten', 'sleep 3600');
      const socket = real.endpoint.replace('unix://', '');
      const shimPid = async (): Promise<number | undefined> => (await shimsOf(socket)).find((shim) => shim.id === sandboxId)?.pid;
      const others = (await shimsOf(socket)).length - 1;
      const state = `${real.directory}/run/state/io.containerd.runtime.v2.task/k8s.io`;
      const listens = readFileSync(`${state}/${sandboxId}/address`, 'utf8').replace('unix://', '');
      expect([await shimPid(), existsSync(listens)]).toEqual([expect.any(Number), true]);
      const containerd = runningContainerd({ dataDir: `${real.directory}/data`, stateDir: `${real.directory}/run` }) ?? -1;
      process.kill(containerd, 'SIGKILL');
      await untilEnded(containerd);
      // As where it was killed before it wrote down where the shim listens.
      for (const bundle of readdirSync(state)) rmSync(`${state}/${bundle}/address`);
      await real.restart();
      expect([await shimPid(), existsSync(listens)]).toEqual([undefined, false]);
      expect(await shimsOf(socket)).toHaveLength(others);
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
      expect([sandboxId, id].filter((one) => mounts.includes(`${state}/${one}/`) || existsSync(`${state}/${one}`))).toEqual([]);
    });
  });
});
