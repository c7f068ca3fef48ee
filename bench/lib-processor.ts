// Owns counting the processor time of a containerd with its shims, and of pods' containers, through cgroups: a busy machine makes things later, but not dearer. Version 1 only.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

const root = '/sys/fs/cgroup/cpuacct';

/** Whether it can be counted here. */
export const countsProcessor = existsSync(`${root}/cpuacct.usage`);

/** Milliseconds that a cgroup has had with all below it; 0 where it is not there. */
export function cgroupMs(path: string): number {
  const file = `${root}${path}/cpuacct.usage`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) / 1e6 : 0;
}

/** What a process and all that it starts from now on use, but for what moves to cgroups of its own. */
export interface ProcessAccount extends Disposable {
  usedMs(): number;
}

/** Opens it. Disposing is for when all of them have ended. */
export function processAccount(name: string, pid: number): ProcessAccount {
  const path = `/peapod-bench-${process.pid}-${name}`;
  if (countsProcessor) {
    mkdirSync(`${root}${path}`, { recursive: true });
    writeFileSync(`${root}${path}/cgroup.procs`, String(pid));
  }
  return {
    usedMs: () => cgroupMs(path),
    [Symbol.dispose]() {
      if (existsSync(`${root}${path}`)) rmdirSync(`${root}${path}`);
    },
  };
}
