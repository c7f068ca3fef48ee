// Owns writing an object with or without its protection.
import type { KubeObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Client } from '../../client/client.ts';
import type { Resource } from '../../client/resource.ts';

/** Adds or takes away the finalizer. One that is gone needs neither. */
export async function writeFinalizer<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  object: T,
  finalizer: string,
  plan: 'add' | 'remove',
): Promise<void> {
  const { finalizers = [] } = object.metadata;
  const next = plan === 'add' ? [...finalizers, finalizer] : finalizers.filter((name) => name !== finalizer);
  await client.update(resource, { ...object, metadata: { ...object.metadata, finalizers: next } }).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error;
  });
}
