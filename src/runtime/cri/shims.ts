// Owns the shims of a containerd of Peapod's own: finding them, and ending those that nobody knows any more, with all that hangs on them. It refuses to look at another containerd's.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RuntimeError } from '../runtime.ts';
import { RuntimeConnection } from './connection.ts';
import { mountsBelow } from './mounts-below.ts';
import { endProcess, isAlive, signal } from './processes.ts';

const run = promisify(execFile);

const namespace = 'k8s.io';
/** Where containerd's shims for runc and crun keep what these know of containers, and listen. */
const ociStates = `/run/containerd/runc/${namespace}`;
const shimSockets = '/run/containerd/s/';
const containerId = /^[0-9a-f]{64}$/;
const passWithinMs = 5_000;
const knownWithinMs = 10_000;
const endWithinMs = 2_000;
const lookAgainMs = 10;

/** A shim that runs. */
export interface Shim {
  readonly pid: number;
  /** The sandbox that it was started for; the containers of that one are its own as well. */
  readonly id: string;
  /** True for a call of a moment, which starts or clears away another one. */
  readonly passes: boolean;
}

/** What a command line (words that end with NUL each) says of a shim of the containerd on this socket; undefined where it is none of its. Pure. */
export function shimOf(commandLine: string, socket: string): Omit<Shim, 'pid'> | undefined {
  const [program = '', ...words] = commandLine.replace(/\0$/, '').split('\0');
  const flag = (name: string): string | undefined => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  if (!program.includes('containerd-shim') || flag('-address') !== socket) return undefined;
  const last = words.at(-1);
  return { id: flag('-id') ?? '', passes: last === 'start' || last === 'delete' };
}

/** The shims of the containerd on this socket, whether it runs or not. */
export async function shimsOf(socket: string): Promise<readonly Shim[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const shim = shimOf(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''), socket);
      return shim === undefined ? [] : [{ pid, ...shim }];
    }),
  );
  return found.flat();
}

const bundlesOf = (stateDir: string): string => `${stateDir}/io.containerd.runtime.v2.task/${namespace}`;

/** The shims that a containerd has left which does not run any more: what it was just about to start has started. */
export async function shimsLeftBehind(socket: string): Promise<readonly Shim[]> {
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const shims = await shimsOf(socket);
    if (waitedMs >= passWithinMs || !shims.some(({ passes }) => passes)) return shims.filter(({ passes }) => !passes);
    await sleep(lookAgainMs);
  }
}

/** A process and the one that it belongs to. */
export interface ProcessParent {
  readonly pid: number;
  readonly parent: number;
}

/** All that descends from a process, itself left out. Pure. */
export function descendantsOf(pid: number, processes: readonly ProcessParent[]): readonly number[] {
  const children = processes.filter(({ parent }) => parent === pid).map((child) => child.pid);
  return children.flatMap((child) => [child, ...descendantsOf(child, processes)]);
}

/** Tasks that a containerd knows: their ids and processes. */
export interface KnownTask {
  readonly id: string;
  readonly pid: number;
}

/** The shims that hold none of the tasks which are known. Pure. */
export function unknownShims(shims: readonly Shim[], tasks: readonly KnownTask[], processes: readonly ProcessParent[]): readonly Shim[] {
  const [ids, pids] = [new Set(tasks.map(({ id }) => id)), new Set(tasks.map(({ pid }) => pid))];
  return shims.filter(({ id, pid }) => !ids.has(id) && !descendantsOf(pid, processes).some((one) => pids.has(one)));
}

/**
 * Ends those of the shims which the containerd that now runs does not know: it was killed while it started them, and nobody would ever end them. Its
 * `stateDir` is the one of its configuration. It never rejects: where containerd does not say clearly what it knows, all of them stay.
 */
export async function endUnknownShims(shims: readonly Shim[], socket: string, stateDir: string): Promise<void> {
  if (shims.length === 0) return;
  const connection = new RuntimeConnection(`unix://${socket}`);
  try {
    const ids = new Set([...shims.map(({ id }) => id), ...(await readdir(bundlesOf(stateDir)).catch(() => []))]);
    const tasks = (await Promise.all([...ids].map((id) => knownTask(connection, id)))).filter((task) => task !== undefined);
    const unknown = unknownShims(shims, tasks, await parents());
    await Promise.all(unknown.map((shim) => endShim(shim, stateDir)));
  } catch {
    // A shim too many is less bad than a pod that is ended although it is known.
  } finally {
    connection.close();
  }
}

async function knownTask(connection: RuntimeConnection, id: string): Promise<KnownTask | undefined> {
  const endMs = performance.now() + knownWithinMs;
  for (;;) {
    try {
      const headers = { 'containerd-namespace': namespace };
      const { process } = await connection.call('Get', { container_id: id }, knownWithinMs, undefined, headers);
      return { id, pid: process?.pid ?? 0 };
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code === 'NotFound') return undefined;
      // It listens a moment before it answers.
      if (error.code !== 'Unavailable' || performance.now() > endMs) throw error;
      await sleep(lookAgainMs);
    }
  }
}

async function parents(): Promise<readonly ProcessParent[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const parent = /\) \S (\d+)/.exec(stat.slice(stat.lastIndexOf(')')))?.[1];
      return parent === undefined ? [] : [{ pid: Number(pid), parent: Number(parent) }];
    }),
  );
  return found.flat();
}

/** Ends a shim with what runs in it, and takes away what it leaves: mounts, bundles, cgroups, its socket. What is not there is no error. */
export async function endShim({ pid, id }: Pick<Shim, 'pid' | 'id'>, stateDir: string): Promise<void> {
  const sockets = await socketsOf(pid);
  const cgroups = new Set<string>();
  for (let waitedMs = 0; waitedMs < endWithinMs; waitedMs += lookAgainMs) {
    // What loses its parent becomes the shim's own, so that goes last.
    const within = descendantsOf(pid, await parents()).filter(isAlive);
    if (within.length === 0) break;
    for (const one of within) for (const cgroup of containerCgroups(one)) cgroups.add(cgroup);
    for (const one of within) signal(one, 'SIGKILL');
    await sleep(lookAgainMs);
  }
  await endProcess(pid, endWithinMs);
  const ids = [...new Set([id, ...[...cgroups].map((path) => basename(path))])].filter((one) => containerId.test(one));
  const bundles = ids.map((one) => `${bundlesOf(stateDir)}/${one}`);
  const mounts = mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), bundles);
  for (const mount of mounts) await run('umount', ['--lazy', mount]).catch(() => {});
  const gone = [...bundles, ...ids.map((one) => `${ociStates}/${one}`), ...sockets];
  await Promise.all([
    ...gone.map((path) => rm(path, { recursive: true, force: true })),
    ...[...cgroups].map((path) => rmdir(path).catch(() => {})),
  ]);
}

/** The directories of a process's cgroups, where these are a container's own. */
function containerCgroups(pid: number): readonly string[] {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    // It has ended meanwhile.
  }
  return text.split('\n').flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return containerId.test(basename(path)) ? [`/sys/fs/cgroup/${controllers.replace(/^name=/, '')}${path}`] : [];
  });
}

/** Where a shim listens. */
async function socketsOf(pid: number): Promise<readonly string[]> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const text = await readFile(`/proc/${pid}/net/unix`, 'utf8').catch(() => '');
  const paths = text.split('\n').flatMap((line) => {
    const [, , , , , , inode = '', path = ''] = line.trim().split(/\s+/);
    return inodes.has(inode) && path.startsWith(shimSockets) ? [path] : [];
  });
  return [...new Set(paths)];
}
