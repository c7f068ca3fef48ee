// Owns one simulated container: its state, its main process, what it says, and the commands run in it.
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import {
  type ContainerConfig,
  type ContainerStatus,
  type ContainerUsage,
  type ExecResult,
  type LinuxResources,
  type ProcessOptions,
  RuntimeError,
  type SandboxConfig,
} from '../runtime.ts';
import { type ExecHost, execToEnd, execWithStreams, onTerminal } from './container-exec.ts';
import { ContainerLog } from './container-log.ts';
import { userOf } from './container-user.ts';
import { Descriptor, nullDescriptor, Pipe, type Sink } from './descriptor.ts';
import type { FileTree } from './file-tree.ts';
import type { SimulatedImage } from './images.ts';
import type { PodNetwork } from './network.ts';
import { type PidNamespace, Process, type Program, type Surroundings, signalNumber, standardDescriptors } from './process.ts';
import { inputStream, OutputStream, Terminal } from './process-streams.ts';
import { findProgram } from './programs.ts';
import { findMounts, rootFilesystem } from './root-filesystem.ts';
import { tool } from './tool.ts';

/** What a container needs of its sandbox and runtime. */
export interface ContainerHome {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly files: FileTree;
  readonly network: PodNetwork;
  readonly namespace: PidNamespace;
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  /** What is told of it: `started`, `exited`, `oom`. */
  tell(type: 'started' | 'exited' | 'oom', containerId: string): void;
}

/** What is known of the image that a container was made from. */
export interface ContainerImage {
  readonly name: string;
  readonly reference: string;
  readonly described: SimulatedImage;
}

const attachedMostBytes = 1_048_576;

/** A container of the simulated runtime. It runs at most once. */
export class SimulatedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly home: ContainerHome;
  readonly #image: ContainerImage;
  readonly #createdAtMs: number;
  readonly #attached = new Set<{ readonly stdout: OutputStream | undefined; readonly stderr: OutputStream | undefined }>();
  readonly #exited = Promise.withResolvers<void>();
  #startedAtMs = 0;
  #finishedAtMs = 0;
  #exitCode = 0;
  #signal = 0;
  #state: ContainerStatus['state'] = 'created';
  #reason = '';
  #message = '';
  #oomKilled = false;
  #surroundings: Surroundings | undefined;
  #builtFiles: () => FileTree | undefined = () => undefined;
  #main: Process | undefined;
  #log: ContainerLog | undefined;
  #stdin: Pipe | undefined;
  #terminal: Terminal | undefined;
  #memoryLimitBytes: number | undefined;

  constructor(id: string, config: ContainerConfig, image: ContainerImage, home: ContainerHome) {
    this.id = id;
    this.config = config;
    this.home = home;
    this.#image = image;
    this.#createdAtMs = home.clock.now();
    this.#memoryLimitBytes = config.resources.memoryLimitBytes || undefined;
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  get namespace(): PidNamespace {
    return this.home.namespace;
  }

  get #logPath(): string {
    return `${this.home.sandbox.logDirectory}/${this.config.logPath}`;
  }

  status(): ContainerStatus {
    const { metadata, labels, annotations } = this.config;
    const { uid, gid, groups } = userOf(this.config.security, this.#image.described.user);
    return {
      id: this.id,
      sandboxId: this.home.sandboxId,
      metadata,
      state: this.#state,
      createdAtMs: this.#createdAtMs,
      startedAtMs: this.#startedAtMs,
      finishedAtMs: this.#finishedAtMs,
      exitCode: this.#exitCode,
      signal: this.#signal,
      reason: this.#reason,
      message: this.#message,
      image: this.#image.name,
      imageRef: this.#image.reference,
      labels,
      annotations,
      logPath: this.#logPath,
      user: { uid, gid, supplementalGroups: groups },
    };
  }

  /** Starts the main process. Rejects with RuntimeError where it cannot be started; the container has then exited with 128, as runc's do. */
  start(): void {
    if (this.#state !== 'created')
      throw new RuntimeError(
        'Unknown',
        `failed to start container "${this.id}": container is in CONTAINER_${this.#state.toUpperCase()} state`,
      );
    const { config, home } = this;
    const { described } = this.#image;
    const argv =
      config.command.length > 0
        ? [...config.command, ...config.args]
        : [...described.entrypoint, ...(config.args.length > 0 ? config.args : described.command)];
    if (!described.known && config.command.length === 0) argv.unshift(...(argv[0] === 'simulated-idle' ? [] : ['simulated-idle']));
    const surroundings = this.#makeSurroundings();
    const { program, failure } = this.#program(argv[0] ?? '', surroundings);
    if (program === undefined) {
      this.#end(
        128,
        0,
        'StartError',
        `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${failure}: unknown`,
      );
      throw new RuntimeError('Unknown', this.#message);
    }
    this.#log = new ContainerLog(home.files, this.#logPath, home.clock);
    const descriptors = config.tty ? this.#terminalDescriptors() : this.#plainDescriptors();
    this.#state = 'running';
    this.#startedAtMs = home.clock.now();
    this.#main = new Process(surroundings, argv, descriptors).run(program, this.#environment(), this.#workingDir());
    home.tell('started', this.id);
    void this.#main.exit.then(({ exitCode, signal }) => {
      for (const process of [...surroundings.processes]) process.signal(9);
      this.#end(exitCode, signal, this.#oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error', '');
    });
  }

  #makeSurroundings(): Surroundings {
    const { config, home } = this;
    const mounts = findMounts(home.files, config);
    // Most containers never look at their files: they are made when somebody does.
    const build = (): FileTree =>
      rootFilesystem({
        node: home.files,
        now: () => home.clock.now(),
        image: this.#image.described,
        config,
        sandbox: home.sandbox,
        mounts,
      });
    let built: FileTree | undefined;
    this.#builtFiles = () => built;
    const surroundings: Surroundings = {
      get files() {
        built ??= build();
        return built;
      },
      hostname: home.sandbox.hostname,
      clock: home.clock,
      entropy: home.entropy,
      network: home.network,
      image: config.userImage || this.#image.name,
      memoryLimitBytes: this.#memoryLimitBytes,
      user: userOf(this.config.security, this.#image.described.user),
      namespace: home.namespace,
      processes: new Set(),
      cpuNanoseconds: 1_000_000,
      find: (name, cwd) => findProgram(() => surroundings.files, name, cwd),
      outOfMemory: () => {
        this.#oomKilled = true;
        home.tell('oom', this.id);
      },
    };
    this.#surroundings = surroundings;
    return surroundings;
  }

  #program(name: string, surroundings: Surroundings): { readonly program?: Program; readonly failure?: string } {
    const program = findProgram(() => surroundings.files, name, this.#workingDir());
    if (program !== undefined) return { program };
    if (name.includes('/') && this.#image.described.known) {
      const inode = surroundings.files.lookup(name.startsWith('/') ? name : `${this.#workingDir()}/${name}`);
      if (inode === undefined) return { failure: `exec: "${name}": stat ${name}: no such file or directory` };
      return { failure: `exec: "${name}": permission denied` };
    }
    return {
      program: tool(async (self) => {
        await self.err(`simulated: ${name}: not found (not among the commands that are simulated)\n`);
        return 127;
      }),
    };
  }

  #workingDir(): string {
    return this.config.workingDir || this.#image.described.workingDir || '/';
  }

  #environment(): Map<string, string> {
    const env = new Map<string, string>();
    for (const line of this.#image.described.env) env.set(line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1));
    env.set('HOSTNAME', this.home.sandbox.hostname);
    for (const { name, value } of this.config.env) env.set(name, value);
    if (!env.has('HOME')) env.set('HOME', userOf(this.config.security, this.#image.described.user).uid === 0 ? '/root' : '/');
    if (this.config.tty) env.set('TERM', 'xterm');
    return env;
  }

  #plainDescriptors(): Map<number, Descriptor> {
    if (this.config.stdin) this.#stdin = new Pipe();
    const { sandbox } = this.home;
    const said = (stream: 'stdout' | 'stderr'): Descriptor => {
      const log: Sink | undefined = sandbox.logDirectory === '' ? undefined : this.#log?.sink(stream);
      return new Descriptor({
        sink: {
          write: async (bytes) => {
            await log?.write(bytes);
            this.#tellAttached(stream, bytes);
          },
        },
      });
    };
    const stdin =
      this.#stdin === undefined ? nullDescriptor() : new Descriptor({ source: this.#stdin, onClose: () => this.#stdin?.closeReader() });
    return standardDescriptors({ stdin, stdout: said('stdout'), stderr: said('stderr') });
  }

  #terminalDescriptors(): Map<number, Descriptor> {
    const log = this.#log?.sink('stdout');
    const terminal = new Terminal(
      async (bytes) => {
        await log?.write(bytes);
        this.#tellAttached('stdout', bytes);
      },
      () => {
        if (this.#main !== undefined) this.#signalTree(this.#main, 2);
      },
    );
    this.#terminal = terminal;
    if (!this.config.stdin) terminal.hangUp();
    return onTerminal(terminal);
  }

  /** Sends a signal to a process and to all that it started. */
  #signalTree(root: Process, signal: number): void {
    for (const process of [...(this.#surroundings?.processes ?? [])]) {
      for (let each: Process | undefined = process; each !== undefined; each = each.parent) {
        if (each !== root) continue;
        process.signal(signal);
        break;
      }
    }
  }

  #tellAttached(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    for (const client of [...this.#attached]) {
      if (client[stream]?.offer(bytes, attachedMostBytes) !== false) continue;
      // A client that does not read is let go, so that it cannot hold the container's memory.
      this.#attached.delete(client);
      client.stdout?.end();
      client.stderr?.end();
    }
  }

  #end(exitCode: number, signal: number, reason: string, message: string): void {
    this.#state = 'exited';
    this.#finishedAtMs = this.home.clock.now();
    this.#exitCode = exitCode;
    this.#signal = signal;
    this.#reason = reason;
    this.#message = message;
    this.#log?.end();
    for (const client of this.#attached) {
      client.stdout?.end();
      client.stderr?.end();
    }
    this.#attached.clear();
    this.#exited.resolve();
    this.home.tell('exited', this.id);
  }

  /** The stop signal, then SIGKILL after `graceSeconds`. Resolves when it has ended. */
  async stop(graceSeconds: number): Promise<void> {
    if (!this.running) return;
    if (graceSeconds <= 0) this.#main?.signal(9);
    else {
      this.#main?.signal(signalNumber(this.config.stopSignal ?? this.#image.described.stopSignal ?? 'TERM') ?? 15);
      using _timer = this.home.clock.after(graceSeconds * 1000, () => this.#main?.signal(9));
      await this.#exited.promise;
    }
    await this.#exited.promise;
  }

  reopenLog(): void {
    this.#log?.reopen();
  }

  update(resources: LinuxResources): void {
    if (resources.memoryLimitBytes !== undefined) {
      this.#memoryLimitBytes = resources.memoryLimitBytes || undefined;
      if (this.#surroundings !== undefined) this.#surroundings.memoryLimitBytes = this.#memoryLimitBytes;
    }
  }

  #spawn(command: readonly string[], descriptors: Map<number, Descriptor>): Process {
    const surroundings = this.#surroundings;
    if (surroundings === undefined || !this.running) {
      throw new RuntimeError(
        'Unknown',
        `failed to exec in container: container "${this.id}" is not running (state CONTAINER_${this.#state.toUpperCase()})`,
      );
    }
    const [name] = command;
    if (name === undefined) throw new RuntimeError('InvalidArgument', 'exec: no command was given');
    const { program, failure } = this.#program(name, surroundings);
    if (program === undefined) {
      throw new RuntimeError(
        'Unknown',
        `failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${failure}: unknown`,
      );
    }
    return new Process(surroundings, command, descriptors).run(program, this.#environment(), this.#workingDir());
  }

  execSync(command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    return execToEnd(this.#host(), command, timeoutMs);
  }

  exec(command: readonly string[], options: ProcessOptions): ProcessStreams {
    return execWithStreams(this.#host(), command, options);
  }

  #host(): ExecHost {
    return {
      clock: this.home.clock,
      running: this.running,
      spawn: (command, descriptors) => this.#spawn(command, descriptors),
      signalTree: (root, signal) => this.#signalTree(root, signal),
    };
  }

  attach(options: ProcessOptions): ProcessStreams {
    if (!this.running)
      throw new RuntimeError('Unknown', `failed to attach container: container is in CONTAINER_${this.#state.toUpperCase()} state`);
    const client = {
      stdout: options.stdout ? new OutputStream() : undefined,
      stderr: options.stderr && !this.config.tty ? new OutputStream() : undefined,
    };
    this.#attached.add(client);
    const closed = Promise.withResolvers<void>();
    const stdinEnd = (): void => {
      if (!this.config.stdinOnce) return;
      this.#stdin?.closeWriter();
      this.#terminal?.hangUp();
    };
    const takes = options.stdin && (this.#stdin !== undefined || this.#terminal !== undefined);
    const type = async (bytes: Uint8Array): Promise<void> =>
      this.#terminal === undefined ? this.#stdin?.write(bytes) : this.#terminal.type(bytes);
    return {
      stdin: takes ? inputStream(type, stdinEnd) : undefined,
      stdout: client.stdout?.stream,
      stderr: client.stderr?.stream,
      exit: Promise.race([this.#exited.promise, closed.promise]).then(() => ({ exitCode: 0 })),
      resize() {},
      close: () => {
        this.#attached.delete(client);
        client.stdout?.end();
        client.stderr?.end();
        closed.resolve();
      },
    };
  }

  /** Simulated figures: a megabyte and half of one for each process; processor time by the steps that programs took. */
  usage(): ContainerUsage | undefined {
    const surroundings = this.#surroundings;
    if (surroundings === undefined || !this.running) return undefined;
    const memory = 1_048_576 + surroundings.processes.size * 524_288;
    const files = this.#builtFiles();
    const layer = files?.usage(files.root, false) ?? { usedBytes: 0, inodesUsed: 0 };
    return {
      id: this.id,
      sandboxId: this.home.sandboxId,
      atMs: this.home.clock.now(),
      cpuNanoseconds: surroundings.cpuNanoseconds,
      memoryUsageBytes: memory,
      memoryWorkingSetBytes: memory,
      memoryRssBytes: memory,
      writableLayerBytes: layer.usedBytes,
      writableLayerInodes: layer.inodesUsed,
    };
  }
}
