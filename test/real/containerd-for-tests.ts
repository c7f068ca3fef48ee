// Owns a containerd for tests on real containers: its own directories, bridge and fence, and taking every trace of it away again.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { findCniPlugins, findProgram, startContainerd, stopContainerd } from '../../src/runtime/cri/containerd.ts';
import { criRuntime } from '../../src/runtime/cri/cri-runtime.ts';
import { diskFiles } from '../../src/runtime/disk-files.ts';
import type { NodeFiles } from '../../src/runtime/files.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { busyboxArchive } from './images.ts';
import { testRegistry } from './registry-for-tests.ts';
import { testRanges } from './test-ranges.ts';

/** Why real containers cannot be tested here; undefined where they can. */
export function whyNoRealContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'this needs root';
  for (const program of ['containerd', 'ctr', 'runc', 'nft', 'ip']) if (findProgram(program) === undefined) return `${program} is missing`;
  if (findCniPlugins() === undefined) return 'the CNI plugins are missing';
  return undefined;
}

/** A runtime of one test file. */
export interface RealRuntime {
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  /** For logs and volumes. */
  readonly directory: string;
  readonly endpoint: string;
  readonly containerdPid: number;
  /** Starts containerd again after it was ended. */
  restart(): Promise<number>;
  dispose(): Promise<void>;
}

/** Starts one. `octet` makes its pod range, so that files can run side by side. */
export async function realRuntime(octet: number, cgroupRoots: readonly string[] = []): Promise<RealRuntime> {
  const directory = mkdtempSync(`${tmpdir()}/peapod-cri-`);
  const run = testRanges.pods.replace('.', '_');
  const bridge = `pt${run}_${octet}`;
  const table = `peapod_test_${run}_${octet}`;
  const podCidr = `${testRanges.pods}.${octet}.0/24`;
  const registry = await testRegistry('library/busybox', busyboxArchive());
  const options = {
    dataDir: `${directory}/data`,
    stateDir: `${directory}/run`,
    network: { bridge, podCidrs: [podCidr], dataDir: `${directory}/addresses` },
    mirrors: [{ host: '*', url: registry.url }],
  };
  const fence = `table inet ${table} {
  chain fence {
    type filter hook postrouting priority 300; policy accept;
    oifname { "${bridge}", "lo" } accept
    ip saddr ${podCidr} drop
    ip daddr ${podCidr} drop
  }
}
`;
  execFileSync('nft', ['-f', '-'], { input: `table inet ${table} {\n}\ndelete table inet ${table}\n${fence}` });
  const cleanUp = async (runtime?: Runtime): Promise<void> => {
    for (const { id } of (await runtime?.listSandboxes().catch(() => [])) ?? []) {
      await runtime?.stopSandbox(id).catch(() => {});
      await runtime?.removeSandbox(id).catch(() => {});
    }
    await runtime?.close();
    await stopContainerd(options);
    await registry.close();
    if (existsSync(`/sys/class/net/${bridge}`)) execFileSync('ip', ['link', 'delete', bridge]);
    execFileSync('nft', ['delete', 'table', 'inet', table]);
    for (const root of cgroupRoots) removeCgroups(root);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const started = await startContainerd(options);
    const runtime = criRuntime({ endpoint: started.endpoint, clock: systemClock, log: silentLog });
    return {
      runtime,
      files: diskFiles(),
      directory,
      endpoint: started.endpoint,
      containerdPid: started.pid,
      restart: async () => (await startContainerd(options)).pid,
      dispose: () => cleanUp(runtime),
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Takes away the empty cgroups below a root that a test used; only directories without processes go. */
export function removeCgroups(root: string): void {
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) walk(`${directory}/${entry.name}`);
    try {
      rmdirSync(directory);
    } catch {
      // Somebody else's processes are in it.
    }
  };
  for (const controller of readdirSync('/sys/fs/cgroup', { withFileTypes: true })) {
    const directory = `/sys/fs/cgroup/${controller.name}${root}`;
    if (controller.isDirectory() && existsSync(directory)) walk(directory);
  }
}

/** Waits for a process to be gone (or to be a zombie). */
export async function untilEnded(pid: number): Promise<void> {
  for (;;) {
    if (!existsSync(`/proc/${pid}/stat`) || /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    await sleep(5);
  }
}
