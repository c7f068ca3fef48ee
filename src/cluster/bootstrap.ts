// Owns bringing the first objects into a cluster through its API, so that they pass what all objects pass.
import type { AnyObject } from '../api/object.ts';
import { hasReason } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { BootstrapObject } from './bootstrap-objects.ts';

/**
 * Makes what is missing, and brings what must not be kept to its present form. Namespaces come first, the rest together: writes that arrive together
 * share commits. Rejects with the first refusal.
 */
export async function bootstrap(client: Client, objects: readonly BootstrapObject[]): Promise<void> {
  const first = objects.filter(({ resource }) => resource.resource === 'namespaces');
  await Promise.all(first.map((one) => ensure(client, one)));
  await Promise.all(objects.filter((one) => !first.includes(one)).map((one) => ensure(client, one)));
}

const triesBound = 8;

/** Makes one object, or brings it to its form. Another control plane may do the same at the same moment: then it is looked at again. */
export async function ensure(client: Client, object: BootstrapObject): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await ensureOnce(client, object);
    } catch (error) {
      if (tries === triesBound || !hasReason(error, 'AlreadyExists', 'Conflict')) throw error;
    }
  }
}

async function ensureOnce(client: Client, { resource, object, keep, manager, completed }: BootstrapObject): Promise<void> {
  const key = {
    name: object.metadata.name ?? '',
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  };
  const options = manager === undefined ? {} : { fieldManager: manager };
  const present = await client.get(resource, key).catch((error: unknown) => {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  });
  if (present === undefined) {
    await client.create(resource, object, options);
    return;
  }
  const complete = completed?.(present);
  if (complete !== undefined) await client.update(resource, complete, options);
  else if (!keep && !includes(present, object))
    await client.update(resource, { ...object, metadata: { ...present.metadata, ...object.metadata } });
}

/** Whether an object already says all that another says; what it says beyond that does not matter. */
function includes(present: AnyObject | unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(present) && present.length === wanted.length && wanted.every((item, index) => includes(present[index], item));
  if (typeof wanted !== 'object' || wanted === null) return present === wanted;
  if (typeof present !== 'object' || present === null) return false;
  return Object.entries(wanted).every(([field, value]) => includes((present as Record<string, unknown>)[field], value));
}
