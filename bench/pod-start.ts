// Owns one pod's time from create to Running, and from delete to gone, in the API, beside the same CRI calls made bare: median and p99 of 50, in turns. `--pods` to shorten. Needs root.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import { resources } from '../src/client/resources.ts';
import { plainContainer, plainSandbox } from '../src/runtime/configs-for-tests.ts';
import type { ContainerConfig, SandboxConfig } from '../src/runtime/runtime.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { removeCgroups } from '../test/real/containerd-for-tests.ts';
import { testImages } from '../test/real/images.ts';
import { median, percentile } from './lib-figures.ts';

const target = 1.15;
const { values } = parseArgs({ options: { pods: { type: 'string', default: '50' } } });
const pods = Number(values.pods);
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`pod-start: not measured: ${problem}`);
  process.exit(1);
}
// It ends at once when it is told to: a process that waits for SIGKILL would measure the grace period.
const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];
const [image] = testImages;

// Two clusters' containerds: the kubelet of the first would end what is not a pod of its own.
const cluster = await realCluster(203);
const bareCluster = await realCluster(204);
const logs = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
try {
  await Promise.all([cluster.start(), bareCluster.start()]);
  await Promise.all([cluster.importImages(), bareCluster.importImages()]);
  await bareCluster.process.end('SIGTERM');
  const client = await adminOf(cluster.dataDir);
  const runtime = bareCluster.runtime();
  const imageId = (await runtime.imageStatus(image))?.id ?? '';
  await testNamespace(client, 'bench');

  // One watch for all, so that what is measured is when the API knows, not how often it is asked.
  const waiting = new Map<string, (pod: Pod | undefined) => void>();
  const abort = new AbortController();
  void (async () => {
    for await (const { type, object } of client.watch(resources.pods, { namespace: 'bench', signal: abort.signal }))
      waiting.get(object.metadata.name)?.(type === 'DELETED' ? undefined : object);
  })().catch(() => {});
  const seen = (name: string, wanted: (pod: Pod | undefined) => boolean): Promise<number> =>
    new Promise((resolve) => waiting.set(name, (pod) => wanted(pod) && resolve(performance.now())));

  const ours = async (name: string): Promise<readonly [upMs: number, goneMs: number]> => {
    const running = seen(
      name,
      (pod) => pod?.status?.phase === 'Running' && pod.status.containerStatuses?.[0]?.state?.running !== undefined,
    );
    const startMs = performance.now();
    const pod: Draft<Pod> = {
      metadata: { name, namespace: 'bench' },
      spec: { containers: [{ name: 'c', image: 'busybox:1.36', command }] },
    };
    await client.create(resources.pods, pod);
    const upMs = (await running) - startMs;
    const gone = seen(name, (one) => one === undefined);
    const deleteMs = performance.now();
    await client.delete(resources.pods, { namespace: 'bench', name });
    return [upMs, (await gone) - deleteMs];
  };

  const bare = async (name: string): Promise<readonly [upMs: number, goneMs: number]> => {
    const sandbox = sandboxOf(name, join(logs, name));
    mkdirSync(sandbox.logDirectory);
    const startMs = performance.now();
    const sandboxId = await runtime.runSandbox(sandbox);
    const id = await runtime.createContainer(sandboxId, containerOf(imageId), sandbox);
    await runtime.startContainer(id);
    const upMs = performance.now() - startMs;
    const stopMs = performance.now();
    await runtime.stopContainer(id, 30);
    await runtime.stopSandbox(sandboxId);
    await runtime.removeContainer(id);
    await runtime.removeSandbox(sandboxId);
    return [upMs, performance.now() - stopMs];
  };

  await ours('warm');
  await bare('warm');
  const [ourUp, ourGone, bareUp, bareGone]: number[][] = [[], [], [], []];
  for (let index = 0; index < pods; index++) {
    const [upMs, goneMs] = await ours(`p${index}`);
    ourUp?.push(upMs);
    ourGone?.push(goneMs);
    const [bareUpMs, bareGoneMs] = await bare(`p${index}`);
    bareUp?.push(bareUpMs);
    bareGone?.push(bareGoneMs);
  }
  abort.abort();
  await Promise.all([client.close(), runtime.close()]);
  const line = (what: string, a: readonly number[] = [], b: readonly number[] = []): string =>
    `${what}: ${median(a).toFixed(0)} ms (p99 ${percentile(a, 0.99).toFixed(0)}); bare CRI calls: ${median(b).toFixed(0)} ms (p99 ${percentile(b, 0.99).toFixed(0)})`;
  const ratio = (a: readonly number[] = [], b: readonly number[] = []): string => (median(a) / median(b)).toFixed(2);
  console.log(line('create to Running', ourUp, bareUp));
  console.log(line('delete to gone', ourGone, bareGone));
  console.log(
    `pod-start: create to Running ${ratio(ourUp, bareUp)} times the bare CRI calls (mark: ${target}), delete to gone ${ratio(ourGone, bareGone)} times`,
  );
} finally {
  await Promise.all([cluster.dispose(), bareCluster.dispose()]);
  removeCgroups('/peapod-bench');
  rmSync(logs, { recursive: true, force: true });
}

function sandboxOf(name: string, logDirectory: string): SandboxConfig {
  const uid = crypto.randomUUID();
  return plainSandbox(name, uid, {
    metadata: { name, namespace: 'bench', uid, attempt: 0 },
    logDirectory,
    cgroupParent: `/peapod-bench/besteffort/pod${uid}`,
  });
}

function containerOf(imageId: string): ContainerConfig {
  return plainContainer(
    'c',
    { image: imageId, userImage: 'busybox:1.36' },
    { command, resources: { cpuShares: 2, oomScoreAdj: 1000 }, security: { seccomp: { type: 'Unconfined' } } },
  );
}
