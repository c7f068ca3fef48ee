// Owns keeping an object as it was where nothing but the times of its managers would change: such a write is none.
import { sameValue } from '../../api/equal.ts';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';

/** `next` with the managers of `old` where only their times differ, and nothing else of the object does; else `next` itself. */
export function withOldTimes(next: AnyObject, old: AnyObject): AnyObject {
  const [mine, theirs] = [next.metadata.managedFields, old.metadata.managedFields];
  if (mine === undefined || theirs === undefined || mine === theirs || mine.length !== theirs.length) return next;
  if (sameValue(mine, theirs) || !sameValue(mine.map(timeless), theirs.map(timeless))) return next;
  return sameValue(unmanaged(next), unmanaged(old)) ? { ...next, metadata: { ...next.metadata, managedFields: theirs } } : next;
}

function timeless({ time: _, ...entry }: ManagedFieldsEntry): Omit<ManagedFieldsEntry, 'time'> {
  return entry;
}

function unmanaged({ metadata: { managedFields: _, resourceVersion: _version, ...metadata }, ...rest }: AnyObject): unknown {
  return { ...rest, metadata };
}
