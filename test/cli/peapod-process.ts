// Owns running Peapod as a person does, in a process of its own: its words, its exit code, when it is ready, and ending it again.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpClient } from '../../src/client/http-client.ts';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';

export const home = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bundle = join(home, 'dist/peapod.js');
const node = ['--disable-warning=ExperimentalWarning', bundle];

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Additions to the environment; undefined takes a variable out. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whose rights a process has; absent: this one's. */
export type Identity = { readonly uid: number; readonly gid: number };

/** Makes the bundle where there is none. `npm test` makes a fresh one before. */
export function ensureBundle(): void {
  if (existsSync(bundle)) return;
  const made = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(home, 'scripts/bundle.ts')], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`no bundle: ${made.stderr}`);
}

function environment(env: Environment): NodeJS.ProcessEnv {
  const base: NodeJS.ProcessEnv = { ...process.env, NODE_COMPILE_CACHE: join(home, 'dist/compile-cache'), PEAPOD_HOME: home };
  return { ...base, ...env };
}

const alive = new Set<PeapodProcess>();

/** Ends what a test that failed midway left running. */
export async function endLeftovers(): Promise<void> {
  await Promise.all([...alive].map((process) => process.end('SIGKILL')));
}

/** A Peapod that was started and may still run. */
export class PeapodProcess {
  readonly child: ChildProcess;
  readonly startedMs = performance.now();
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<Ended>;
  /** Resolves, with the milliseconds since its start, when it says that it is up; rejects with its words when it ends before. */
  readonly up: Promise<number>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], env: Environment = {}, identity?: Identity) {
    this.child = spawn(process.execPath, [...node, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env), ...identity });
    alive.add(this);
    const up = Promise.withResolvers<number>();
    this.up = up.promise;
    this.up.catch(() => {});
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk;
      if (/^Up in /m.test(this.#stderr)) up.resolve(performance.now() - this.startedMs);
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        alive.delete(this);
        up.reject(new Error(`it ended before it was up (${code ?? signal}): ${this.#stderr}`));
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error('it could not be started');
    return pid;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Runs a command of Peapod to its end. One that does not end is killed after `withinMs`. */
export async function peapod(args: readonly string[], env: Environment = {}, withinMs = 60_000, identity?: Identity): Promise<Ended> {
  const running = new PeapodProcess(args, env, identity);
  const timer = setTimeout(() => running.child.kill('SIGKILL'), withinMs);
  try {
    return await running.ended;
  } finally {
    clearTimeout(timer);
  }
}

/** A port on 127.0.0.1 that nothing listened on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A client of the cluster on a data directory, as its admin. */
export async function adminOf(dataDir: string): Promise<ReturnType<typeof httpClient>> {
  return httpClient(await loadKubeconfig(join(dataDir, 'kubeconfig')));
}

/** The flags of a cluster with simulated containers that meets nobody else's. */
export function simulated(dataDir: string, port: number, ...more: readonly string[]): readonly string[] {
  return ['up', '--runtime', 'simulated', '--data-dir', dataDir, '--port', String(port), ...more];
}
