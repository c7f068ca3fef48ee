// Owns writing how an object stands where others write the object too: one more try on the newest version, and nothing where it is gone.
import type { KubeObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { placeOf } from './object-key.ts';

/** Writes the status that `withStatus` gives an object. Rejects with what the server refuses the second time. */
export async function writeStatus<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  withStatus: (object: T) => T,
): Promise<void> {
  try {
    await client.updateStatus(resource, withStatus(object));
  } catch (error) {
    if (hasReason(error, 'NotFound')) return;
    if (!hasReason(error, 'Conflict')) throw error;
    const fresh = await client.get(resource, placeOf(object));
    // Another object of that name has a status of its own.
    if (fresh.metadata.uid === object.metadata.uid) await client.updateStatus(resource, withStatus(fresh));
  }
}
