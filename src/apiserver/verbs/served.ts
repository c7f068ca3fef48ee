// Owns showing an object that is not in the store (a dry run's, a removed one's) in the version that was asked for.
import { inFieldOrder } from '../../api/field-order.ts';
import type { KindDescription } from '../../api/kind.ts';
import { fromStorage } from '../../api/kinds/conversion.ts';
import type { AnyObject } from '../../api/object.ts';
import { storedAsServed } from '../serving.ts';
import { withRevision } from '../stored-object.ts';

/** The object with this revision, or without one. */
export function served(kind: KindDescription, object: AnyObject, revision: number | undefined): AnyObject {
  const { custom } = kind;
  const own =
    custom !== undefined
      ? custom.fromStorage(custom.toStorage(object))
      : inFieldOrder(kind, storedAsServed(kind) ? object : fromStorage(kind, object));
  if (revision !== undefined) return withRevision(own, revision);
  const { resourceVersion: _, ...metadata } = own.metadata;
  return { ...own, metadata: metadata as AnyObject['metadata'] };
}
