// Owns that a pod's work cannot starve others: actions that lead back to themselves are slowed down, and stopping waits for none of them.
import type { Clock } from '../../base/clock.ts';

const withinMs = 1000;
const most = 20;

/** Counts how often each action is begun. Bound: one entry a key of the pod's actions, dropped when it was quiet for a while. */
export class Laps {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #begun = new Map<string, { readonly sinceMs: number; readonly laps: number }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Notes that an action begins; true where it has begun more than twenty times within a second. */
  tooMany(key: string): boolean {
    const nowMs = this.#clock.now();
    for (const [other, { sinceMs }] of this.#begun) if (nowMs - sinceMs >= withinMs) this.#begun.delete(other);
    const before = this.#begun.get(key);
    const laps = (before?.laps ?? 0) + 1;
    this.#begun.set(key, { sinceMs: before?.sinceMs ?? nowMs, laps });
    return laps > most;
  }
}

/** What is to be given up with a signal: one listener a signal, for listeners cost more than most of what they would cut short. */
const waiting = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();

function givenUpWith(signal: AbortSignal): Set<(reason: unknown) => void> {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const all = new Set<(reason: unknown) => void>();
  waiting.set(signal, all);
  const giveUpAll = (): void => {
    for (const giveUp of [...all]) giveUp(signal.reason);
  };
  signal.addEventListener('abort', giveUpAll, { once: true });
  return all;
}

/** Stops waiting when the kubelet stops: what the runtime was asked for (stopping a container takes its grace) goes on without it. */
export async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return work;
  const all = givenUpWith(signal);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  all.add(reject);
  work.then(resolve, reject);
  try {
    await promise;
  } finally {
    all.delete(reject);
  }
}
