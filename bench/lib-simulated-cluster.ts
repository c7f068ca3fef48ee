// Owns a Peapod with simulated nodes in a process of its own, for measurements through the whole system: its client and its processor time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../src/client/resources.ts';
import { adminOf, ensureBundle, freePort, PeapodProcess, simulated } from '../test/cli/peapod-process.ts';
import { processorMs } from './lib-figures.ts';

/** So many pods a node, so that no node is full. */
export const podsOfNode = 100;

/** A cluster to put load on. */
export class BenchCluster {
  readonly #dir: string;
  readonly #process: PeapodProcess;
  readonly client: Awaited<ReturnType<typeof adminOf>>;

  private constructor(dir: string, process: PeapodProcess, client: Awaited<ReturnType<typeof adminOf>>) {
    this.#dir = dir;
    this.#process = process;
    this.client = client;
  }

  /** Resolves when all its nodes, enough for so many pods, are Ready. */
  static async forPods(pods: number): Promise<BenchCluster> {
    ensureBundle();
    const dir = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
    const process = new PeapodProcess(simulated(dir, await freePort(), '--nodes', String(Math.ceil(pods / podsOfNode))));
    await process.up;
    const cluster = new BenchCluster(dir, process, await adminOf(dir));
    while (!(await cluster.#nodesReady())) await sleep(200);
    return cluster;
  }

  async #nodesReady(): Promise<boolean> {
    const { items } = await this.client.list(resources.nodes);
    return items.every(({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
  }

  /** Milliseconds of processor time that all its threads have had. */
  get cpuMs(): number {
    return processorMs(this.#process.pid);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.#process.end('SIGTERM');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
