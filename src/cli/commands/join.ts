// Owns `peapod join`: this machine as a node of a cluster elsewhere, in the foreground or left in the background.
import { mkdirSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { announce, InUseError, readRunning } from '../../cluster/instance.ts';
import { joinOptions, type RawJoinOptions } from '../../cluster/join/join-options.ts';
import { refuseControlPlane } from '../../cluster/join/membership.ts';
import { defaultDataDir, pathsOf } from '../../cluster/paths.ts';
import { detach, isDetached, parentsScreen, tellingParent, tellParent } from '../detach.ts';
import { type Progress, progressOn } from '../progress.ts';
import { chooseRuntime, enterNamespace } from '../real-containers.ts';

interface JoinFlags extends RawJoinOptions {
  readonly detach?: boolean;
}

/** Joins, and runs the node. Returns when it is over (or, detached, when the node is Ready). */
export async function join(url: string | undefined, flags: JoinFlags): Promise<void> {
  await tellingParent(() => run(url, flags));
}

async function run(url: string | undefined, flags: JoinFlags): Promise<void> {
  const startedMs = performance.now();
  const options = joinOptions(url, flags, defaultDataDir(), hostname());
  const paths = pathsOf(options.dataDir);
  const running = readRunning(paths.running);
  if (running !== undefined) throw new InUseError(paths.running, running);
  refuseControlPlane(options.dataDir);
  const detached = isDetached();
  process.stderr.on('error', () => {});
  const progress: Progress = progressOn(detached ? parentsScreen : process.stderr);
  const runtime = await chooseRuntime(options, progress);
  if (runtime === 'cri') await enterNamespace(options, process.argv);
  if (flags.detach && !detached) return detach(options, progress);

  const { logTo } = await import('../../cluster/logger.ts');
  const { openJoinedNode } = await import('../../cluster/join/joined-node.ts');
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const instance = announce(paths.running, { url: '', nodes: [], runtime, ready: false });
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve(), { once: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
  // What is waited for does not keep the process alive by itself.
  const alive = setInterval(() => {}, 60_000);
  try {
    const log = logTo(openSync(paths.log, 'a', 0o600), 'info');
    const step = <T>(name: string, work: () => Promise<T>): Promise<T> => progress.step(name, work);
    const node = await openJoinedNode({ options, runtime, log, step, say: (line) => progress.say(line), signal: stopping.signal });
    try {
      instance.update({ url: node.server, nodes: [node.name] });
      const outcome = await Promise.race([progress.step(`Node ${node.name} Ready`, () => node.ready).then(() => 'ready'), stopped]);
      if (outcome === 'ready') {
        instance.update({ ready: true });
        progress.say(
          `Up in ${((performance.now() - startedMs) / 1000).toFixed(2)} s: node ${node.name} of ${node.server}, ${runtime === 'cri' ? 'real' : 'simulated'} containers.`,
        );
        if (detached) tellParent({ ready: true });
        else progress.say('    Ctrl-C stops Peapod and leaves containers running; ./peapod down stops them too.');
        if (detached) process.disconnect?.();
        await stopped;
      }
      if (!detached) progress.say('Stopping …');
    } finally {
      await node.stop();
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    clearInterval(alive);
    instance.withdraw();
  }
  process.exit(process.exitCode ?? 0);
}
