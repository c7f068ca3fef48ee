// Owns carrying out claims: adopts and releases what the decision says, and returns what the owner has afterwards.
import type { KubeObject } from '../api/object.ts';
import { conflict, hasReason } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { adoption, claimOf, controllerReference, releasing } from './ownership.ts';

/** An owner and where it is found; it is looked at once more at the server before anything is adopted in its name. */
export interface Claimant<O extends KubeObject> {
  readonly client: Client;
  readonly owner: O;
  readonly ownerResource: Resource<O>;
  /** Come and go with the reference. */
  readonly finalizers?: readonly string[];
}

/** The objects that are the owner's after adopting and releasing. Rejects with the first refusal, after having tried all. */
export async function claimAll<O extends KubeObject, T extends KubeObject>(
  { client, owner, ownerResource, finalizers }: Claimant<O>,
  resource: Resource<T>,
  objects: readonly T[],
  matches: (object: T) => boolean,
): Promise<readonly T[]> {
  let fresh: Promise<void> | undefined;
  const mayAdopt = (): Promise<void> => {
    fresh ??= stillThere(client, ownerResource, owner);
    return fresh;
  };
  const apiVersion = ownerResource.group === '' ? ownerResource.version : `${ownerResource.group}/${ownerResource.version}`;
  const patch = async (object: T, body: KubeObject): Promise<void> => {
    const { namespace, name } = object.metadata;
    const key = namespace === undefined ? { name } : { namespace, name };
    await client.patch(resource, key, { type: 'strategic', body: { ...body } });
  };
  const claimed: T[] = [];
  const failures: unknown[] = [];
  for (const object of objects) {
    try {
      const claim = claimOf(owner, object, matches(object));
      if (claim === 'own') claimed.push(object);
      else if (claim === 'adopt') {
        await mayAdopt();
        await patch(object, adoption(object, controllerReference(owner, apiVersion, ownerResource.kind), finalizers));
        claimed.push(object);
      } else if (claim === 'release') await patch(object, releasing(object, owner.metadata.uid, finalizers));
    } catch (error) {
      // Gone, or another object by now, or without references already: nothing is left to adopt or release.
      if (!hasReason(error, 'NotFound', 'Invalid')) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return claimed;
}

async function stillThere<O extends KubeObject>(client: Client, resource: Resource<O>, owner: O): Promise<void> {
  const { namespace, name, uid } = owner.metadata;
  const found = await client.get(resource, namespace === undefined ? { name } : { namespace, name });
  if (found.metadata.uid === uid && found.metadata.deletionTimestamp === undefined) return;
  throw conflict({ group: resource.group, resource: resource.resource }, name, 'the owner was deleted or replaced');
}
