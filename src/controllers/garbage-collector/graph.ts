// Owns who owns whom, as far as seen: objects by uid, their dependants, and which of them a change makes worth a look. No I/O.
import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import { type AnyObject, apiVersionOf } from '../../api/object.ts';
import type { Resource } from '../../client/resource.ts';

/** An object, of which only the metadata matters. */
export interface GraphNode {
  readonly resource: Resource<AnyObject>;
  readonly metadata: ObjectMeta;
}

/** An owner reference to an object that lives in another namespace. */
export interface Stray {
  readonly dependent: GraphNode;
  readonly reference: OwnerReference;
}

/** What a change calls for: uids to look at, and references to tell about. */
export interface GraphChange {
  readonly look: ReadonlySet<string>;
  readonly strays: readonly Stray[];
}

/** The finalizers by which the API server asks for dependants to be orphaned, or deleted first. */
export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** Whether the object waits for its dependants to be deleted. */
export function awaitsDependents({ metadata }: GraphNode): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer);
}

/** Whether the object waits for its dependants to be set free. */
export function orphansDependents({ metadata }: GraphNode): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(orphanFinalizer);
}

/** Whether a dependant's reference holds its owner's end up. */
export function blocks({ metadata }: GraphNode, ownerUid: string): boolean {
  return ownersOf(metadata).some(({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true);
}

const none: ReadonlySet<string> = new Set();

/** The graph. Bound: one node an object, one entry a reference. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** The objects seen so far that name this owner. */
  dependentsOf(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** The objects of a resource. */
  uidsOf(resource: Resource<AnyObject>): readonly string[] {
    return [...this.#nodes].filter(([, node]) => node.resource === resource).map(([uid]) => uid);
  }

  /** Takes in an object that is new or has changed. */
  put(next: GraphNode): GraphChange {
    const { uid } = next.metadata;
    const before = this.#nodes.get(uid);
    this.#nodes.set(uid, next);
    const look = new Set<string>();
    const strays: Stray[] = [];
    this.#changeOwners(before, next, look, strays);
    if (before === undefined) {
      // Dependants may have been seen before their owner, and may name it wrongly.
      for (const dependent of this.dependentsOf(uid))
        for (const reference of ownersOf(dependent.metadata)) if (reference.uid === uid) this.#check(dependent, reference, look, strays);
    }
    if (orphansDependents(next) && !(before !== undefined && orphansDependents(before))) look.add(uid);
    if (awaitsDependents(next) && !(before !== undefined && awaitsDependents(before))) {
      look.add(uid);
      for (const dependent of this.#dependents.get(uid) ?? none) look.add(dependent);
    }
    return { look, strays };
  }

  /** Forgets an object that is gone: its dependants lost an owner, its waiting owners a dependant. */
  remove(uid: string): GraphChange {
    const node = this.#nodes.get(uid);
    if (node === undefined) return { look: none, strays: [] };
    this.#nodes.delete(uid);
    const look = new Set(this.#dependents.get(uid) ?? none);
    for (const { uid: owner } of ownersOf(node.metadata)) {
      this.#forget(owner, uid);
      this.#lookIfWaiting(owner, look);
    }
    return { look, strays: [] };
  }

  /** Everything worth a look when nothing is known of what happened before. */
  unsettled(): GraphChange {
    const look = new Set<string>();
    const strays: Stray[] = [];
    for (const node of this.#nodes.values()) {
      for (const reference of ownersOf(node.metadata)) this.#check(node, reference, look, strays);
      if (awaitsDependents(node) || orphansDependents(node)) look.add(node.metadata.uid);
    }
    return { look, strays };
  }

  #changeOwners(before: GraphNode | undefined, next: GraphNode, look: Set<string>, strays: Stray[]): void {
    const [old, now] = [before === undefined ? [] : ownersOf(before.metadata), ownersOf(next.metadata)];
    const { uid } = next.metadata;
    for (const { uid: owner, blockOwnerDeletion } of old) {
      if (!now.some((reference) => reference.uid === owner)) this.#forget(owner, uid);
      if (blockOwnerDeletion === true && !blocks(next, owner)) this.#lookIfWaiting(owner, look);
    }
    for (const reference of now) {
      if (old.some((known) => sameReference(known, reference))) continue;
      const dependents = this.#dependents.get(reference.uid);
      if (dependents === undefined) this.#dependents.set(reference.uid, new Set([uid]));
      else dependents.add(uid);
      this.#check(next, reference, look, strays);
    }
  }

  /** Looks at a dependant whose owner is unknown, on its way out, or not what the reference says. */
  #check(dependent: GraphNode, reference: OwnerReference, look: Set<string>, strays: Stray[]): void {
    const owner = this.#nodes.get(reference.uid);
    if (owner !== undefined && inOtherNamespace(owner, dependent)) strays.push({ dependent, reference });
    if (owner === undefined || awaitsDependents(owner) || inOtherNamespace(owner, dependent) || !describes(reference, owner))
      look.add(dependent.metadata.uid);
  }

  #lookIfWaiting(uid: string, look: Set<string>): void {
    const owner = this.#nodes.get(uid);
    if (owner !== undefined && awaitsDependents(owner)) look.add(uid);
  }

  #forget(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

function ownersOf({ ownerReferences }: ObjectMeta): readonly OwnerReference[] {
  return ownerReferences ?? [];
}

function inOtherNamespace(owner: GraphNode, dependent: GraphNode): boolean {
  return owner.resource.namespaced && owner.metadata.namespace !== dependent.metadata.namespace;
}

function describes({ apiVersion, kind, name }: OwnerReference, { resource, metadata }: GraphNode): boolean {
  return name === metadata.name && kind === resource.kind && apiVersion === apiVersionOf(resource.group, resource.version);
}

function sameReference(one: OwnerReference, other: OwnerReference): boolean {
  return one.uid === other.uid && one.name === other.name && one.kind === other.kind && one.apiVersion === other.apiVersion;
}
