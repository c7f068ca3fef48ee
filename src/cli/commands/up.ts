// Owns `peapod up`: choosing what runs, becoming what it must be for that, starting it, saying when it is ready, and ending cleanly.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { announce, InUseError, readRunning } from '../../cluster/instance.ts';
import { changeKubeconfig, merged, personsKubeconfig } from '../../cluster/kubeconfig-file.ts';
import { type MachineFacts, observeMachine } from '../../cluster/machine.ts';
import { decideRuntime } from '../../cluster/machine-verdict.ts';
import { become, namespaceOf, namespaceStep, rootIsShared } from '../../cluster/mount-namespace.ts';
import { type ClusterOptions, clusterOptions, OptionError, type RawOptions } from '../../cluster/options.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';
import { type Progress, progressOn, type Screen } from '../progress.ts';

interface UpFlags extends RawOptions {
  readonly detach?: boolean;
}

/** Set for the process that `--detach` leaves behind: it tells its parent what a person should see. */
const detachedMark = 'PEAPOD_DETACHED';

/** What the process that `--detach` leaves behind tells its parent. */
type Told = { readonly text: string } | { readonly ready: true };

function tell(message: Told): void {
  if (process.connected) process.send?.(message);
}

/** The parent's terminal, as long as the parent is there. The process' own standard error is its log, which stays. */
const parentsScreen: Screen = { write: (text) => tell({ text }) };

/** Starts a cluster; see `run`. A detached process tells its parent also why it could not. */
export async function up(flags: UpFlags, operands: readonly string[]): Promise<void> {
  try {
    await run(flags, operands);
  } catch (error) {
    if (process.env[detachedMark] === '1') tell({ text: `peapod: ${error instanceof Error ? error.message : error}\n` });
    throw error;
  }
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
  const detached = process.env[detachedMark] === '1';
  // A terminal that went away must not end the cluster.
  process.stderr.on('error', () => {});
  const progress: Progress = progressOn(detached ? parentsScreen : process.stderr);
  const runtime = await chooseRuntime(options, progress);
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
      instance.update({ url: cluster.url, nodes: cluster.nodes });
      const outcome = await Promise.race([progress.step(ready, () => cluster.ready).then(() => 'ready'), stopping.promise]);
      if (outcome === 'ready') {
        if (!options.ownDataDir)
          changeKubeconfig(personsKubeconfig(), (config) => merged(config, { server: cluster.url, ca: cluster.ca, ...cluster.admin }));
        instance.update({ ready: true });
        progress.say(
          `Up in ${((performance.now() - startedMs) / 1000).toFixed(2)} s: ${cluster.url}, ${runtime === 'cri' ? 'real' : 'simulated'} containers.`,
        );
        progress.say(
          options.ownDataDir
            ? `    export KUBECONFIG=${cluster.kubeconfig}`
            : `    kubectl get nodes        (context peapod, in ${personsKubeconfig()})`,
        );
        if (detached) tell({ ready: true });
        else progress.say('    Ctrl-C stops Peapod and leaves containers running; ./peapod down stops them too.');
        if (detached) process.disconnect?.();
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

/** Looks at the machine, installs what can be installed, and says plainly when containers will only be simulated. */
async function chooseRuntime(options: ClusterOptions, progress: Progress): Promise<'cri' | 'simulated'> {
  if (options.nodes === 0 || options.without.has('kubelet')) return 'simulated';
  let facts: MachineFacts = observeMachine();
  let decision = decideRuntime(options.runtime, facts, options.runtimeEndpoint);
  if (decision.runtime === 'cri' && 'install' in decision) {
    const { installPackages } = await import('../../cluster/prerequisites.ts');
    const { install } = decision;
    try {
      await progress.step(`Installed ${install.join(', ')}`, (say) => installPackages(install, say));
    } catch (error) {
      if (options.runtime === 'cri') throw error;
      progress.say(`Could not install what real containers need: ${error instanceof Error ? error.message : error}`);
    }
    facts = observeMachine();
    decision = decideRuntime(options.runtime, { ...facts, apt: false }, options.runtimeEndpoint);
  }
  if (decision.runtime === 'impossible') throw new OptionError(`real containers cannot run here: ${decision.reason}. See ./peapod doctor.`);
  if (decision.runtime === 'simulated' && decision.reason !== undefined) {
    progress.say(`! Containers will be SIMULATED, because real ones cannot run here: ${decision.reason}. ./peapod doctor tells more.`);
  }
  return decision.runtime;
}

/** Becomes this same program in the mount namespace that containerd lives in, or will. */
async function enterNamespace(options: ClusterOptions, argv: readonly string[]): Promise<void> {
  const { containerdPid } = await import('../../cluster/real-runtime.ts');
  const pid = containerdPid(options.dataDir);
  const namespace = pid === undefined ? undefined : namespaceOf(pid);
  const step = namespaceStep(
    {
      rootShared: rootIsShared(),
      ownNamespace: namespaceOf('self') ?? '',
      containerd: pid === undefined || namespace === undefined ? undefined : { pid, namespace },
    },
    [process.execPath, ...process.execArgv, ...argv.slice(1)],
  );
  if (step.step === 'become') become(step.command);
}

/** Starts the same command apart from this terminal and shows its progress until it is ready. */
async function detach(options: ClusterOptions, progress: Progress): Promise<void> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const { log } = pathsOf(options.dataDir);
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, [detachedMark]: '1' },
  });
  closeSync(output);
  const outcome = await new Promise<'ready' | number>((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message: Told) => {
      if ('text' in message) process.stderr.write(message.text);
      else resolve('ready');
    });
    // Its last words come before the channel closes, but perhaps after its exit.
    let code: number | undefined;
    const ended = (): void => {
      if (code !== undefined && !child.connected) resolve(code);
    };
    child.once('exit', (status) => {
      code = status ?? 1;
      ended();
    });
    child.once('disconnect', ended);
  });
  if (outcome === 'ready') {
    child.unref();
    progress.say(`    runs in the background, pid ${child.pid}; its log: ${log}; ./peapod down stops it`);
    process.exit(0);
  }
  process.exitCode = outcome === 0 ? 1 : outcome;
}
