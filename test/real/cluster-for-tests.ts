// Owns a whole cluster on real containers in a process of its own, for tests and measurements: its flags, its images, and taking every trace of it away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { Client } from '../../src/client/client.ts';
import { resources } from '../../src/client/resources.ts';
import { machineNames } from '../../src/cluster/identity.ts';
import { observeMachine } from '../../src/cluster/machine.ts';
import { checksOf } from '../../src/cluster/machine-verdict.ts';
import { pathsOf } from '../../src/cluster/paths.ts';
import { containerdPaths, findProgram } from '../../src/runtime/cri/containerd.ts';
import { criRuntime } from '../../src/runtime/cri/cri-runtime.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { ensureBundle, freePort, PeapodProcess, peapod } from '../cli/peapod-process.ts';
import { importTestImages, testImages } from './images.ts';
import { testRanges } from './test-ranges.ts';

/** Why no real cluster can run here; undefined where one can. */
export function whyNoRealCluster(): string | undefined {
  const missing = checksOf(observeMachine()).find(({ ok, needed }) => needed && !ok);
  if (missing !== undefined) return `${missing.name}: ${missing.found}`;
  return findProgram('ctr') === undefined ? 'ctr is missing' : undefined;
}

/** A cluster of one test file, which may be stopped, killed and started again. */
export interface RealCluster {
  readonly dataDir: string;
  /** The flags that keep it apart from every other cluster, for those who start it themselves. */
  readonly upFlags: readonly string[];
  /** What runs, in the process that was started last. */
  readonly process: PeapodProcess;
  /** Milliseconds that the last start took. */
  readonly upMs: number;
  /** Starts it (again) on the same data directory and port; containerd and containers may still run. Resolves when the node is Ready. */
  start(): Promise<void>;
  /** A second view on the node's containers, by the same calls that the kubelet makes. The caller closes it. */
  runtime(): Runtime;
  importImages(): Promise<void>;
  /** Stops it with its pods, and removes its data and everything it made on the machine. */
  dispose(): Promise<void>;
}

/**
 * `octet` (0 to 255) chooses address ranges of its own, so that test files and people's clusters never meet; `bits` below 24 give room for several
 * nodes, in the ranges of the octets that follow; with `dualStack` there are ranges of IPv6 beside them. `parent`: where the data
 * directory lies. Nothing is started yet.
 */
export async function realCluster(
  octet: number,
  {
    bits = 24,
    dualStack = false,
    parent = tmpdir(),
  }: { readonly bits?: number; readonly dualStack?: boolean; readonly parent?: string } = {},
): Promise<RealCluster> {
  ensureBundle();
  const dataDir = mkdtempSync(join(parent, 'peapod-real-'));
  const port = await freePort();
  const [podsToo, servicesToo] = dualStack
    ? [`,${testRanges.podsSix}:${octet.toString(16)}::/48`, `,${testRanges.servicesSix}:${octet.toString(16)}::/112`]
    : ['', ''];
  const ranges = [
    '--cluster-cidr',
    `${testRanges.pods}.${octet}.0/${bits}${podsToo}`,
    '--service-cidr',
    `${testRanges.services}.${octet}.0/24${servicesToo}`,
  ];
  // Nothing listens on port 9: a pull fails at once and never leaves the machine.
  const upFlags = [
    '--runtime',
    'cri',
    '--data-dir',
    dataDir,
    '--port',
    String(port),
    ...ranges,
    '--registry-mirror',
    '*=http://127.0.0.1:9',
  ];
  let running: PeapodProcess | undefined;
  let upMs = 0;
  const { socket } = containerdPaths({ dataDir: pathsOf(dataDir).runtime, stateDir: machineNames(dataDir).stateDir });
  return {
    dataDir,
    upFlags,
    get process() {
      if (running === undefined) throw new Error('it was not started');
      return running;
    },
    get upMs() {
      return upMs;
    },
    async start() {
      running = new PeapodProcess(['up', ...upFlags]);
      upMs = await running.up;
    },
    runtime: () => criRuntime({ endpoint: `unix://${socket}`, clock: systemClock, log: silentLog }),
    async importImages() {
      await importTestImages(socket);
      const runtime = criRuntime({ endpoint: `unix://${socket}`, clock: systemClock, log: silentLog });
      try {
        // The CRI part of containerd learns of imported images a moment later.
        for (const image of testImages) while ((await runtime.imageStatus(image)) === undefined) await sleep(20);
      } finally {
        await runtime.close();
      }
    },
    async dispose() {
      const down = await peapod(['down', '--data-dir', dataDir, '--delete'], {}, 60_000);
      await running?.end('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
      if (down.code !== 0) throw new Error(`down: ${down.stderr}`);
    },
  };
}

/** Makes a namespace and waits until pods can start there. */
export async function testNamespace(client: Client, name: string): Promise<void> {
  await client.create(resources.namespaces, { metadata: { name }, spec: {} });
  for (;;) {
    const [accounts, maps] = await Promise.all([
      client.list(resources.serviceAccounts, { namespace: name }),
      client.list(resources.configMaps, { namespace: name }),
    ]);
    if (accounts.items.length > 0 && maps.items.length > 0) return;
    await sleep(10);
  }
}
