// Owns 10,000 exec sessions one after another in one container, and what of them stays on the machine: mounts, cgroups, processes, open files, memory. `--sessions` to shorten. Needs root.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1.ts';
import type { Draft } from '../src/api/object.ts';
import { loadKubeconfig } from '../src/client/kubeconfig.ts';
import { resources } from '../src/client/resources.ts';
import { adminOf } from '../test/cli/peapod-process.ts';
import { realCluster, testNamespace, whyNoRealCluster } from '../test/real/cluster-for-tests.ts';
import { grown, leftovers } from '../test/real/leftovers.ts';
import { nodeOverHttp } from '../test/real/node-over-http.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '10000' } } });
const sessions = Number(values.sessions);
const warmUp = Math.min(100, sessions);
const problem = whyNoRealCluster();
if (problem !== undefined) {
  console.error(`exec-10000: not measured: ${problem}`);
  process.exit(1);
}

const cluster = await realCluster(206);
try {
  await cluster.start();
  await cluster.importImages();
  const client = await adminOf(cluster.dataDir);
  await testNamespace(client, 'bench');
  const spec = { containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '36000'] }], terminationGracePeriodSeconds: 0 };
  const pod = await client.create(resources.pods, { metadata: { name: 'busy', namespace: 'bench' }, spec } as Draft<Pod>);
  for (;;) if ((await client.get(resources.pods, { namespace: 'bench', name: 'busy' })).status?.phase === 'Running') break;
  const node = nodeOverHttp(await loadKubeconfig(join(cluster.dataDir, 'kubeconfig')));
  const streams = { stdin: false, stdout: true, stderr: false, tty: false };
  let failed = 0;
  const session = async (): Promise<void> => {
    const running = await node.exec({ namespace: 'bench', pod: 'busy', container: 'c' }, ['true'], streams);
    const exit = await running.exit;
    if (!('exitCode' in exit) || exit.exitCode !== 0) failed++;
    running.close();
  };
  const count = () => leftovers(cluster.dataDir, cluster.process.pid, new Set([pod.metadata.uid]));
  const residentMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${cluster.process.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  for (let index = 0; index < warmUp; index++) await session();
  const [before, beforeMiB] = [count(), residentMiB()];
  const startMs = performance.now();
  for (let index = 0; index < sessions; index++) await session();
  const tookMs = performance.now() - startMs;
  const more = await grown(before, count);
  console.log(`before: ${JSON.stringify(before)}, ${beforeMiB.toFixed(0)} MiB`);
  console.log(`after:  ${JSON.stringify(count())}, ${residentMiB().toFixed(0)} MiB`);
  const leaked = Object.values(more).reduce((sum, amount) => sum + amount, 0);
  console.log(
    `exec-10000: ${sessions} sessions, ${failed} failed, ${(tookMs / sessions).toFixed(1)} ms each, ${leaked} things left behind ${JSON.stringify(more)}`,
  );
  process.exitCode = failed + leaked > 0 ? 1 : 0;
  await client.close();
} finally {
  await cluster.dispose();
}
