// Owns reading the kernel's own log for what it says of processes that it killed. Where it may not be read, nobody is told.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OomKill, oomKillsIn } from '../kubelet/last-words/last-words.ts';

const path = '/dev/kmsg';
const recordBytes = 8192;
/** The kernel writes its report after the event that made us look. */
const looksMs = [0, 20, 100, 300];
const remembered = 1000;

/** Reports by container id. `close` lets go of the log. */
export function kernelLog(): { readonly oomKill: (containerId: string) => Promise<OomKill | undefined>; close(): void } {
  const kills = new Map<string, OomKill>();
  let descriptor: number | undefined;
  let tail = '';
  const read = (): void => {
    descriptor ??= openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const record = Buffer.alloc(recordBytes);
    for (;;) {
      try {
        const length = readSync(descriptor, record);
        tail += record.subarray(0, length).toString('utf8');
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        // EPIPE: records were overwritten before they were read; the next read goes on behind the gap.
        if (code === 'EPIPE') continue;
        break;
      }
    }
    for (const [id, kill] of oomKillsIn(tail)) kills.set(id, kill);
    for (const oldest of kills.keys()) {
      if (kills.size <= remembered) break;
      kills.delete(oldest);
    }
    // A report has two lines: the first may have come without the second.
    tail = tail.split('\n').slice(-50).join('\n');
  };
  return {
    async oomKill(containerId) {
      for (const delayMs of looksMs) {
        if (delayMs > 0) await sleep(delayMs);
        read();
        const kill = kills.get(containerId);
        if (kill !== undefined) return kill;
      }
      return undefined;
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}
