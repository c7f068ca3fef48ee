// Owns a cluster of one simulated node that listens, for clients that other people wrote: its kubeconfig, and running their programs against it.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLog } from '../../src/base/log.ts';
import { openCluster } from '../../src/cluster/cluster.ts';
import { clusterOptions } from '../../src/cluster/options.ts';
import { freePort } from '../cli/peapod-process.ts';

/** One cluster. */
export interface ClusterForClients {
  readonly kubeconfig: string;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** Opens it; its node is Ready. */
export async function clusterForClients(): Promise<ClusterForClients> {
  const dataDir = mkdtempSync(join(tmpdir(), 'peapod-clients-'));
  const raw = { dataDir, runtime: 'simulated', store: 'memory', port: String(await freePort()) };
  const cluster = await openCluster(clusterOptions(raw, dataDir), 'simulated', silentLog, (_name, work) => work());
  await cluster.ready;
  return {
    kubeconfig: cluster.kubeconfig,
    dataDir,
    async stop() {
      await cluster.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a program said, and how it ended. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/** Runs a program to its end. Never rejects for a program that fails; one that takes over 30 s is ended. */
export function run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<Said> {
  return new Promise((resolve) => {
    const options = { env: { PATH: '/usr/bin:/bin', HOME: tmpdir(), ...env }, timeout: 30_000, maxBuffer: 16 * 1024 * 1024 };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, text: `${stdout}${stderr}` });
    });
    child.stdin?.end(input);
  });
}

/** Runs a program that must succeed. Rejects where it does not, or takes longer. */
export async function execute(program: string, args: readonly string[], timeoutMs: number): Promise<void> {
  await promisify(execFile)(program, [...args], { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 });
}

/** Whether a program runs and succeeds with these arguments. */
export function works(program: string, ...args: readonly string[]): boolean {
  if (program.startsWith('/') && !existsSync(program)) return false;
  try {
    execFileSync(program, [...args], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
