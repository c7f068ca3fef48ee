// Owns reaching into this node's pods for logs, exec, attach and port-forward: the NodeConnection of a kubelet in this process.
import type { Pod } from '../../api/core/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import type { NodeConnection, StreamOptions } from '../../client/node-connection.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import { type ContainerStatus, type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import { readLogs } from '../logs/read-logs.ts';
import { logFiles } from '../logs/rotation.ts';
import type { FoundPod, PodLookup } from '../pod-lookup.ts';
import { logInstance, requireContainer, runningInstance } from './choose-instance.ts';

/** While a log is followed, this often it is asked whether the container has ended; what is written shows at once. */
const followMs = 500;

/** How long the last words of a container that has ended are waited for. */
const drainMs = 20;
const mostLooks = 50;

/** The connection to a node whose kubelet runs here. */
export function nodeConnection(options: {
  readonly runtime: Runtime;
  readonly files: NodeFiles;
  readonly clock: Clock;
  readonly lookup: Pick<PodLookup, 'find'>;
}): NodeConnection {
  const { runtime, files, clock, lookup } = options;
  const find = (namespace: string, pod: string): FoundPod => {
    const found = lookup.find(namespace, pod);
    if (found === undefined) throw new StatusError('NotFound', `pod "${pod}" does not exist`);
    return found;
  };
  const hasEnded = async (id: string): Promise<boolean> => {
    const status = await runtime.containerStatus(id);
    return status === undefined || (status.state === 'exited' && status.draining !== true);
  };
  return {
    async logs({ namespace, pod, container }, wanted) {
      const { id, logPath, state } = logInstance(find(namespace, pod), container, wanted.previous ?? false);
      // What it said last may be on its way to the file.
      for (let looks = 0; state === 'exited' && looks < mostLooks && !(await hasEnded(id)); looks++)
        await clock.sleep(drainMs, wanted.signal);
      const paths = logPath === '' ? [] : await logFiles(files, logPath);
      const follow = { hasEnded: () => hasEnded(id), pause: (signal: AbortSignal) => clock.sleep(followMs, signal) };
      return readLogs(files, paths, wanted, wanted.follow === true ? follow : undefined);
    },
    async exec({ namespace, pod, container }, command, wanted) {
      const { id } = plainly(() => running(find(namespace, pod), container));
      return opened(wanted, () => runtime.exec(id, command, wanted));
    },
    async attach({ namespace, pod, container }, wanted) {
      const found = plainly(() => find(namespace, pod));
      const { id } = plainly(() => running(found, container));
      const tty = hasTerminal(found.pod, container);
      return opened(wanted, () => runtime.attach(id, { ...wanted, tty }));
    },
    async portForward({ namespace, pod }, port) {
      const found = plainly(() => find(namespace, pod));
      const sandbox = found.sandboxes.find(({ state }) => state === 'ready');
      if (sandbox === undefined) throw new StatusError('NotFound', `pod not found ("${pod}_${namespace}")`, { plain: true });
      return runtime.portForward(sandbox.id, port).catch(refused);
    },
  };
}

function running(found: FoundPod, container: string): ContainerStatus {
  requireContainer(found.pod, container);
  return runningInstance(found, container);
}

/** What is refused before there are streams goes out as text, as a kubelet's own server sends it: kubectl shows it as it is. */
function plainly<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    throw new StatusError(error.reason, error.message, { code: error.code, plain: true });
  }
}

/** What a container was made with counts for attach, not what is asked for. */
function hasTerminal({ spec }: Pod, name: string): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
  return all.find((container) => container.name === name)?.tty ?? false;
}

/** Opens streams that are let go of when the signal aborts. */
async function opened({ signal }: StreamOptions, open: () => Promise<ProcessStreams>): Promise<ProcessStreams> {
  signal?.throwIfAborted();
  const streams = await open().catch(refused);
  const onAbort = (): void => streams.close();
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  void streams.exit.then(() => signal?.removeEventListener('abort', onAbort));
  return streams;
}

function refused(error: unknown): never {
  if (!(error instanceof RuntimeError)) throw error;
  throw new StatusError(error.code === 'NotFound' ? 'NotFound' : 'InternalError', error.message, { plain: true });
}
