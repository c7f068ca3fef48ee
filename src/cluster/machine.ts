// Owns looking at the machine: which rights, programs and kernel features there are. It only looks; machine-verdict.ts judges.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../runtime/cri/containerd.ts';

/** What was seen. Paths are where a program was found; undefined where it is missing. */
export interface MachineFacts {
  readonly platform: string;
  readonly arch: string;
  readonly root: boolean;
  /** Debian's or Ubuntu's package manager is there. */
  readonly apt: boolean;
  readonly containerd: string | undefined;
  readonly runc: string | undefined;
  readonly crun: string | undefined;
  /** The folder with the CNI plugins bridge, host-local and loopback. */
  readonly cniDir: string | undefined;
  readonly nft: string | undefined;
  readonly ip: string | undefined;
  readonly conntrack: string | undefined;
  readonly mount: string | undefined;
  readonly cgroups: 'v1' | 'v2' | 'hybrid' | 'none';
  /** Whether mounts made in `/` are seen in namespaces below. */
  readonly rootShared: boolean;
  /** May lower oom_score_adj and raise limits. */
  readonly sysResource: boolean;
  /** May make namespaces and mounts. */
  readonly sysAdmin: boolean;
  readonly memoryBytes: number;
}

const capSysAdmin = 21;
const capSysResource = 24;

/** Looks at the machine. Takes a few milliseconds and starts nothing. */
export function observeMachine(): MachineFacts {
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readText('/proc/self/status'))?.[1] ?? '0'}`);
  const has = (bit: number): boolean => ((capabilities >> BigInt(bit)) & 1n) === 1n;
  return {
    platform: platform(),
    arch: arch(),
    root: process.getuid?.() === 0,
    apt: findProgram('apt-get') !== undefined,
    containerd: findProgram('containerd'),
    runc: findProgram('runc'),
    crun: findProgram('crun'),
    cniDir: ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni'].find((dir) =>
      ['bridge', 'host-local', 'loopback'].every((name) => isExecutable(join(dir, name))),
    ),
    nft: findProgram('nft'),
    ip: findProgram('ip'),
    conntrack: findProgram('conntrack'),
    mount: findProgram('mount'),
    cgroups: cgroupsOf(),
    rootShared: / \/ \/ .* shared:\d+/.test(readText('/proc/self/mountinfo')),
    sysResource: has(capSysResource),
    sysAdmin: has(capSysAdmin),
    memoryBytes: Number(/^MemTotal:\s+(\d+) kB/m.exec(readText('/proc/meminfo'))?.[1] ?? 0) * 1024,
  };
}

function cgroupsOf(): MachineFacts['cgroups'] {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2';
  if (!existsSync('/sys/fs/cgroup/memory')) return 'none';
  return existsSync('/sys/fs/cgroup/unified') ? 'hybrid' : 'v1';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
