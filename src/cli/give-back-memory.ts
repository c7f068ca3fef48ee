// Owns giving back the memory that a start or a burst of work needed and idleness does not: a collection once it is quiet.
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then the first nodes' pods and the controllers' first rounds are over. */
const afterMs = 1000;
const lookEveryMs = 2000;
const mebibyte = 1024 * 1024;
/** So much more than after the last collection is worth one, and so much of what there was then. */
const [worthBytes, worthShare] = [32 * mebibyte, 0.25];
/** A process that was on the processor for less of the time than this is quiet. */
const quietShare = 0.1;

/** What a look finds: bytes of the heap in use, those that were left by the last collection, and the share of time since the last look that was busy. */
export interface HeapLook {
  readonly usedBytes: number;
  readonly leftBytes: number;
  readonly busyShare: number;
}

/** Whether to collect now: it is quiet, and much has come since the last time. Pure. */
export function worthCollecting({ usedBytes, leftBytes, busyShare }: HeapLook): boolean {
  return busyShare < quietShare && usedBytes - leftBytes > Math.max(worthBytes, leftBytes * worthShare);
}

/**
 * Collects once after a start, and again whenever work has left much behind and it is quiet: an idle process would not have a collection for hours.
 * An ordinary one: the last resort gives back a few pages more, but what comes next pays for it (watches a third later, each with twice the memory).
 */
export function giveBackMemory(): Disposable {
  const collect = collector();
  const used = (): number => getHeapStatistics().used_heap_size;
  let leftBytes = 0;
  let since = performance.eventLoopUtilization();
  let timer = setTimeout(function look() {
    const now = performance.eventLoopUtilization();
    const { utilization: busyShare } = performance.eventLoopUtilization(now, since);
    since = now;
    if (leftBytes === 0 || worthCollecting({ usedBytes: used(), leftBytes, busyShare })) {
      collect();
      leftBytes = used();
    }
    timer = setTimeout(look, lookEveryMs).unref();
  }, afterMs).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('typeof gc === "function" ? gc : undefined');
  setFlagsFromString('--no-expose-gc');
  return () => {
    if (typeof found === 'function') found({ type: 'major', execution: 'sync' });
  };
}
