// Owns the end of Events: an hour after they were last written they go, as if the store had leased them. It refuses to touch any other kind.
import type { AnyObject } from '../api/object.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Entry, prefixEnd, type Store } from '../store/store.ts';
import { objectOf } from './stored-object.ts';

const prefix = '/registry/core/events/';
const range = { start: prefix, end: prefixEnd(prefix) };
const shortestWaitMs = 1000;
const atOnce = 100;

/** Upstream's default life of an Event. */
export const eventLifeMs = 3_600_000;

/** When an Event that this process did not see being written was last written, in milliseconds, as far as it says. Pure. */
export function lastWrittenMs({ metadata }: AnyObject): number {
  const times = [metadata.creationTimestamp, ...(metadata.managedFields ?? []).map(({ time }) => time)];
  return Math.max(0, ...times.map((time) => (time === undefined ? 0 : Date.parse(time))).filter((ms) => !Number.isNaN(ms)));
}

interface Due {
  readonly modRevision: number;
  readonly atMs: number;
}

/** Deletes Events when their time has come, until disposed. */
export function expireEvents(store: Store, clock: Clock, log: Log, lifeMs = eventLifeMs): Disposable {
  // In the order of their ends: what is written again goes to the back.
  const due = new Map<string, Due>();
  let timer: Timer | undefined;
  let disposed = false;
  const put = (entry: Entry, writtenMs: number): void => {
    due.delete(entry.key);
    due.set(entry.key, { modRevision: entry.modRevision, atMs: writtenMs + lifeMs });
  };
  const present = store
    .range(range)
    .entries.map((entry) => ({ entry, writtenMs: Math.min(clock.now(), lastWrittenMs(objectOf(entry))) }))
    .sort((one, other) => one.writtenMs - other.writtenMs);
  for (const { entry, writtenMs } of present) put(entry, writtenMs);
  const watch = store.watch(range, store.revision, (events) => {
    for (const event of events) {
      if (event.type === 'put') put(event.entry, clock.now());
      else due.delete(event.key);
    }
    arm();
  });
  const sweep = async (): Promise<void> => {
    const nowMs = clock.now();
    const ended: [string, Due][] = [];
    for (const one of due) {
      if (one[1].atMs > nowMs || ended.length === atOnce) break;
      ended.push(one);
    }
    // One transaction each: an Event that is written again at this moment must not keep the others alive.
    await Promise.all(
      ended.map(([key, { modRevision }]) => store.transact({ compare: [{ key, modRevision }], writes: [{ type: 'delete', key }] })),
    );
  };
  const arm = (): void => {
    const [first] = due.values();
    if (timer !== undefined || disposed || first === undefined) return;
    timer = clock.after(Math.max(shortestWaitMs, first.atMs - clock.now()), () => {
      sweep()
        .catch((error: unknown) => log.warn('old events could not be deleted', { error }))
        .finally(() => {
          timer = undefined;
          arm();
        });
    });
  };
  arm();
  return {
    [Symbol.dispose]() {
      disposed = true;
      timer?.[Symbol.dispose]();
      watch[Symbol.dispose]();
    },
  };
}
