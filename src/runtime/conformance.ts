// Owns the one suite that every container runtime must pass, simulated or real. It refuses to know which one it is talking to.
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ContainerWish, plainContainer, plainSandbox } from './configs-for-tests.ts';
import type { NodeFiles } from './files.ts';
import type { ContainerConfig, ContainerStatus, Mount, ProcessOptions, Runtime, RuntimeEvent, SandboxConfig } from './runtime.ts';

/** A runtime under test. */
export interface RuntimeUnderTest {
  readonly runtime: Runtime;
  /** The files of the node that the runtime's containers run on. */
  readonly files: NodeFiles;
  /** A directory of the node for logs and volumes; `/var/lib/conformance` unless told. */
  readonly directory?: string;
  /** Lets time pass: virtual or real, milliseconds. */
  pass(durationMs: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Images that the suite uses: one with a shell and busybox's tools, and one that the registry does not have. */
export interface ConformanceImages {
  readonly busybox: string;
  readonly absent: string;
}

const usualImages: ConformanceImages = { busybox: 'docker.io/library/busybox:1.28', absent: 'docker.io/library/no-such-image:0' };
const all: ProcessOptions = { stdin: true, stdout: true, stderr: true, tty: false };

/** Runs the suite against a maker of runtimes; one runtime serves all tests of the suite. */
export function runtimeConformance(name: string, make: () => Promise<RuntimeUnderTest>, images: ConformanceImages = usualImages): void {
  describe(`runtime: ${name}`, () => {
    let under: RuntimeUnderTest;
    let imageId = '';
    let pods = 0;
    const abort = new AbortController();
    const events: RuntimeEvent[] = [];
    const made: string[] = [];

    beforeAll(async () => {
      under = await make();
      const stream = under.runtime.events(abort.signal);
      void (async () => {
        for await (const event of stream) events.push(event);
      })().catch(() => {});
      imageId = await done(under.runtime.pullImage(images.busybox, undefined));
    }, 60_000);
    afterAll(async () => {
      for (const id of made) await done(under.runtime.stopSandbox(id)).then(() => done(under.runtime.removeSandbox(id)));
      abort.abort();
      await under.dispose();
    }, 60_000);

    /** Waits for a promise while time passes. */
    async function done<T>(promise: Promise<T>): Promise<T> {
      let settled = false;
      promise.then(
        () => {
          settled = true;
        },
        () => {
          settled = true;
        },
      );
      while (!settled) await under.pass(5);
      return promise;
    }
    async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
      for (let tries = 0; tries < 1500; tries++) {
        if (await done(Promise.resolve(condition()))) return;
        await under.pass(10);
      }
      throw new Error('the condition did not hold within 15 s');
    }
    const sandboxConfig = (): SandboxConfig => {
      const uid = `00000000-0000-4000-8000-${String(++pods).padStart(12, '0')}`;
      const podName = `pod-${pods}`;
      return plainSandbox(podName, uid, {
        metadata: { name: podName, namespace: 'conformance', uid, attempt: 0 },
        logDirectory: `${under.directory ?? '/var/lib/conformance'}/logs/${uid}`,
        labels: { 'io.kubernetes.pod.name': podName, 'io.kubernetes.pod.namespace': 'conformance', 'io.kubernetes.pod.uid': uid },
        annotations: { note: 'kept' },
      });
    };
    async function makeSandbox(): Promise<{ id: string; config: SandboxConfig; uid: string }> {
      const config = sandboxConfig();
      await under.files.makeDirectory(config.logDirectory);
      const id = await done(under.runtime.runSandbox(config));
      made.push(id);
      return { id, config, uid: config.metadata.uid };
    }
    const containerConfig = (wish: ContainerWish): ContainerConfig => {
      const name = wish.metadata?.name ?? 'main';
      return plainContainer(
        name,
        { image: imageId, userImage: images.busybox },
        { command: ['sleep', '3600'], labels: { 'io.kubernetes.container.name': name }, ...wish },
      );
    };
    async function create(
      wish: ContainerWish,
    ): Promise<{ id: string; sandbox: { id: string; config: SandboxConfig; uid: string }; log(): Promise<string> }> {
      const sandbox = await makeSandbox();
      const config = containerConfig(wish);
      const id = await done(under.runtime.createContainer(sandbox.id, config, sandbox.config));
      const log = async (): Promise<string> => {
        const path = `${sandbox.config.logDirectory}/${config.logPath}`;
        return (await under.files.stat(path)) === undefined ? '' : Buffer.from(await under.files.readFile(path)).toString('utf8');
      };
      return { id, sandbox, log };
    }
    async function start(wish: ContainerWish): ReturnType<typeof create> {
      const container = await create(wish);
      await done(under.runtime.startContainer(container.id));
      return container;
    }
    const sh = (script: string): readonly string[] => ['sh', '-c', script];
    async function statusOf(id: string): Promise<ContainerStatus> {
      const status = await done(under.runtime.containerStatus(id));
      if (status === undefined) throw new Error(`no container ${id}`);
      return status;
    }
    async function ended(id: string): Promise<ContainerStatus> {
      await until(async () => (await statusOf(id)).state === 'exited');
      return statusOf(id);
    }
    const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
      done(promise).then(
        () => 'resolved',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
    const textOf = async (stream: Readable | undefined): Promise<string> => {
      let text = '';
      for await (const chunk of stream ?? []) text += String(chunk);
      return text;
    };

    test('says who it is and that it is ready', async () => {
      const { name: runtimeName, version } = await done(under.runtime.version());
      expect(runtimeName).not.toBe('');
      expect(version).not.toBe('');
      const conditions = await done(under.runtime.conditions());
      expect(conditions.filter(({ ready }) => ready).map(({ type }) => type)).toEqual(
        expect.arrayContaining(['RuntimeReady', 'NetworkReady']),
      );
    });

    test('a sandbox is ready with an address, then stopped, then gone; each step may be asked for twice', async () => {
      const { id, uid, config } = await makeSandbox();
      const status = await done(under.runtime.sandboxStatus(id));
      expect(status).toMatchObject({ id, metadata: config.metadata, state: 'ready', hostNetwork: false, annotations: { note: 'kept' } });
      expect(status?.ips[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect((await done(under.runtime.listSandboxes(uid))).map((sandbox) => [sandbox.id, sandbox.ips])).toEqual([[id, status?.ips]]);
      for (let time = 0; time < 2; time++) await done(under.runtime.stopSandbox(id));
      expect((await done(under.runtime.sandboxStatus(id)))?.state).toBe('notReady');
      for (let time = 0; time < 2; time++) await done(under.runtime.removeSandbox(id));
      expect(await done(under.runtime.sandboxStatus(id))).toBeUndefined();
      expect(await done(under.runtime.listSandboxes(uid))).toEqual([]);
    });

    test('a container is created, runs, ends and is removed', async () => {
      const { id, sandbox } = await create({ command: sh('exit 0') });
      expect(await statusOf(id)).toMatchObject({
        id,
        sandboxId: sandbox.id,
        metadata: { name: 'main', attempt: 0 },
        state: 'created',
        startedAtMs: 0,
        finishedAtMs: 0,
      });
      await done(under.runtime.startContainer(id));
      const end = await ended(id);
      expect(end).toMatchObject({ exitCode: 0, reason: 'Completed' });
      expect(end.createdAtMs).toBeGreaterThan(0);
      expect(end.startedAtMs).toBeGreaterThanOrEqual(end.createdAtMs);
      expect(end.finishedAtMs).toBeGreaterThanOrEqual(end.startedAtMs);
      expect(end.imageRef).toMatch(/@sha256:[0-9a-f]{64}$/);
      await done(under.runtime.removeContainer(id));
      expect(await done(under.runtime.containerStatus(id))).toBeUndefined();
      expect(await done(under.runtime.listContainers(sandbox.uid))).toEqual([]);
    });

    test.each<[string, string, number]>([
      ['an exit code is kept', 'exit 3', 3],
      ['a command that is not there', 'no-such-command', 127],
      ['the last command counts', 'true; false', 1],
      ['a killed child shows above 128', 'sleep 100 & kill -9 $!; wait $!', 137],
    ])('exit codes: %s', async (_name, script, exitCode) => {
      const { id } = await start({ command: sh(script) });
      expect(await ended(id)).toMatchObject({ exitCode, reason: 'Error' });
    });

    test('a program that is not there cannot be started, and the container says so', async () => {
      const { id } = await create({ command: ['/no/such/program'] });
      await expect(done(under.runtime.startContainer(id))).rejects.toThrow(/\/no\/such\/program.*no such file or directory/);
      const status = await ended(id);
      expect(status).toMatchObject({ exitCode: 128, reason: 'StartError' });
      expect(status.message).toContain('/no/such/program');
    });

    test('stop lets a trap finish', async () => {
      const { id, log } = await start({ command: sh("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done") });
      await until(async () => (await log()).includes('up'));
      await done(under.runtime.stopContainer(id, 20));
      expect(await statusOf(id)).toMatchObject({ state: 'exited', exitCode: 7 });
      expect(await log()).toContain('bye');
    });

    test('init without a trap is killed when its grace is over, and at once without grace', async () => {
      const patient = await start({});
      await done(under.runtime.stopContainer(patient.id, 1));
      const { startedAtMs, finishedAtMs, ...status } = await statusOf(patient.id);
      expect(status).toMatchObject({ state: 'exited', exitCode: 137 });
      expect(finishedAtMs - startedAtMs).toBeGreaterThanOrEqual(900);
      const rushed = await start({});
      await done(under.runtime.stopContainer(rushed.id, 0));
      expect(await statusOf(rushed.id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    test('stopping and removing what is not there, or has ended, is no error', async () => {
      const { id } = await start({ command: ['true'] });
      await ended(id);
      for (let time = 0; time < 2; time++) await done(under.runtime.stopContainer(id, 1));
      for (let time = 0; time < 2; time++) await done(under.runtime.removeContainer(id));
      const unknown = 'f'.repeat(64);
      await done(under.runtime.stopContainer(unknown, 0));
      await done(under.runtime.removeContainer(unknown));
      await done(under.runtime.stopSandbox(unknown));
      await done(under.runtime.removeSandbox(unknown));
    });

    test('what is not there is undefined to ask for and NotFound to act on', async () => {
      const unknown = 'e'.repeat(64);
      expect(await done(under.runtime.containerStatus(unknown))).toBeUndefined();
      expect(await done(under.runtime.sandboxStatus(unknown))).toBeUndefined();
      expect(await codeOf(under.runtime.startContainer(unknown))).toBe('NotFound');
      expect(await codeOf(under.runtime.execSync(unknown, ['true'], 1000))).toBe('NotFound');
      const config = sandboxConfig();
      expect(await codeOf(under.runtime.createContainer(unknown, containerConfig({}), config))).toBe('NotFound');
    });

    test('stopping a sandbox ends its containers', async () => {
      const { id, sandbox } = await start({});
      await done(under.runtime.stopSandbox(sandbox.id));
      expect((await ended(id)).exitCode).toBe(137);
    });

    test('what a container says is in its log, in the format of CRI', async () => {
      const { id, log } = await start({ command: sh('echo one; echo two >&2; printf end') });
      await ended(id);
      await until(async () => (await log()).split('\n').length >= 4);
      const lines = (await log()).trimEnd().split('\n');
      for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[-+]\d\d:\d\d) (?:stdout|stderr) [FP] /);
      expect(lines.map((line) => line.slice(line.indexOf(' ') + 1)).sort()).toEqual(['stderr F two', 'stdout F one', 'stdout P end']);
    });

    test('a log that was moved away goes on in a new file once it is reopened', async () => {
      const { id, log, sandbox } = await start({ command: sh('i=0; while :; do i=$((i+1)); echo line $i; sleep 0.05; done') });
      await until(async () => (await log()).includes('line 2'));
      const path = `${sandbox.config.logDirectory}/main.log`;
      await under.files.rename(path, `${path}.old`);
      await done(under.runtime.reopenLog(id));
      await until(async () => (await log()).includes(' line '));
      expect(await log()).not.toContain('line 1\n');
      await done(under.runtime.stopContainer(id, 0));
    });

    test('execSync gives output, errors and the code', async () => {
      const { id } = await start({ env: { WHO: 'pod' } });
      const result = await done(under.runtime.execSync(id, sh('echo hello $WHO; echo oh >&2; exit 4'), 10_000));
      expect([result.exitCode, Buffer.from(result.stdout).toString(), Buffer.from(result.stderr).toString()]).toEqual([
        4,
        'hello pod\n',
        'oh\n',
      ]);
    });

    test('execSync gives up at its deadline', async () => {
      const { id } = await start({});
      expect(await codeOf(under.runtime.execSync(id, ['sleep', '60'], 300))).toBe('DeadlineExceeded');
    });

    test('exec carries standard input to its end, and the exit code back', async () => {
      const { id } = await start({});
      const streams = await done(under.runtime.exec(id, sh('cat; echo done >&2; exit 7'), all));
      const output = Promise.all([textOf(streams.stdout), textOf(streams.stderr)]);
      streams.stdin?.write('one\n');
      streams.stdin?.end('two\n');
      expect(await done(output)).toEqual(['one\ntwo\n', 'done\n']);
      expect(await done(streams.exit)).toEqual({ exitCode: 7 });
    });

    test('exec carries much in both directions, whole', async () => {
      const { id } = await start({});
      const streams = await done(under.runtime.exec(id, ['cat'], { ...all, stderr: false }));
      const block = Buffer.alloc(300_000, 'abcdefghij');
      const output = textOf(streams.stdout);
      streams.stdin?.end(block);
      expect((await done(output)).length).toBe(block.length);
      expect(await done(streams.exit)).toEqual({ exitCode: 0 });
    });

    test('attach hears what is said and is heard', async () => {
      const { id } = await start({ command: sh('while read line; do echo "got $line"; done; echo over'), stdin: true, stdinOnce: true });
      const streams = await done(under.runtime.attach(id, all));
      const output = textOf(streams.stdout);
      streams.stdin?.end('a\nb\n');
      expect(await done(output)).toBe('got a\ngot b\nover\n');
      expect((await ended(id)).exitCode).toBe(0);
    });

    test('containers are listed by the uid of their pod', async () => {
      const first = await start({});
      const second = await start({});
      expect((await done(under.runtime.listContainers(first.sandbox.uid))).map(({ id }) => id)).toEqual([first.id]);
      const ids = (await done(under.runtime.listContainers())).map(({ id }) => id);
      expect(ids).toEqual(expect.arrayContaining([first.id, second.id]));
    });

    test('starts and exits are told', async () => {
      const { id } = await start({ command: sh('sleep 0.1') });
      await until(() => events.some((event) => event.type === 'exited' && event.containerId === id));
      const types = events.filter((event) => event.type !== 'resync' && event.containerId === id).map(({ type }) => type);
      expect(types.indexOf('started')).toBeGreaterThanOrEqual(0);
      expect(types.indexOf('exited')).toBeGreaterThan(types.indexOf('started'));
    });

    test('a pulled image is known by its name and id; one that does not exist is not found', async () => {
      const status = await done(under.runtime.imageStatus(images.busybox));
      expect(status).toMatchObject({ id: imageId });
      expect(status?.repoTags).toContain(images.busybox);
      expect((await done(under.runtime.imageStatus(imageId)))?.id).toBe(imageId);
      expect((await done(under.runtime.listImages())).map(({ id }) => id)).toContain(imageId);
      expect(await codeOf(under.runtime.pullImage(images.absent, undefined))).toBe('NotFound');
      expect(await done(under.runtime.imageStatus(images.absent))).toBeUndefined();
    });

    test('mounts: files of the node are seen, what is written is there, read-only holds', async () => {
      const base = `${under.directory ?? '/var/lib/conformance'}/volume-${pods}`;
      await under.files.writeFile(`${base}/given`, 'from the node\n');
      const mount = (containerPath: string, readonly: boolean): Mount => ({
        containerPath,
        hostPath: base,
        readonly,
        propagation: 'private',
      });
      const { id, log } = await start({
        command: sh('cat /in/given; echo written > /out/made; echo no > /in/made 2>/dev/null || echo refused'),
        mounts: [mount('/in', true), mount('/out', false)],
      });
      expect((await ended(id)).exitCode).toBe(0);
      expect(Buffer.from(await under.files.readFile(`${base}/made`)).toString()).toBe('written\n');
      await until(async () => (await log()).includes('refused'));
      expect(await log()).toContain('from the node');
    });

    test('environment, working directory, host name and arguments are as configured', async () => {
      const { id, log } = await start({
        command: sh('echo "$A|$(pwd)|$(hostname)|$0|$1"'),
        args: ['zero', 'one'],
        env: { A: 'a b' },
        workingDir: '/tmp',
      });
      await ended(id);
      await until(async () => (await log()).includes('\n'));
      expect(await log()).toMatch(/ stdout F a b\|\/tmp\|pod-\d+\|zero\|one\n$/);
    });

    test('usage names the running containers', async () => {
      const { id } = await start({});
      await until(async () => (await under.runtime.usage()).some((usage) => usage.id === id && usage.memoryWorkingSetBytes > 0));
    });
  });
}
