// Owns processes that are not this one's children: whether they run, signals to them, and their end.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lookAgainMs = 10;

/** Whether a process runs (one that has ended and waits to be collected does not). */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Sends a signal; to one that has ended meanwhile is no error. */
export function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Ends a process: SIGTERM, and SIGKILL after `graceMs`. Resolves when it has ended. */
export async function endProcess(pid: number, graceMs: number): Promise<void> {
  const startMs = performance.now();
  signal(pid, 'SIGTERM');
  while (isAlive(pid)) {
    if (performance.now() - startMs > graceMs) signal(pid, 'SIGKILL');
    await sleep(lookAgainMs);
  }
}
