// Owns knowing whether a data directory has a running Peapod, and which: a file with pid and start time, checked against /proc.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a running Peapod says of itself. `startTicks` tells its pid from a later process with the same number. */
export interface Running {
  readonly pid: number;
  readonly startTicks: string;
  readonly url: string;
  readonly nodes: readonly string[];
  readonly runtime: string;
  readonly ready: boolean;
}

/** The kernel's start time of a process, in ticks since boot; undefined where there is none, or only a zombie (or no /proc: then the pid alone must do). */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended: only its parent has not looked yet.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    try {
      process.kill(pid, 0);
      return 'unknown';
    } catch {
      return undefined;
    }
  }
}

/** The Peapod that runs on this directory now; undefined where none does, also after a crash. */
export function readRunning(path: string): Running | undefined {
  let found: Running;
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Running;
  } catch {
    return undefined;
  }
  return typeof found.pid === 'number' && startTicksOf(found.pid) === found.startTicks ? found : undefined;
}

/** Says that this process runs on the directory. Returns how to change what it says, and how to take it back. */
export function announce(
  path: string,
  about: Omit<Running, 'pid' | 'startTicks'>,
): { update(about: Partial<Running>): void; withdraw(): void } {
  let running: Running = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? 'unknown', ...about };
  const write = (): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  };
  write();
  return {
    update(more) {
      running = { ...running, ...more };
      write();
    },
    withdraw: () => rmSync(path, { force: true }),
  };
}
