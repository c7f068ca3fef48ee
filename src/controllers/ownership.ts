// Owns who controls what: the controller reference, and whether a controller adopts, keeps, releases or ignores an object. Pure.
import type { OwnerReference } from '../api/meta/v1.ts';
import type { AnyObject, KubeObject } from '../api/object.ts';

/** The one owner reference that says `controller: true`. */
export function controllerOf({ metadata }: Pick<KubeObject, 'metadata'>): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** The reference by which `owner` controls an object and holds up its own foreground deletion until that is gone. */
export function controllerReference(owner: KubeObject, apiVersion: string, kind: string): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What an owner does about an object: it is its own already, is to be taken, is to be let go, or is none of its business. */
export type Claim = 'own' | 'adopt' | 'release' | 'ignore';

/** Decides it by the reference and by whether the owner's selector matches. An owner that is going takes and lets go of nothing. */
export function claimOf(owner: KubeObject, object: KubeObject, matches: boolean): Claim {
  const going = owner.metadata.deletionTimestamp !== undefined;
  const controller = controllerOf(object);
  if (controller !== undefined) {
    if (controller.uid !== owner.metadata.uid) return 'ignore';
    if (matches) return 'own';
    return going ? 'ignore' : 'release';
  }
  return going || !matches || object.metadata.deletionTimestamp !== undefined ? 'ignore' : 'adopt';
}

/** The strategic patch that adds the reference, and finalizers with it; the uid guards against another object of the same name. */
export function adoption(object: KubeObject, reference: OwnerReference, finalizers: readonly string[] = []): AnyObject {
  const added = finalizers.length === 0 ? {} : { finalizers };
  return { metadata: { uid: object.metadata.uid, ownerReferences: [reference], ...added } } as unknown as AnyObject;
}

/** The strategic patch that takes the owner's reference away, and finalizers with it. */
export function releasing(object: KubeObject, ownerUid: string, finalizers: readonly string[] = []): AnyObject {
  const removed = finalizers.length === 0 ? {} : { '$deleteFromPrimitiveList/finalizers': finalizers };
  return {
    metadata: { uid: object.metadata.uid, ownerReferences: [{ $patch: 'delete', uid: ownerUid }], ...removed },
  } as unknown as AnyObject;
}
