// Owns `peapod up`: choosing what runs, becoming what it must be for that, starting it, saying when it is ready, and ending cleanly.
import { mkdirSync, openSync } from 'node:fs';
import { announce, InUseError, readRunning } from '../../cluster/instance.ts';
import { changeKubeconfig, merged, personsKubeconfig } from '../../cluster/kubeconfig-file.ts';
import { OptionError } from '../../cluster/option-error.ts';
import { type ClusterOptions, clusterOptions, type RawOptions } from '../../cluster/options.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';
import { detach, isDetached, parentsScreen, tellingParent, tellParent } from '../detach.ts';
import { giveBackMemory } from '../give-back-memory.ts';
import { type Progress, progressOn } from '../progress.ts';
import { chooseRuntime, enterNamespace } from '../real-containers.ts';

interface UpFlags extends RawOptions {
  readonly detach?: boolean;
}

/** Starts a cluster; see `run`. */
export async function up(flags: UpFlags, operands: readonly string[]): Promise<void> {
  await tellingParent(() => run(flags, operands));
}

/** Starts a cluster. Returns when it is over (or, detached, when it is ready). Throws what a person can do something about. */
async function run(flags: UpFlags, operands: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  const options = clusterOptions(flags, defaultDataDir());
  if (operands.length > 0)
    throw new OptionError(`up takes no arguments, only flags: '${operands.join(' ')}' is not one (see ./peapod up --help)`);
  const paths = pathsOf(options.dataDir);
  const running = readRunning(paths.running);
  if (running !== undefined) throw new InUseError(paths.running, running);
  const detached = isDetached();
  // A terminal that went away must not end the cluster.
  process.stderr.on('error', () => {});
  const progress: Progress = progressOn(detached ? parentsScreen : process.stderr);
  const runtime = options.nodes === 0 || options.without.has('kubelet') ? 'simulated' : await chooseRuntime(options, progress);
  if (runtime === 'cri' && options.runtimeEndpoint === undefined && options.nodes > 0) await enterNamespace(options, process.argv);
  if (flags.detach && !detached) return detach(options, progress);

  const { logTo } = await import('../../cluster/logger.ts');
  const { openCluster } = await import('../../cluster/cluster.ts');
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const instance = announce(paths.running, { url: '', nodes: [], runtime, ready: false });
  const stopping = Promise.withResolvers<string>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.resolve(signal));
  try {
    const log = logTo(openSync(paths.log, 'a', 0o600), 'info');
    const cluster = await openCluster(options, runtime, log, (name, work) => progress.step(name, work));
    try {
      const ready =
        options.nodes === 0 || options.without.has('kubelet')
          ? 'Ready for nodes'
          : `${cluster.nodes.length === 1 ? `Node ${cluster.nodes[0]}` : `${cluster.nodes.length} nodes`} Ready`;
      instance.update({ url: cluster.url, nodes: cluster.nodes, join: cluster.join });
      const outcome = await Promise.race([progress.step(ready, () => cluster.ready).then(() => 'ready'), stopping.promise]);
      if (outcome === 'ready') {
        if (!options.ownDataDir)
          changeKubeconfig(personsKubeconfig(), (config) => merged(config, { server: cluster.url, ca: cluster.ca, ...cluster.admin }));
        instance.update({ ready: true });
        progress.say(`Up in ${((performance.now() - startedMs) / 1000).toFixed(2)} s: ${cluster.url}, ${whatRuns(options, runtime)}.`);
        progress.say(
          options.ownDataDir
            ? `    export KUBECONFIG=${cluster.kubeconfig}`
            : `    kubectl get nodes        (context peapod, in ${personsKubeconfig()})`,
        );
        if (detached) tellParent({ ready: true });
        else progress.say('    Ctrl-C stops Peapod and leaves containers running; ./peapod down stops them too.');
        if (detached) process.disconnect?.();
        giveBackMemory();
        await stopping.promise;
      }
      if (!detached) progress.say('Stopping …');
    } finally {
      await cluster.stop();
    }
  } finally {
    instance.withdraw();
  }
  process.exit(process.exitCode ?? 0);
}

/** What containers there are, for people: without a kubelet of this cluster's own there are none. */
function whatRuns({ nodes, without }: ClusterOptions, runtime: 'cri' | 'simulated'): string {
  if (nodes === 0) return 'no nodes of its own';
  if (without.has('kubelet')) return 'no kubelet of its own';
  return `${runtime === 'cri' ? 'real' : 'simulated'} containers`;
}
