// Owns knowing whether a data directory has a running Peapod, and which: a file with pid and start time, checked against /proc.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JoinFacts } from './join/join-facts.ts';

/** What a running Peapod says of itself. `startTicks` tells its pid from a later process with the same number. */
export interface Running {
  readonly pid: number;
  readonly startTicks: string;
  readonly url: string;
  readonly nodes: readonly string[];
  readonly runtime: string;
  readonly ready: boolean;
  /** What machines that join must know; absent where no cluster is made here. */
  readonly join?: JoinFacts;
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

/** Another process has the directory. */
export class InUseError extends Error {
  override readonly name = 'InUseError';
  constructor(path: string, { pid, url }: Running) {
    super(
      `a cluster runs on ${dirname(path)} already (pid ${pid}, ${url || 'still starting'}). Use it, stop it with ./peapod down, or choose another --data-dir.`,
    );
  }
}

/**
 * Takes the directory for this process and says so. Returns how to change what is said, and how to take it back. Throws InUseError where a living
 * process has it, also when both start at the same moment.
 */
export function announce(
  path: string,
  about: Omit<Running, 'pid' | 'startTicks'>,
): { update(about: Partial<Running>): void; withdraw(): void } {
  let running: Running = { pid: process.pid, startTicks: startTicksOf(process.pid) ?? 'unknown', ...about };
  const fresh = `${path}.${process.pid}`;
  const write = (): void => writeFileSync(fresh, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  mkdirSync(dirname(path), { recursive: true });
  write();
  try {
    claim(path, fresh);
  } finally {
    rmSync(fresh, { force: true });
  }
  return {
    update(more) {
      running = { ...running, ...more };
      write();
      // Readers see the old text or the new one, never half of it.
      renameSync(fresh, path);
    },
    withdraw: () => rmSync(path, { force: true }),
  };
}

/** Puts `fresh` at `path` if nobody living is there. A link fails where a file is, so of two only one succeeds. */
function claim(path: string, fresh: string): void {
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      return linkSync(fresh, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readRunning(path);
    if (holder !== undefined) throw new InUseError(path, holder);
    // Left by a process that is gone. Somebody else may have taken its place between the look and the move: then it is put back.
    const stale = `${fresh}.stale`;
    try {
      renameSync(path, stale);
      if (readRunning(stale) !== undefined) linkSync(stale, path);
    } catch (error) {
      if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    } finally {
      rmSync(stale, { force: true });
    }
  }
  throw new Error(`${path} changes too fast to be taken`);
}
