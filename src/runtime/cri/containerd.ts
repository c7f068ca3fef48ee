// Owns the life of a containerd of Peapod's own: its files, starting it detached, finding it again, stopping it and what it left behind.
import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  type ContainerdConfig,
  cniConflist,
  containerdConfig,
  type OciRuntime,
  type PodNetwork,
  type RegistryMirror,
  registryHosts,
} from './containerd-config.ts';
import { mountsBelow } from './mounts-below.ts';
import { pauseImageArchive, pauseImageName } from './pause-image.ts';
import { endProcess, isAlive } from './processes.ts';
import { endShim, endUnknownShims, shimsLeftBehind } from './shims.ts';

const run = promisify(execFile);

/** What a containerd of one node is made of. */
export interface ContainerdOptions {
  /** Below it: root (images, snapshots), config.toml, certs.d, cni, containerd.log, containerd.pid. */
  readonly dataDir: string;
  /** Sockets and running state: better on a memory filesystem, and short (a socket's path has at most 107 bytes). */
  readonly stateDir: string;
  readonly network: PodNetwork;
  readonly mirrors: readonly RegistryMirror[];
  readonly ociRuntime?: OciRuntime;
  readonly streamAddress?: string;
  /** A program and its arguments that start containerd elsewhere, as nsenter does, becoming it. */
  readonly enter?: readonly [string, readonly string[]];
}

/** A containerd that runs. It outlives this process. */
export interface RunningContainerd {
  readonly pid: number;
  /** For `criRuntime`. */
  readonly endpoint: string;
  /** True where it had been running before. */
  readonly adopted: boolean;
}

const startWithinMs = 15_000;
const stopWithinMs = 10_000;

/** Full path of a program on PATH or in the system's directories; undefined where it is missing. */
export function findProgram(name: string): string | undefined {
  const directories = [
    ...(process.env['PATH'] ?? '').split(':'),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
    '/sbin',
    '/bin',
  ];
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => `${directory}/${name}`)
    .find((path) => existsSync(path));
}

/** The directory that holds the CNI plugins `bridge` and `host-local`; undefined where they are missing. */
export function findCniPlugins(): string | undefined {
  const directories = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'];
  return directories.find((directory) => existsSync(`${directory}/bridge`) && existsSync(`${directory}/host-local`));
}

/** Where a containerd's files are. */
export function containerdPaths({ dataDir, stateDir }: Pick<ContainerdOptions, 'dataDir' | 'stateDir'>) {
  return {
    config: `${dataDir}/config.toml`,
    root: `${dataDir}/root`,
    state: `${stateDir}/state`,
    socket: `${stateDir}/containerd.sock`,
    pid: `${dataDir}/containerd.pid`,
    log: `${dataDir}/containerd.log`,
    certs: `${dataDir}/certs.d`,
    cniConf: `${dataDir}/cni/net.d`,
  } as const;
}

/** The process id of the containerd that runs for this data directory; undefined where none does. */
export function runningContainerd(options: Pick<ContainerdOptions, 'dataDir' | 'stateDir'>): number | undefined {
  const paths = containerdPaths(options);
  try {
    const pid = Number(readFileSync(paths.pid, 'utf8').trim());
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return command.includes(paths.config) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this process may lower oom_score_adj; without the right containerd must be told not to try. */
function mayLowerOomScore(): boolean {
  const bits = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const sysResource = 24n;
  return ((BigInt(`0x${bits}`) >> sysResource) & 1n) === 1n;
}

/**
 * Starts containerd detached (or finds the one that runs), in the mount namespace of this process, and resolves when its socket answers, the
 * sandbox image is there, and shims have ended that an earlier one left and this one does not know. Rejects with an Error that says what is missing or
 * quotes the end of its log.
 */
export async function startContainerd(options: ContainerdOptions): Promise<RunningContainerd> {
  const paths = containerdPaths(options);
  const endpoint = `unix://${paths.socket}`;
  const running = runningContainerd(options);
  if (running !== undefined) {
    await writeRegistries(options);
    await untilItListens(options, running);
    return { pid: running, endpoint, adopted: true };
  }
  const program = findProgram('containerd');
  if (program === undefined) throw new Error('containerd is not installed');
  const [left] = await Promise.all([shimsLeftBehind(paths.socket), writeFiles(options), rm(paths.socket, { force: true })]);
  const log = openSync(paths.log, 'a', 0o640);
  const command = [program, '--config', paths.config, '--log-level', 'warn'];
  const [starter = program, ...args] =
    options.enter === undefined ? command : [findProgram(options.enter[0]) ?? options.enter[0], ...options.enter[1], ...command];
  const child = spawn(starter, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
  });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => child.once('error', (error) => reject(new Error(`containerd: ${error.message}`))));
  failed.catch(() => {});
  child.unref();
  const { pid } = child;
  if (pid === undefined) return failed;
  await writeFile(paths.pid, `${pid}\n`);
  await Promise.race([failed, untilItListens(options, pid)]);
  await Promise.all([importPauseImage(options), endUnknownShims(left, paths.socket, paths.state)]);
  return { pid, endpoint, adopted: false };
}

async function writeFiles(options: ContainerdOptions): Promise<void> {
  const paths = containerdPaths(options);
  const cniBinDir = findCniPlugins();
  if (cniBinDir === undefined) throw new Error('the CNI plugins bridge and host-local are not installed');
  const found: Partial<Record<OciRuntime, string>> = {};
  for (const name of ['runc', 'crun'] as const) {
    const path = findProgram(name);
    if (path !== undefined) found[name] = path;
  }
  const wanted = options.ociRuntime ?? (found.runc !== undefined ? 'runc' : 'crun');
  if (found[wanted] === undefined) throw new Error(`${wanted} is not installed`);
  if (wanted === 'crun') await hideUnifiedHierarchy();
  const config: ContainerdConfig = {
    rootDir: paths.root,
    stateDir: paths.state,
    socket: paths.socket,
    cniConfDir: paths.cniConf,
    cniBinDir,
    certsDir: paths.certs,
    sandboxImage: pauseImageName,
    runtimes: found,
    defaultRuntime: wanted,
    restrictOomScoreAdj: !mayLowerOomScore(),
    ...(options.streamAddress !== undefined && { streamAddress: options.streamAddress }),
  };
  await Promise.all([paths.root, paths.cniConf, options.stateDir].map((directory) => mkdir(directory, { recursive: true, mode: 0o711 })));
  await writeFile(paths.config, containerdConfig(config));
  await writeFile(`${paths.cniConf}/10-peapod.conflist`, cniConflist(options.network));
  await writeRegistries(options);
}

/** Which registries are asked instead of others. containerd reads this at each pull. */
async function writeRegistries(options: ContainerdOptions): Promise<void> {
  const { certs } = containerdPaths(options);
  await rm(certs, { recursive: true, force: true });
  await mkdir(certs, { recursive: true, mode: 0o711 });
  for (const [file, content] of registryHosts(options.mirrors)) {
    await mkdir(dirname(`${certs}/${file}`), { recursive: true });
    await writeFile(`${certs}/${file}`, content);
  }
}

/** crun refuses to work where cgroup v2 is mounted beside v1. It is hidden in a mount namespace of our own, and never taken from the machine's. */
async function hideUnifiedHierarchy(): Promise<void> {
  const unified = '/sys/fs/cgroup/unified';
  if (!mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), ['/sys/fs/cgroup']).includes(unified)) return;
  if (readlinkSync('/proc/self/ns/mnt') === readlinkSync('/proc/1/ns/mnt')) throw new Error(`crun cannot be used next to ${unified}`);
  await run('umount', [unified]);
}

async function untilItListens(options: ContainerdOptions, pid: number): Promise<void> {
  const paths = containerdPaths(options);
  const startMs = performance.now();
  while (!(await answers(paths.socket))) {
    const tail = (): string => lastLines(paths.log);
    if (!isAlive(pid)) throw new Error(`containerd ended right after its start:\n${tail()}`);
    if (performance.now() - startMs > startWithinMs)
      throw new Error(`containerd's socket did not answer within ${startWithinMs / 1000} s:\n${tail()}`);
    await sleep(10);
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
}

/** A file that is there once the sandbox image has been imported. */
const pauseMarker = ({ dataDir }: Pick<ContainerdOptions, 'dataDir'>): string => `${dataDir}/pause-image`;

/** Puts the sandbox image where containerd's CRI finds it; nothing is pulled. */
async function importPauseImage(options: ContainerdOptions): Promise<void> {
  const paths = containerdPaths(options);
  const marker = pauseMarker(options);
  if (existsSync(marker)) return;
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`there is no sandbox image for ${arch}`);
  const ctr = findProgram('ctr');
  if (ctr === undefined) throw new Error('ctr, which comes with containerd, is not installed');
  const archive = `${options.dataDir}/pause.tar`;
  await writeFile(archive, pauseImageArchive(arch));
  await run(ctr, ['--address', paths.socket, '--namespace', 'k8s.io', 'images', 'import', archive], { timeout: startWithinMs });
  await rm(archive);
  await writeFile(marker, `${pauseImageName}\n`);
}

/**
 * Ends containerd. Containers must have been stopped and removed through the runtime before: a containerd that ends leaves them running. What is left
 * of shims and mounts of its state directory is removed. Nothing running is no error.
 */
export async function stopContainerd(options: Pick<ContainerdOptions, 'dataDir' | 'stateDir'>): Promise<void> {
  const paths = containerdPaths(options);
  const pid = runningContainerd(options);
  if (pid !== undefined) await endProcess(pid, stopWithinMs);
  await Promise.all((await shimsLeftBehind(paths.socket)).map((shim) => endShim(shim, paths.state)));
  for (const mount of mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), [options.stateDir, options.dataDir])) {
    await run('umount', ['--lazy', mount]).catch(() => {});
  }
  await rm(paths.pid, { force: true });
  // The next one looks anew whether it has the sandbox image: somebody may have removed it.
  await rm(pauseMarker(options), { force: true });
  await rm(options.stateDir, { recursive: true, force: true });
}
