// Owns stopping and removing what may be ending by itself at that very moment: what is gone is done with, and what is under way is waited for.
import type { Clock } from '../../base/clock.ts';
import { RuntimeError } from '../runtime.ts';

const tries = 20;
/** Of containerd: a process that ended while its shim was asked; a removal that somebody else has begun. */
const passing = ['ttrpc: closed', 'already in removing state'];
/** Mostly containerd knows within some ten milliseconds; the pauses double from here. */
const soonestMs = 5;
const longestMs = 100;

/**
 * Calls `work` until the thing is stopped or removed. NotFound is as good. While a container's process ends, containerd may still call its shim, which hangs
 * up ("ttrpc: closed"); a moment later containerd has seen the end and the same call succeeds. Rejects with the last RuntimeError after twenty tries.
 */
export async function stopped(clock: Pick<Clock, 'sleep'>, work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      if (error.code === 'NotFound') return;
      if (attempt >= tries || !passing.some((text) => error.message.includes(text))) throw error;
      await clock.sleep(Math.min(longestMs, soonestMs * 2 ** (attempt - 1)));
    }
  }
}
