// Owns a cluster on containerd beside a containerd that is asked by hand: the same container, once as a pod, once as bare CRI calls. Needs root.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import type { Client } from '../src/client/client.ts';
import { containerdPid } from '../src/cluster/real-runtime.ts';
import { plainContainer, plainSandbox } from '../src/runtime/configs-for-tests.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { removeCgroups } from '../test/real/containerd-for-tests.ts';
import { testImages } from '../test/real/images.ts';
import { type ProcessAccount, processAccount } from './lib-processor.ts';

const userImage = 'busybox:1.36';
/** It ends at once when it is told to: a process that waits for SIGKILL would measure the grace period. */
const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];

/** What bare calls made. */
export interface BarePod {
  readonly uid: string;
  readonly sandboxId: string;
  readonly containerId: string;
}

/** Both sides. Its pods are in the namespace `bench`. */
export interface BareCri extends AsyncDisposable {
  readonly client: Client;
  /** The process of the cluster. */
  readonly pid: number;
  /** The pod of that name. */
  pod(name: string, spec?: Partial<Pod['spec']>): Draft<Pod>;
  /** Milliseconds of processor time that the containerds with their shims have had: of the cluster, and of the bare calls. */
  spent(): { readonly ours: number; readonly bare: number };
  /** Runs the sandbox and starts the container of the same, by hand. */
  start(name: string): Promise<BarePod>;
  /** Stops and removes it, by hand; `graceSeconds` before SIGKILL. */
  end(pod: BarePod, graceSeconds: number): Promise<void>;
}

/** Opens both; `block` and the one after it are their address blocks. Ends the process, and says why, where no container can run here. */
export async function openBareCri(bench: string, block: number): Promise<BareCri> {
  const problem = whyNoRealCluster();
  if (problem !== undefined) {
    console.error(`${bench}: not measured: ${problem}`);
    process.exit(1);
  }
  // Two clusters' containerds: the kubelet of the first would end what is not a pod of its own.
  const cluster = await realCluster(block);
  const bareCluster = await realCluster(block + 1);
  const logs = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
  const accounts: ProcessAccount[] = [];
  const remove = async (): Promise<void> => {
    // One after the other: each has a minute for all of its pods.
    try {
      await cluster.dispose();
    } finally {
      await bareCluster.dispose();
      for (const account of accounts) account[Symbol.dispose]();
      removeCgroups('/peapod-bench');
      rmSync(logs, { recursive: true, force: true });
    }
  };
  try {
    await Promise.all([cluster.start(), bareCluster.start()]);
    await Promise.all([cluster.importImages(), bareCluster.importImages()]);
    await bareCluster.process.end('SIGTERM');
    const [ours, bare] = [cluster, bareCluster].map(({ dataDir }, index) => {
      const account = processAccount(index === 0 ? 'ours' : 'bare', containerdPid(dataDir) ?? 0);
      accounts.push(account);
      return account;
    });
    const client = await adminOf(cluster.dataDir);
    const runtime = bareCluster.runtime();
    await testNamespace(client, 'bench');
    const image = (await runtime.imageStatus(testImages[0]))?.id ?? '';
    return {
      client,
      pid: cluster.process.pid,
      pod: (name, spec = {}) => ({
        metadata: { name, namespace: 'bench' },
        spec: { containers: [{ name: 'c', image: userImage, command }], ...spec },
      }),
      spent: () => ({ ours: ours?.usedMs() ?? 0, bare: bare?.usedMs() ?? 0 }),
      start: (name) => startBare(runtime, name, image, logs),
      async end({ sandboxId, containerId }, graceSeconds) {
        await runtime.stopContainer(containerId, graceSeconds);
        await runtime.stopSandbox(sandboxId);
        await runtime.removeContainer(containerId);
        await runtime.removeSandbox(sandboxId);
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([client.close(), runtime.close()]);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startBare(runtime: Runtime, name: string, image: string, logs: string): Promise<BarePod> {
  const uid = crypto.randomUUID();
  const sandbox = plainSandbox(name, uid, {
    metadata: { name, namespace: 'bench', uid, attempt: 0 },
    logDirectory: join(logs, uid),
    cgroupParent: `/peapod-bench/besteffort/pod${uid}`,
  });
  mkdirSync(sandbox.logDirectory);
  const sandboxId = await runtime.runSandbox(sandbox);
  const resources = { cpuShares: 2, oomScoreAdj: 1000 };
  const config = plainContainer('c', { image, userImage }, { command, resources, security: { seccomp: { type: 'Unconfined' } } });
  const containerId = await runtime.createContainer(sandboxId, config, sandbox);
  await runtime.startContainer(containerId);
  return { uid, sandboxId, containerId };
}
