// Owns counting what a cluster has on the machine: mounts, cgroups, addresses, processes, open files. Equal before and after means that nothing leaked.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNames } from '../../src/cluster/identity.ts';
import { containerdPid } from '../../src/cluster/real-runtime.ts';

/** How many there are of each. Files of Peapod's own process come and go by a few: see `grown`. */
export interface Leftovers {
  readonly mounts: number;
  readonly cgroups: number;
  readonly addresses: number;
  readonly shims: number;
  readonly containerdFiles: number;
  readonly peapodFiles: number;
}

const list = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
const text = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Cgroups of these pods, in every hierarchy and class. */
function cgroupsOf(uids: ReadonlySet<string>): number {
  const roots = ['/sys/fs/cgroup', ...list('/sys/fs/cgroup').map((name) => `/sys/fs/cgroup/${name}`)];
  const parents = roots.flatMap((root) => ['', '/burstable', '/besteffort'].map((below) => `${root}/kubepods${below}`));
  return parents.flatMap((parent) => list(parent).filter((name) => uids.has(name.replace(/^pod/, '')))).length;
}

/** Counts. `uids`: of all pods that the cluster ever had. */
export function leftovers(dataDir: string, peapodPid: number, uids: ReadonlySet<string>): Leftovers {
  const { stateDir } = machineNames(dataDir);
  const containerd = containerdPid(dataDir) ?? 0;
  const addresses = join(dataDir, 'runtime/cni/addresses');
  const commands = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => text(`/proc/${pid}/cmdline`));
  return {
    mounts: text(`/proc/${containerd}/mountinfo`)
      .split('\n')
      .filter((line) => line.includes(dataDir) || line.includes(stateDir)).length,
    cgroups: cgroupsOf(uids),
    addresses: list(addresses).flatMap((network) => list(join(addresses, network)).filter((name) => /^[\d.]+$/.test(name))).length,
    shims: commands.filter((command) => command.includes('containerd-shim') && command.includes(stateDir)).length,
    containerdFiles: list(`/proc/${containerd}/fd`).length,
    peapodFiles: list(`/proc/${peapodPid}/fd`).length,
  };
}

/** Connections that are kept open for a while, and what a server opens as it warms up. */
const slack = { containerdFiles: 12, peapodFiles: 12 } as const;

/** What there is more of than before, after a while; empty where nothing leaked. */
export async function grown(before: Leftovers, count: () => Leftovers, withinMs = 20_000): Promise<Partial<Leftovers>> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const now = count();
    const more = (Object.keys(before) as (keyof Leftovers)[]).filter(
      (name) => now[name] > before[name] + ((slack as Partial<Leftovers>)[name] ?? 0),
    );
    if (more.length === 0) return {};
    if (performance.now() > endMs) return Object.fromEntries(more.map((name) => [name, now[name] - before[name]]));
    await sleep(200);
  }
}
