// Owns forgetting the store's past: how much of it clients may go back to. It refuses to decide on anything but revisions and time.
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/store.ts';

/** Every revision of the last five minutes can be gone back to, as with upstream's default interval. */
const keptMs = 300_000;
const lookEveryMs = 10_000;
/** However many writes five minutes hold, no more revisions than these are kept. */
const keptRevisions = 50_000;

/** The store's revision at some instant. */
export interface RevisionSample {
  readonly atMs: number;
  readonly revision: number;
}

/** The revision to compact to now; undefined where nothing is to be forgotten. `samples` are in order of time. Pure. */
export function compactTo(samples: readonly RevisionSample[], nowMs: number, revision: number, compacted: number): number | undefined {
  const old = samples.findLast(({ atMs }) => nowMs - atMs >= keptMs)?.revision ?? 0;
  const target = Math.max(old, revision - keptRevisions);
  return target > compacted ? target : undefined;
}

/** Compacts from time to time until disposed. What goes wrong is logged and tried again. */
export function keepCompacting(store: Store, clock: Clock, log: Log): Disposable {
  let samples: readonly RevisionSample[] = [{ atMs: clock.now(), revision: store.revision }];
  let timer: Timer | undefined;
  let disposed = false;
  const look = async (): Promise<void> => {
    const nowMs = clock.now();
    const target = compactTo(samples, nowMs, store.revision, store.compactedRevision);
    const keep = samples.findLastIndex(({ atMs }) => nowMs - atMs >= keptMs);
    samples = [...samples.slice(Math.max(0, keep)), { atMs: nowMs, revision: store.revision }];
    if (target !== undefined) await store.compact(target);
  };
  const again = (): void => {
    if (disposed) return;
    timer = clock.after(lookEveryMs, () => {
      look()
        .catch((error: unknown) => log.warn('the store could not be compacted', { error }))
        .finally(again);
    });
  };
  again();
  return {
    [Symbol.dispose]() {
      disposed = true;
      timer?.[Symbol.dispose]();
    },
  };
}
