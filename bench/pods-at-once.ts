// Owns 100 pods created at once, time until all of them run, beside the bare CRI calls for as many at the best parallelism, in one run. `--pods` to shorten. Needs root.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import { resources } from '../src/client/resources.ts';
import { plainContainer, plainSandbox } from '../src/runtime/configs-for-tests.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { removeCgroups } from '../test/real/containerd-for-tests.ts';
import { testImages } from '../test/real/images.ts';

const mark = 1.1;
const { values } = parseArgs({ options: { pods: { type: 'string', default: '100' } } });
const pods = Number(values.pods);
const parallelisms = [2, 4, 8, 16];
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`pods-at-once: not measured: ${problem}`);
  process.exit(1);
}
const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];
const [image] = testImages;

const cluster = await realCluster(207);
const bareCluster = await realCluster(208);
const logs = mkdtempSync(join(tmpdir(), 'peapod-bench-'));
try {
  await Promise.all([cluster.start(), bareCluster.start()]);
  await Promise.all([cluster.importImages(), bareCluster.importImages()]);
  await bareCluster.process.end('SIGTERM');
  const client = await adminOf(cluster.dataDir);
  const runtime = bareCluster.runtime();
  const imageId = (await runtime.imageStatus(image))?.id ?? '';
  await testNamespace(client, 'bench');
  const running = new Set<string>();
  const changed = { tell: (): void => {} };
  const abort = new AbortController();
  void (async () => {
    for await (const { type, object } of client.watch(resources.pods, { namespace: 'bench', signal: abort.signal })) {
      if (type === 'DELETED') running.delete(object.metadata.name);
      else if (object.status?.phase === 'Running') running.add(object.metadata.name);
      changed.tell();
    }
  })().catch(() => {});
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      changed.tell = () => running.size === count && resolve();
      changed.tell();
    });

  const ours = async (round: number): Promise<number> => {
    const spec: Pod['spec'] = { containers: [{ name: 'c', image: 'busybox:1.36', command }], terminationGracePeriodSeconds: 1 };
    const startMs = performance.now();
    const names = Array.from({ length: pods }, (_, index) => `p${round}-${index}`);
    await Promise.all(names.map((name) => client.create(resources.pods, { metadata: { name, namespace: 'bench' }, spec } as Draft<Pod>)));
    await until(pods);
    const tookMs = performance.now() - startMs;
    await Promise.all(names.map((name) => client.delete(resources.pods, { namespace: 'bench', name })));
    await until(0);
    return tookMs;
  };

  const bare = async (parallelism: number): Promise<number> => {
    const made: (readonly [sandbox: string, container: string])[] = [];
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < pods) {
        const index = next++;
        const uid = crypto.randomUUID();
        const sandbox = plainSandbox(`p${index}`, uid, {
          metadata: { name: `p${index}`, namespace: 'bench', uid, attempt: 0 },
          logDirectory: join(logs, uid),
          cgroupParent: `/peapod-bench/besteffort/pod${uid}`,
        });
        mkdirSync(sandbox.logDirectory);
        const sandboxId = await runtime.runSandbox(sandbox);
        const config = plainContainer(
          'c',
          { image: imageId, userImage: 'busybox:1.36' },
          { command, resources: { cpuShares: 2, oomScoreAdj: 1000 }, security: { seccomp: { type: 'Unconfined' } } },
        );
        const id = await runtime.createContainer(sandboxId, config, sandbox);
        await runtime.startContainer(id);
        made.push([sandboxId, id]);
      }
    };
    const startMs = performance.now();
    await Promise.all(Array.from({ length: parallelism }, one));
    const tookMs = performance.now() - startMs;
    for (let from = 0; from < made.length; from += 8)
      await Promise.all(
        made.slice(from, from + 8).map(async ([sandboxId, id]) => {
          await runtime.stopContainer(id, 1);
          await runtime.stopSandbox(sandboxId);
          await runtime.removeSandbox(sandboxId);
        }),
      );
    return tookMs;
  };

  // In turns, so that what else the machine does meets both alike.
  const bareMs = new Map<number, number>();
  let oursMs = Number.POSITIVE_INFINITY;
  for (const [round, parallelism] of parallelisms.entries()) {
    bareMs.set(parallelism, await bare(parallelism));
    if (round % 2 === 1) oursMs = Math.min(oursMs, await ours(round));
  }
  abort.abort();
  await Promise.all([client.close(), runtime.close()]);
  const [[best, bestMs] = [0, Number.NaN]] = [...bareMs].sort(([, a], [, b]) => a - b);
  for (const [parallelism, ms] of bareMs) console.log(`bare CRI calls, ${parallelism} at a time: ${ms.toFixed(0)} ms`);
  console.log(`created at once: ${oursMs.toFixed(0)} ms until all ${pods} run`);
  console.log(
    `pods-at-once: ${(oursMs / bestMs).toFixed(2)} times the bare CRI calls at their best, ${best} at a time (mark: ${mark}); ${pods} pods`,
  );
} finally {
  await Promise.all([cluster.dispose(), bareCluster.dispose()]);
  removeCgroups('/peapod-bench');
  rmSync(logs, { recursive: true, force: true });
}
