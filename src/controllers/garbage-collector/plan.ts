// Owns what becomes of an object whose owners may be gone, and of one that waits for its dependants. Pure; upstream's rules.
import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import type { DeleteOptions } from '../../client/client.ts';
import { awaitsDependents, blocks, foregroundFinalizer, type GraphNode, orphanFinalizer } from './graph.ts';

/** `solid`: it lives. `waiting`: it is being deleted and waits for its dependants. `absent`: no such object, or another one of that name. */
export type OwnerState = 'solid' | 'waiting' | 'absent';

/** An owner reference and what the server says of it. */
export interface Owner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

/** `release`: only these owners' references go. `delete` with `unblock`: first no owner must wait for this object any more. */
export type DependentPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'release'; readonly owners: ReadonlySet<string> }
  | { readonly do: 'delete'; readonly policy: NonNullable<DeleteOptions['propagationPolicy']>; readonly unblock: boolean };

/** Plans for an object as it is now; `dependents` are its own. One living owner is enough to stay. */
export function planDependent(metadata: ObjectMeta, owners: readonly Owner[], dependents: readonly GraphNode[]): DependentPlan {
  if (owners.length === 0) return { do: 'nothing' };
  const lost = owners.filter(({ state }) => state !== 'solid');
  if (lost.length === 0) return { do: 'nothing' };
  if (lost.length < owners.length) return { do: 'release', owners: new Set(lost.map(({ reference }) => reference.uid)) };
  if (owners.some(({ state }) => state === 'waiting') && dependents.length > 0) {
    // A dependant that waits as well may be this object's owner by a detour: neither would ever go.
    return { do: 'delete', policy: 'Foreground', unblock: dependents.some(awaitsDependents) };
  }
  return { do: 'delete', policy: policyOf(metadata.finalizers ?? []), unblock: false };
}

/** What was asked for by finalizers at an earlier deletion stays. */
function policyOf(finalizers: readonly string[]): NonNullable<DeleteOptions['propagationPolicy']> {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}

/** For an owner that waits: the dependants to delete before it may go, or none that hold it up. */
export function planWaiting(
  owner: GraphNode,
  dependents: readonly GraphNode[],
): { readonly free: boolean; readonly look: readonly string[] } {
  const blocking = dependents.filter((dependent) => blocks(dependent, owner.metadata.uid));
  const look = blocking.filter((dependent) => !awaitsDependents(dependent)).map(({ metadata }) => metadata.uid);
  return { free: blocking.length === 0, look };
}

/** The body of a merge patch that takes owners' references away, guarded by the version that was read; undefined where they are gone. */
export function withoutOwners(metadata: ObjectMeta, owners: ReadonlySet<string>): Readonly<Record<string, unknown>> | undefined {
  const before = metadata.ownerReferences ?? [];
  const kept = before.filter(({ uid }) => !owners.has(uid));
  return kept.length === before.length ? undefined : guarded(metadata, { ownerReferences: kept.length === 0 ? null : kept });
}

/** The body that takes a finalizer away; undefined where it is gone. */
export function withoutFinalizer(metadata: ObjectMeta, finalizer: string): Readonly<Record<string, unknown>> | undefined {
  const before = metadata.finalizers ?? [];
  const kept = before.filter((name) => name !== finalizer);
  return kept.length === before.length ? undefined : guarded(metadata, { finalizers: kept.length === 0 ? null : kept });
}

/** The body after which no owner waits for this object; undefined where none does. */
export function withoutBlocking(metadata: ObjectMeta): Readonly<Record<string, unknown>> | undefined {
  const before = metadata.ownerReferences ?? [];
  if (!before.some(({ blockOwnerDeletion }) => blockOwnerDeletion)) return undefined;
  return guarded(metadata, { ownerReferences: before.map((reference) => ({ ...reference, blockOwnerDeletion: false })) });
}

function guarded({ uid, resourceVersion }: ObjectMeta, change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { metadata: { uid, resourceVersion, ...change } };
}

/** What the event says of a reference to an owner in another namespace. */
export function strayMessage({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): string {
  return `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace ${JSON.stringify(namespace)}`;
}
