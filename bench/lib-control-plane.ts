// Owns a Peapod without nodes in a process of its own, for measurements from outside: its access, memory, restarts, end.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientConfig, loadKubeconfig } from '../src/client/kubeconfig.ts';
import { ensureBundle, freePort, PeapodProcess, simulated } from '../test/cli/peapod-process.ts';
import { processorMs } from './lib-figures.ts';

/** A control plane to put load on. */
export class ControlPlane {
  readonly dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
  readonly #port: number;
  #process: PeapodProcess;
  access: ClientConfig;

  readonly #flags: readonly string[];

  private constructor(port: number, flags: readonly string[]) {
    this.#port = port;
    this.#flags = flags;
    this.#process = this.#started();
    this.access = { server: '' };
  }

  /** `without`: what it leaves out; without the word the API server is alone. `more`: further flags of `up`. */
  static async open(without = 'scheduler,controllers', more: readonly string[] = []): Promise<ControlPlane> {
    ensureBundle();
    const plane = new ControlPlane(await freePort(), ['--without', without, ...more]);
    await plane.#process.up;
    plane.access = await loadKubeconfig(join(plane.dir, 'data', 'kubeconfig'));
    return plane;
  }

  #started(): PeapodProcess {
    return new PeapodProcess([...simulated(join(this.dir, 'data'), this.#port), '--nodes', '0', ...this.#flags]);
  }

  /** Ends the process and starts it again on the same data; the milliseconds until it says that it is up. */
  async restart(): Promise<number> {
    await this.#process.end('SIGTERM');
    this.#process = this.#started();
    return await this.#process.up;
  }

  /** Resident memory in MB. */
  get residentMb(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1000;
  }

  /** Milliseconds of processor time that all its threads have had. */
  get cpuMs(): number {
    return processorMs(this.#process.pid);
  }

  async close(): Promise<void> {
    await this.#process.end('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }
}
