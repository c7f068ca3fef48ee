// Owns a runtime for tests of the kubelet: containers do what a script says, on the given clock. It runs no commands.
import type { Clock } from '../../src/base/clock.ts';
import {
  type ContainerConfig,
  type ContainerStatus,
  type ExecResult,
  type ImageStatus,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type SandboxConfig,
  type SandboxStatus,
} from '../../src/runtime/runtime.ts';

/** What a container does, by its name and attempt. */
export interface Script {
  /** Exits by itself after this long. */
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
  readonly oom?: boolean;
  /** Exit code on SIGTERM; undefined: it ignores the signal. */
  readonly onTerm?: number;
  readonly startError?: string;
}

const empty = new Uint8Array();

export class ScriptedRuntime implements Runtime {
  readonly calls: string[] = [];
  readonly configs = new Map<string, ContainerConfig>();
  readonly sandboxConfigs = new Map<string, SandboxConfig>();
  readonly #clock: Clock;
  readonly #sandboxes = new Map<string, SandboxStatus>();
  readonly #containers = new Map<string, ContainerStatus>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #ended = new Map<string, () => void>();
  /** Images that cannot be pulled. */
  readonly absent = new Set<string>();
  script: (name: string, attempt: number) => Script = () => ({ onTerm: 0 });
  answer: (name: string, command: readonly string[]) => ExecResult = () => ({ exitCode: 0, stdout: empty, stderr: empty });
  #ids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  running(name: string): ContainerStatus | undefined {
    return [...this.#containers.values()].find(({ metadata, state }) => metadata.name === name && state === 'running');
  }

  end(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const container = this.#containers.get(id);
    if (container?.state !== 'running') return;
    this.#containers.set(id, { ...container, state: 'exited', exitCode, reason, finishedAtMs: this.#clock.now() });
    this.#ended.get(id)?.();
    this.#tell({ type: 'exited', containerId: id, atMs: this.#clock.now() });
  }

  killSandbox(): void {
    for (const [id, sandbox] of this.#sandboxes) {
      this.#sandboxes.set(id, { ...sandbox, state: 'notReady' });
      this.#tell({ type: 'exited', containerId: id, atMs: this.#clock.now() });
    }
  }

  #tell(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async version() {
    return { name: 'scripted', version: '1' };
  }

  async conditions() {
    return [];
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    this.calls.push('runSandbox');
    await this.#clock.sleep(50);
    const id = `sandbox-${this.#ids++}`;
    this.sandboxConfigs.set(id, config);
    const { metadata, labels, annotations } = config;
    const hostNetwork = config.namespaces.network === 'node';
    const ips = hostNetwork ? [] : [`10.42.0.${this.#ids + 1}`];
    this.#sandboxes.set(id, { id, metadata, state: 'ready', createdAtMs: this.#clock.now(), ips, hostNetwork, labels, annotations });
    return id;
  }

  async stopSandbox(id: string): Promise<void> {
    this.calls.push('stopSandbox');
    const sandbox = this.#sandboxes.get(id);
    if (sandbox !== undefined) this.#sandboxes.set(id, { ...sandbox, state: 'notReady' });
  }

  async removeSandbox(id: string): Promise<void> {
    this.calls.push('removeSandbox');
    this.#sandboxes.delete(id);
  }

  async sandboxStatus(id: string) {
    return this.#sandboxes.get(id);
  }

  async listSandboxes(uid?: string) {
    return [...this.#sandboxes.values()].filter(({ metadata }) => uid === undefined || metadata.uid === uid);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    this.calls.push(`create ${config.metadata.name}`);
    const id = `${config.metadata.name}-${config.metadata.attempt}-${this.#ids++}`;
    this.configs.set(id, config);
    const { metadata, labels, annotations } = config;
    this.#containers.set(id, {
      id,
      sandboxId,
      metadata,
      labels,
      annotations,
      state: 'created',
      createdAtMs: this.#clock.now(),
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 0,
      signal: 0,
      reason: '',
      message: '',
      image: config.userImage,
      imageRef: 'sha256:1',
      logPath: `${sandbox.logDirectory}/${config.logPath}`,
    });
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('NotFound', 'no such container');
    const { name, attempt } = container.metadata;
    this.calls.push(`start ${name}`);
    await this.#clock.sleep(20);
    const script = this.script(name, attempt);
    if (script.startError !== undefined) {
      const ended = { finishedAtMs: this.#clock.now(), exitCode: 128, reason: 'StartError', message: script.startError };
      this.#containers.set(id, { ...container, state: 'exited', ...ended });
      throw new RuntimeError('Unknown', script.startError);
    }
    this.#containers.set(id, { ...container, state: 'running', startedAtMs: this.#clock.now() });
    if (script.exitAfterMs === undefined) return;
    this.#clock.after(script.exitAfterMs, () => {
      if (script.oom === true) this.#tell({ type: 'oom', containerId: id, atMs: this.#clock.now() });
      this.end(id, script.exitCode ?? 0);
    });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.state !== 'running') return;
    this.calls.push(`stop ${container.metadata.name} ${graceSeconds}`);
    const { onTerm } = this.script(container.metadata.name, container.metadata.attempt);
    const ended = new Promise<void>((resolve) => this.#ended.set(id, resolve));
    if (onTerm === undefined) this.#clock.after(graceSeconds * 1000, () => this.end(id, 137));
    else this.#clock.after(10, () => this.end(id, onTerm));
    await ended;
  }

  async removeContainer(id: string): Promise<void> {
    this.calls.push('remove');
    this.#containers.delete(id);
  }

  async containerStatus(id: string) {
    return this.#containers.get(id);
  }

  async listContainers() {
    return [...this.#containers.values()];
  }

  async updateContainerResources(): Promise<void> {}

  async reopenLog(): Promise<void> {}

  async execSync(id: string, command: readonly string[]): Promise<ExecResult> {
    return this.answer(this.#containers.get(id)?.metadata.name ?? '', command);
  }

  async exec(): Promise<never> {
    throw new RuntimeError('Unknown', 'scripted containers have no streams');
  }

  async attach(): Promise<never> {
    throw new RuntimeError('Unknown', 'scripted containers have no streams');
  }

  async portForward(): Promise<never> {
    throw new RuntimeError('Unknown', 'scripted containers have no network');
  }

  async pullImage(image: string): Promise<string> {
    this.calls.push(`pull ${image}`);
    if (this.absent.has(image)) throw new RuntimeError('NotFound', `${image}: not found`);
    return `sha256:${image}`;
  }

  async imageStatus(image: string): Promise<ImageStatus | undefined> {
    if (this.absent.has(image)) return undefined;
    return { id: 'sha256:1', repoTags: [image], repoDigests: [], sizeBytes: 10, uid: 0, pinned: false };
  }

  async listImages() {
    return [];
  }

  async removeImage(): Promise<void> {}

  async imageFilesystem() {
    return { path: '/', usedBytes: 0, inodesUsed: 0 };
  }

  async usage() {
    return [];
  }

  async *events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const queue: RuntimeEvent[] = [];
    let wake = (): void => {};
    const listener = (event: RuntimeEvent): void => {
      queue.push(event);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  async close(): Promise<void> {}
}
