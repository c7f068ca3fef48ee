// Owns `peapod status`: whether a cluster runs on a data directory, where, and how its nodes are.
import { httpClient } from '../../client/http-client.ts';
import { loadKubeconfig } from '../../client/kubeconfig.ts';
import { resources } from '../../client/resources.ts';
import { readRunning } from '../../cluster/instance.ts';
import { identityEndsMs, readMembership } from '../../cluster/join/membership.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';

/** Prints the state. Exit code 3 where nothing runs (as a service's status does), 1 where it runs but does not answer. */
export async function status(flags: { readonly dataDir?: string }): Promise<void> {
  const paths = pathsOf(flags.dataDir ?? defaultDataDir());
  const running = readRunning(paths.running);
  if (running === undefined) {
    console.log(
      `Nothing runs on ${paths.dataDir}. Start it: ./peapod up${flags.dataDir === undefined ? '' : ` --data-dir ${flags.dataDir}`}`,
    );
    process.exitCode = 3;
    return;
  }
  console.log(`Running: pid ${running.pid}, ${running.url}, ${running.runtime} containers, data in ${paths.dataDir}`);
  const member = readMembership(paths.dataDir);
  if (member !== undefined) {
    const endsMs = identityEndsMs(paths.dataDir);
    const until = endsMs === undefined ? '' : `; its certificate ends ${new Date(endsMs).toISOString()} and is renewed before`;
    console.log(`  ${member.nodeName} of ${member.server}, address ${member.nodeIp}${until}`);
    return;
  }
  const client = httpClient(await loadKubeconfig(paths.kubeconfig));
  try {
    const [nodes, pods] = await Promise.all([
      client.list(resources.nodes, { signal: AbortSignal.timeout(5000) }),
      client.list(resources.pods, { signal: AbortSignal.timeout(5000) }),
    ]);
    for (const node of nodes.items) {
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
      const here = pods.items.filter((pod) => pod.spec.nodeName === node.metadata.name).length;
      console.log(
        `  ${node.metadata.name}: ${ready?.status === 'True' ? 'Ready' : `not ready (${ready?.reason ?? 'no word from it'}: ${ready?.message ?? ''})`}, ${here} pods`,
      );
    }
    const waiting = pods.items.filter((pod) => !pod.spec.nodeName).length;
    if (waiting > 0) console.log(`  ${waiting} pods wait for a node`);
  } catch (error) {
    console.log(`  it does not answer: ${error instanceof Error ? error.message : error}. Its log: ${paths.log}`);
    process.exitCode = 1;
  } finally {
    await client.close();
  }
}
