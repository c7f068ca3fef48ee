// Owns the Runtime interface over CRI v1: containerd 1.6 and later, CRI-O. It asks what the runtime can do and assumes no more.
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import {
  type ContainerConfig,
  type ContainerStatus,
  type ContainerUsage,
  type ExecResult,
  type ImageStatus,
  type LinuxResources,
  type ProcessOptions,
  type RegistryAuth,
  type Runtime,
  type RuntimeCondition,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeVersion,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts';
import { containerStateOf, containerStatusOf, imageStatusOf, type Seen, sandboxStatusOf, usageOf } from './answers.ts';
import type { Decoded } from './codec.ts';
import { RuntimeConnection } from './connection.ts';
import { type EventContext, runtimeEvents } from './events.ts';
import { authMessage, containerMessage, podUidLabel, resourcesMessage, sandboxMessage } from './requests.ts';
import { stopped } from './stopped.ts';
import { openPortForward, openProcess } from './streams.ts';
import { Turns } from './turns.ts';

const readMs = 15_000;
const changeMs = 120_000;
const pullMs = 3_600_000;
const statusesAtOnce = 16;
const eventsRemembered = 4096;
const exitShowsWithinMs = 5000;
const lookAgainMs = 5;
const execOutputBytes = 16 * 1024;

/** Where the runtime is, and how it is treated. */
export interface CriRuntimeOptions {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How many sandboxes and containers are made or started at once, 1 or more; containers go first. Absent: as many as are asked for. */
  readonly startsAtOnce?: number;
}

/**
 * Connects to the runtime behind `endpoint` (unix:///…) when first used. Every call has a deadline: 15 s to read, 2 min to change, 1 h to pull. While
 * `events` is read, an exit shows in the statuses as soon as its event came (`draining` until the runtime's own status shows it too).
 */
export function criRuntime(options: CriRuntimeOptions): Runtime {
  return new CriRuntime(options);
}

/** undefined instead of NotFound. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

/** Maps with at most `atOnce` under way; keeps the order. */
async function mapBounded<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const rest = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

const podFilter = (podUid: string | undefined): { readonly label_selector: Readonly<Record<string, string>> } => ({
  label_selector: podUid === undefined ? {} : { [podUidLabel]: podUid },
});

class CriRuntime implements Runtime {
  readonly #connection: RuntimeConnection;
  readonly #turns: Turns;
  readonly #context: EventContext;
  readonly #exits = new Map<string, { readonly exitCode: number; readonly atMs: number }>();
  readonly #oomKilled = new Map<string, true>();
  readonly #stopping = new Set<string>();
  /** Statuses change only with the state, so a listed container or sandbox in a known state need not be asked for again. */
  readonly #containers = new Map<string, Decoded<'ContainerStatus'>>();
  readonly #sandboxes = new Map<string, SandboxStatus>();

  constructor({ endpoint, clock, log, startsAtOnce }: CriRuntimeOptions) {
    this.#connection = new RuntimeConnection(endpoint);
    this.#turns = new Turns(startsAtOnce ?? Number.POSITIVE_INFINITY, clock);
    this.#context = {
      connection: this.#connection,
      clock,
      log,
      hasStarted: (id) => this.#hasStarted(id),
      exitSeen: (id, exit) => remember(this.#exits, id, exit),
      oomSeen: (id) => remember(this.#oomKilled, id, true),
      wasOomKilled: (id) => this.#oomKilled.has(id),
      isStopping: (id) => this.#stopping.has(id),
      removed: (id) => this.#forget(id),
    };
  }

  async version(): Promise<RuntimeVersion> {
    const { runtime_name: name, runtime_version: version } = await this.#connection.call('Version', { version: 'v1' }, readMs);
    return { name, version };
  }

  async conditions(): Promise<readonly RuntimeCondition[]> {
    const { status } = await this.#connection.call('Status', {}, readMs);
    return (status?.conditions ?? []).map(({ type, status: ready, reason, message }) => ({ type, ready, reason, message }));
  }

  async runSandbox(config: SandboxConfig): Promise<string> {
    const request = { config: sandboxMessage(config), runtime_handler: config.runtimeHandler };
    return (await this.#turns.run('fresh', () => this.#connection.call('RunPodSandbox', request, changeMs))).pod_sandbox_id;
  }

  async stopSandbox(id: string): Promise<void> {
    this.#stopping.add(id);
    try {
      await stopped(this.#context.clock, () => this.#connection.call('StopPodSandbox', { pod_sandbox_id: id }, changeMs));
    } finally {
      this.#stopping.delete(id);
    }
  }

  async removeSandbox(id: string): Promise<void> {
    await stopped(this.#context.clock, () => this.#connection.call('RemovePodSandbox', { pod_sandbox_id: id }, changeMs));
    this.#forget(id);
  }

  async sandboxStatus(id: string): Promise<SandboxStatus | undefined> {
    const answer = await unlessMissing(this.#connection.call('PodSandboxStatus', { pod_sandbox_id: id }, readMs));
    if (answer?.status === undefined) return undefined;
    const status = sandboxStatusOf(answer.status);
    this.#sandboxes.set(id, status);
    return this.#exits.has(id) ? { ...status, state: 'notReady' } : status;
  }

  async listSandboxes(podUid?: string): Promise<readonly SandboxStatus[]> {
    const { items } = await this.#connection.call('ListPodSandbox', { filter: podFilter(podUid) }, readMs);
    if (podUid === undefined) prune(this.#sandboxes, items);
    const statuses = await mapBounded(items, statusesAtOnce, async ({ id, state }) => {
      const known = this.#sandboxes.get(id);
      return known?.state === (state === 'SANDBOX_READY' ? 'ready' : 'notReady') && !this.#exits.has(id) ? known : this.sandboxStatus(id);
    });
    return statuses.filter((status) => status !== undefined);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
    const request = { pod_sandbox_id: sandboxId, config: containerMessage(config, sandbox), sandbox_config: sandboxMessage(sandbox) };
    const { container_id: id } = await this.#turns.run('begun', () => this.#connection.call('CreateContainer', request, changeMs));
    this.#sandboxIds.set(id, sandboxId);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    await this.#turns.run('begun', () => this.#connection.call('StartContainer', { container_id: id }, changeMs));
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    const timeout = Math.max(0, Math.ceil(graceSeconds));
    this.#stopping.add(id);
    try {
      await stopped(this.#context.clock, () =>
        this.#connection.call('StopContainer', { container_id: id, timeout }, timeout * 1000 + changeMs),
      );
    } finally {
      this.#stopping.delete(id);
    }
  }

  async removeContainer(id: string): Promise<void> {
    await this.#untilExitShows(id);
    await stopped(this.#context.clock, () => this.#connection.call('RemoveContainer', { container_id: id }, changeMs));
    this.#forget(id);
  }

  async containerStatus(id: string): Promise<ContainerStatus | undefined> {
    const status = await this.#readContainer(id);
    return status === undefined ? undefined : containerStatusOf(status, await this.#sandboxOf(id), this.#seen(id));
  }

  async listContainers(podUid?: string): Promise<readonly ContainerStatus[]> {
    const { containers } = await this.#connection.call('ListContainers', { filter: podFilter(podUid) }, readMs);
    if (podUid === undefined) prune(this.#containers, containers);
    const statuses = await mapBounded(containers, statusesAtOnce, async ({ id, state, pod_sandbox_id: sandboxId }) => {
      this.#sandboxIds.set(id, sandboxId);
      const known = this.#containers.get(id);
      const status = known?.state === state && state !== 'CONTAINER_UNKNOWN' ? known : await this.#readContainer(id);
      return status === undefined ? undefined : containerStatusOf(status, sandboxId, this.#seen(id));
    });
    return statuses.filter((status) => status !== undefined);
  }

  async updateContainerResources(id: string, resources: LinuxResources): Promise<void> {
    await this.#connection.call('UpdateContainerResources', { container_id: id, linux: resourcesMessage(resources) }, changeMs);
  }

  async reopenLog(id: string): Promise<void> {
    await this.#connection.call('ReopenContainerLog', { container_id: id }, readMs);
  }

  async execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const timeout = Math.max(1, Math.ceil(timeoutMs / 1000));
    const answer = await this.#connection.call('ExecSync', { container_id: id, cmd: command, timeout }, timeout * 1000 + readMs);
    return {
      exitCode: answer.exit_code,
      stdout: answer.stdout.subarray(0, execOutputBytes),
      stderr: answer.stderr.subarray(0, execOutputBytes),
    };
  }

  async exec(id: string, command: readonly string[], options: ProcessOptions): Promise<ProcessStreams> {
    const { url } = await this.#connection.call('Exec', { container_id: id, cmd: command, ...streamFlags(options) }, readMs);
    return openProcess(url, options);
  }

  async attach(id: string, options: ProcessOptions): Promise<ProcessStreams> {
    const { url } = await this.#connection.call('Attach', { container_id: id, ...streamFlags(options) }, readMs);
    return openProcess(url, options);
  }

  async portForward(sandboxId: string, port: number): Promise<Duplex> {
    const { url } = await this.#connection.call('PortForward', { pod_sandbox_id: sandboxId, port: [port] }, readMs);
    return openPortForward(url, port);
  }

  async pullImage(image: string, auth: RegistryAuth | undefined, signal?: AbortSignal): Promise<string> {
    const request = { image: { image }, ...(auth !== undefined && { auth: authMessage(auth) }) };
    return (await this.#connection.call('PullImage', request, pullMs, signal)).image_ref;
  }

  async imageStatus(image: string): Promise<ImageStatus | undefined> {
    const answer = await unlessMissing(this.#connection.call('ImageStatus', { image: { image } }, readMs));
    return answer?.image === undefined || answer.image.id === '' ? undefined : imageStatusOf(answer.image);
  }

  async listImages(): Promise<readonly ImageStatus[]> {
    return (await this.#connection.call('ListImages', {}, readMs)).images.map(imageStatusOf);
  }

  async removeImage(image: string): Promise<void> {
    await unlessMissing(this.#connection.call('RemoveImage', { image: { image } }, changeMs));
  }

  async imageFilesystem(): Promise<{ readonly path: string; readonly usedBytes: number; readonly inodesUsed: number }> {
    const { image_filesystems: systems } = await this.#connection.call('ImageFsInfo', {}, readMs);
    const [first] = systems;
    return { path: first?.fs_id?.mountpoint ?? '', usedBytes: first?.used_bytes?.value ?? 0, inodesUsed: first?.inodes_used?.value ?? 0 };
  }

  async usage(): Promise<readonly ContainerUsage[]> {
    const { stats } = await this.#connection.call('ListContainerStats', {}, readMs);
    return mapBounded(stats, statusesAtOnce, async (message) => usageOf(message, await this.#sandboxOf(message.attributes?.id ?? '')));
  }

  events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    return runtimeEvents(this.#context, signal);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  readonly #sandboxIds = new Map<string, string>();

  /** The sandbox of a container; CRI tells it in lists only, and it never changes. */
  async #sandboxOf(id: string): Promise<string> {
    const known = this.#sandboxIds.get(id);
    if (known !== undefined) return known;
    const { containers } = await this.#connection.call('ListContainers', { filter: { id } }, readMs);
    const sandboxId = containers.find((container) => container.id === id)?.pod_sandbox_id ?? '';
    if (sandboxId !== '') this.#sandboxIds.set(id, sandboxId);
    return sandboxId;
  }

  async #readContainer(id: string): Promise<Decoded<'ContainerStatus'> | undefined> {
    const answer = await unlessMissing(this.#connection.call('ContainerStatus', { container_id: id }, readMs));
    if (answer?.status !== undefined) this.#containers.set(id, answer.status);
    return answer?.status;
  }

  async #hasStarted(id: string): Promise<boolean> {
    const container = await this.#readContainer(id);
    return container === undefined || containerStateOf(container.state) !== 'created';
  }

  /** The runtime refuses to remove what it has not yet seen end itself. */
  async #untilExitShows(id: string): Promise<void> {
    for (let waitedMs = 0; this.#exits.has(id) && waitedMs < exitShowsWithinMs; waitedMs += lookAgainMs) {
      if ((await this.#readContainer(id))?.state !== 'CONTAINER_RUNNING') return;
      await this.#context.clock.sleep(lookAgainMs);
    }
  }

  #seen(id: string): Seen {
    return { exit: this.#exits.get(id), oomKilled: this.#oomKilled.has(id) };
  }

  #forget(id: string): void {
    this.#exits.delete(id);
    this.#oomKilled.delete(id);
    this.#containers.delete(id);
    this.#sandboxIds.delete(id);
    this.#sandboxes.delete(id);
  }
}

const streamFlags = ({ stdin, stdout, stderr, tty }: ProcessOptions): ProcessOptions => ({ stdin, stdout, stderr: stderr && !tty, tty });

function prune(known: Map<string, unknown>, present: readonly { readonly id: string }[]): void {
  const ids = new Set(present.map(({ id }) => id));
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
}

function remember<T>(map: Map<string, T>, id: string, value: T): void {
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= eventsRemembered) break;
    map.delete(oldest);
  }
}
