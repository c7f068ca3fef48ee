// Owns a simulated runtime in virtual time for tests, with the few steps that every one of them takes.
import { VirtualClock } from '../../base/clock-virtual.ts';
import { seededEntropy } from '../../base/entropy.ts';
import { type ContainerWish, plainContainer, plainSandbox } from '../configs-for-tests.ts';
import type { ContainerStatus, SandboxConfig } from '../runtime.ts';
import { memoryFiles } from './memory-files.ts';
import { type NetworkDirectory, SimulatedNetwork } from './network.ts';
import { simulatedRuntime } from './simulated-runtime.ts';

/** One simulated node. Its clock moves only when a test lets it. */
export class SimulationBench {
  readonly clock = new VirtualClock();
  readonly files = memoryFiles({ clock: this.clock });
  readonly network: SimulatedNetwork;
  readonly runtime;
  #pods = 0;

  constructor(directory: Partial<NetworkDirectory> = {}) {
    this.network = new SimulatedNetwork(directory);
    this.runtime = simulatedRuntime({
      clock: this.clock,
      entropy: seededEntropy(1),
      files: this.files,
      podCidr: '10.42.0.0/24',
      network: this.network,
    });
  }

  /** Lets time pass until the promise settles. */
  async done<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.clock.until(() => settled);
    return promise;
  }

  async sandbox(more: Partial<SandboxConfig> = {}): Promise<{ readonly id: string; readonly config: SandboxConfig; readonly ip: string }> {
    const uid = `uid-${++this.#pods}`;
    const name = `pod-${this.#pods}`;
    const config = plainSandbox(name, uid, { logDirectory: `/var/log/pods/${uid}`, ...more });
    const id = await this.done(this.runtime.runSandbox(config));
    return { id, config, ip: (await this.runtime.sandboxStatus(id))?.ips[0] ?? '' };
  }

  /** Starts a container of an image, in a sandbox of its own unless told. */
  async start(image: string, wish: ContainerWish = {}, given?: Awaited<ReturnType<SimulationBench['sandbox']>>): Promise<string> {
    const id = await this.create(image, wish, given);
    await this.done(this.runtime.startContainer(id));
    return id;
  }

  /** As `start`, up to the start. */
  async create(image: string, wish: ContainerWish = {}, given?: Awaited<ReturnType<SimulationBench['sandbox']>>): Promise<string> {
    const sandbox = given ?? (await this.sandbox());
    const imageId = await this.done(this.runtime.pullImage(image, undefined));
    const name = `c${this.#pods}`;
    const config = plainContainer(name, { image: imageId, userImage: image }, wish);
    return this.done(this.runtime.createContainer(sandbox.id, config, sandbox.config));
  }

  async status(id: string): Promise<ContainerStatus> {
    const status = await this.runtime.containerStatus(id);
    if (status === undefined) throw new Error(`no container ${id}`);
    return status;
  }

  /** The status once it has ended. */
  async ended(id: string): Promise<ContainerStatus> {
    await this.clock.until(async () => (await this.status(id)).state === 'exited');
    return this.status(id);
  }

  /** What a container said, without CRI's frame. */
  async said(id: string): Promise<string> {
    const { logPath } = await this.status(id);
    const text = Buffer.from(this.files.tree.read(logPath)).toString('utf8');
    return text.replace(/^\S+ \S+ (\S) (.*)\n/gm, (_line, tag: string, rest: string) => (tag === 'F' ? `${rest}\n` : rest));
  }

  /** Runs a script in a container; output and complaints together, then the code where it is not 0. */
  async sh(id: string, script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.done(this.runtime.execSync(id, ['sh', '-c', script], 600_000));
    return `${Buffer.concat([stdout, stderr]).toString('utf8')}${exitCode === 0 ? '' : `[${exitCode}]`}`;
  }
}
