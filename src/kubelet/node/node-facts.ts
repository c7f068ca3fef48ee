// Owns what a node is: size, kernel, names. Read from the machine's files once at start; simulated nodes bring their own.
import type { NodeFiles } from '../../runtime/files.ts';

/** What does not change while the kubelet runs. */
export interface MachineFacts {
  /** Whole processors. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** The filesystem with pods' directories. */
  readonly storageBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly osImage: string;
  /** As Go names them: `amd64`, `arm64`. */
  readonly architecture: string;
}

async function read(files: NodeFiles, ...paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const text = await files.readFile(path).catch(() => new Uint8Array());
    if (text.length > 0) return Buffer.from(text).toString('utf8').trim();
  }
  return '';
}

/** `0-3,8` means 5. Pure. */
export function countCpus(list: string): number {
  return list.split(',').reduce((sum, range) => {
    const [first = '', last = first] = range.split('-');
    return first.trim() === '' ? sum : sum + Number(last) - Number(first) + 1;
  }, 0);
}

/** The name that /etc/os-release gives to people. Pure. */
export function osImageOf(osRelease: string): string {
  return /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(osRelease)?.[2] ?? 'Linux';
}

/**
 * Looks at the machine behind `files`. `architecture` is Node's `process.arch` (x64, arm64). What cannot be read is the empty string; a machine
 * without memory or processors to be seen is an Error.
 */
export async function machineFacts(files: NodeFiles, rootDir: string, architecture: string): Promise<MachineFacts> {
  const [meminfo, online, machineId, systemUuid, bootId, kernelVersion, osRelease, storage] = await Promise.all([
    read(files, '/proc/meminfo'),
    read(files, '/sys/devices/system/cpu/online'),
    read(files, '/etc/machine-id', '/var/lib/dbus/machine-id'),
    read(files, '/sys/class/dmi/id/product_uuid'),
    read(files, '/proc/sys/kernel/random/boot_id'),
    read(files, '/proc/sys/kernel/osrelease'),
    read(files, '/etc/os-release', '/usr/lib/os-release'),
    files.capacity(rootDir),
  ]);
  const memoryBytes = Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024;
  const cpus = countCpus(online);
  if (memoryBytes === 0 || cpus === 0) throw new Error('the machine does not say how much memory and how many processors it has');
  return {
    cpus,
    memoryBytes,
    storageBytes: storage.sizeBytes,
    machineId,
    systemUuid: systemUuid === '' ? machineId : systemUuid,
    bootId,
    kernelVersion,
    osImage: osImageOf(osRelease),
    architecture: architecture === 'x64' ? 'amd64' : architecture,
  };
}
