// Owns what a node as a whole uses now, read from the kernel's files: memory, processor time, processes, filesystems. It judges nothing.
import type { NodeFiles } from '../../runtime/files.ts';

/** Bytes; `workingSet` is what cannot be given back at once. */
export interface MemoryUsage {
  readonly capacityBytes: number;
  readonly usageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

/** A filesystem's room. */
export interface FilesystemRoom {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** What could be read; undefined where the node does not tell (simulated ones). */
export interface NodeUsage {
  readonly memory: MemoryUsage | undefined;
  /** Processor time of all since boot. */
  readonly cpuNanoseconds: number | undefined;
  readonly processes: { readonly most: number; readonly now: number } | undefined;
  readonly nodeFilesystem: FilesystemRoom | undefined;
  readonly imageFilesystem: FilesystemRoom | undefined;
}

const nanosecondsPerTick = 10_000_000;
const cgroups = '/sys/fs/cgroup';

/** `name value` lines as a map. Pure. */
export function fieldsOf(text: string): ReadonlyMap<string, number> {
  return new Map(text.split('\n').flatMap((line) => (/^\S+:?\s+\d+/.test(line) ? [entryOf(line)] : [])));
}

function entryOf(line: string): readonly [string, number] {
  const [name = '', amount = '0'] = line.split(/\s+/);
  return [name.replace(/:$/, ''), Number(amount)];
}

/** Memory from /proc/meminfo and the root cgroup: in version 1 it tells its own use, in version 2 what the machine does not have free. Pure. */
export function memoryOf(meminfo: string, cgroupUsage: string, cgroupStat: string): MemoryUsage | undefined {
  const info = fieldsOf(meminfo);
  const capacityBytes = (info.get('MemTotal') ?? 0) * 1024;
  if (capacityBytes === 0) return undefined;
  const stat = fieldsOf(cgroupStat);
  const total = (name: string): number => stat.get(`total_${name}`) ?? stat.get(name) ?? 0;
  const usageBytes = cgroupUsage.trim() === '' ? capacityBytes - (info.get('MemFree') ?? 0) * 1024 : Number(cgroupUsage);
  return {
    capacityBytes,
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - total('inactive_file')),
    rssBytes: stat.get('total_rss') ?? stat.get('anon') ?? 0,
    pageFaults: total('pgfault'),
    majorPageFaults: total('pgmajfault'),
  };
}

/** Processor time of all from /proc/stat, without what was idle or waiting. Pure. */
export function cpuOf(stat: string): number | undefined {
  const line = /^cpu\s+(.*)$/m.exec(stat)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).map(Number);
  return (user + nice + system + irq + softirq + steal) * nanosecondsPerTick;
}

/** Reads everything at once. What cannot be read is undefined. */
export async function readNodeUsage(files: NodeFiles, rootDir: string, imageDir: string | undefined): Promise<NodeUsage> {
  const text = async (...paths: readonly string[]): Promise<string> => {
    for (const path of paths) {
      const bytes = await files.readFile(path).catch(() => undefined);
      if (bytes !== undefined) return Buffer.from(bytes).toString('utf8');
    }
    return '';
  };
  const room = async (path: string | undefined): Promise<FilesystemRoom | undefined> => {
    const found = path === undefined ? undefined : await files.capacity(path).catch(() => undefined);
    if (found === undefined || found.sizeBytes === 0) return undefined;
    return {
      capacityBytes: found.sizeBytes,
      availableBytes: found.availableBytes,
      inodes: found.inodes,
      inodesFree: found.inodesFree,
    };
  };
  const [meminfo, used, memoryStat, stat, loadavg, most, nodeFilesystem, imageFilesystem] = await Promise.all([
    text('/proc/meminfo'),
    text(`${cgroups}/memory/memory.usage_in_bytes`),
    text(`${cgroups}/memory/memory.stat`, `${cgroups}/memory.stat`),
    text('/proc/stat'),
    text('/proc/loadavg'),
    text('/proc/sys/kernel/pid_max'),
    room(rootDir),
    room(imageDir),
  ]);
  const threads = /^\S+ \S+ \S+ \d+\/(\d+)/.exec(loadavg)?.[1];
  return {
    memory: memoryOf(meminfo, used, memoryStat),
    cpuNanoseconds: cpuOf(stat),
    processes: threads === undefined || most === '' ? undefined : { most: Number(most), now: Number(threads) },
    nodeFilesystem,
    imageFilesystem: imageFilesystem ?? nodeFilesystem,
  };
}
