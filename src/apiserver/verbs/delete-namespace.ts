// Owns the deletion of a namespace, which stays, terminating, until its finalizers have emptied it. Pure.
import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { formatTime } from '../../base/time.ts';
import { type DeleteDecision, decideDelete } from '../delete-decision.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Decides what a deletion does to a namespace. */
export function decideNamespaceDelete(namespace: AnyObject, options: DeleteOptions, nowMs: number): DeleteDecision {
  const { metadata } = namespace;
  const held = (((namespace['spec'] as Fields | undefined)?.['finalizers'] as readonly string[] | undefined) ?? []).length > 0;
  if (metadata.deletionTimestamp === undefined) {
    const status = { ...((namespace['status'] ?? {}) as Fields), phase: 'Terminating' };
    return { is: 'mark', object: { ...namespace, metadata: { ...metadata, deletionTimestamp: formatTime(nowMs) }, status } };
  }
  if (held) return { is: 'pending' };
  return decideDelete(namespace, options, { graceful: false, propagation: 'background' }, nowMs);
}
