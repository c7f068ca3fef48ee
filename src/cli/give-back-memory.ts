// Owns giving back the memory that a start needed and idleness does not: once, shortly after the start.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then the first nodes' pods and the controllers' first rounds are over. */
const afterMs = 1000;

/**
 * Collects once. V8 gives memory back some seconds after a major collection that little follows, the nursery of a start foremost (25 MB); an idle
 * process would not have one for hours. Some 10 ms.
 */
export function giveBackMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('typeof gc === "function" ? gc : undefined');
    setFlagsFromString('--no-expose-gc');
    if (typeof collect === 'function') collect();
  }, afterMs).unref();
}
