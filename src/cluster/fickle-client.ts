// Owns a fault for tests: a client whose every write of something that is there is refused the first time, as if somebody else had been faster.
import type { KubeObject } from '../api/object.ts';
import { conflict } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';

/** Every other update, patch and deletion of an object is a Conflict and is not done. */
export function fickleClient(of: Client): Client {
  const refused = new Set<string>();
  const pass = async <T>(
    resource: Resource<KubeObject>,
    namespace: string | undefined,
    name: string,
    work: () => Promise<T>,
  ): Promise<T> => {
    const key = `${resource.group}/${resource.resource}/${namespace ?? ''}/${name}`;
    if (refused.delete(key)) return work();
    refused.add(key);
    throw conflict(resource, name, 'the object has been modified; please apply your changes to the latest version and try again');
  };
  const named = ({
    metadata,
  }: {
    readonly metadata: { readonly namespace?: string; readonly name?: string };
  }): readonly [string, string] => [metadata.namespace ?? '', metadata.name ?? ''];
  return {
    ...of,
    get: (resource, key, options) => of.get(resource, key, options),
    list: (resource, options) => of.list(resource, options),
    watch: (resource, options) => of.watch(resource, options),
    create: (resource, object, options) => of.create(resource, object, options),
    update: (resource, object, options) => pass(resource, ...named(object), () => of.update(resource, object, options)),
    updateStatus: (resource, object, options) => pass(resource, ...named(object), () => of.updateStatus(resource, object, options)),
    patch: (resource, key, patch, options) => pass(resource, key.namespace, key.name, () => of.patch(resource, key, patch, options)),
    delete: (resource, key, options) => pass(resource, key.namespace, key.name, () => of.delete(resource, key, options)),
    deleteCollection: (resource, select, options) => of.deleteCollection(resource, select, options),
    createSubresource: (resource, key, name, body, options) => of.createSubresource(resource, key, name, body, options),
  };
}
