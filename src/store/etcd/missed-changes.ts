// Owns working out what must have happened between two looks at the same keys, as changes that a watch could have told. Pure.
import type { Entry, StoreEvent } from '../store.ts';

/**
 * The changes that lead from `before` (as of revision `from`) to `after` (as of `to`), in revision order, one list a revision. What was written several
 * times is told once, in its last form; a key that was deleted and made again is told as both; a deletion is told as late as it can have been.
 */
export function changesBetween(
  before: readonly Entry[],
  after: readonly Entry[],
  from: number,
  to: number,
): readonly (readonly StoreEvent[])[] {
  const gone = new Map(before.map((entry) => [entry.key, entry]));
  const byRevision = new Map<number, StoreEvent[]>();
  const add = (event: StoreEvent): void => {
    const events = byRevision.get(event.revision);
    if (events === undefined) byRevision.set(event.revision, [event]);
    else events.push(event);
  };
  for (const entry of after) {
    const previous = gone.get(entry.key);
    gone.delete(entry.key);
    if (entry.modRevision <= from || entry.modRevision === previous?.modRevision) continue;
    if (previous === undefined || previous.createRevision === entry.createRevision) {
      add({ type: 'put', revision: entry.modRevision, entry, previous });
      continue;
    }
    add({ type: 'delete', revision: entry.createRevision - 1, key: entry.key, previous });
    add({ type: 'put', revision: entry.modRevision, entry, previous: undefined });
  }
  for (const previous of gone.values()) add({ type: 'delete', revision: to, key: previous.key, previous });
  return [...byRevision].toSorted(([one], [other]) => one - other).map(([, events]) => events);
}
