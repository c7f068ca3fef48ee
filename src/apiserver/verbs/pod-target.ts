// Owns finding what a request to a running pod means: the pod, the container, the node it is on and the connection to it.
import type { Pod } from '../../api/core/v1.ts';
import { badRequest, notFound, StatusError } from '../../api/status-error.ts';
import type { NodeConnection } from '../../client/node-connection.ts';
import type { ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { keyOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';

/** The pod of the path. Throws NotFound. */
export function podOf({ store }: Serving, { kind, namespace, name }: Pick<ApiRequest, 'kind' | 'namespace' | 'name'>): Pod {
  const entry = store.get(keyOf(kind, namespace, name));
  if (entry === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  return objectOf(entry) as unknown as Pod;
}

/** The container that is meant: the named one, or the only one. Throws BadRequest with the choice. */
export function containerOf(pod: Pod, named: string): string {
  const { name } = pod.metadata;
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? { containers: [] };
  const all = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name);
  if (named !== '') {
    if (all.includes(named)) return named;
    throw badRequest(`container ${named} is not valid for pod ${name}`);
  }
  const [only] = containers;
  if (containers.length === 1 && only !== undefined) return only.name;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`);
}

/** The connection to a node. Throws NotFound for a node that is not there, 500 for one that nobody can reach. */
export function connectionTo({ catalog, store, nodeConnections }: Serving, nodeName: string): NodeConnection {
  const kind = catalog.byResource('', 'v1', 'nodes');
  const node = kind === undefined ? undefined : store.get(keyOf(kind, '', nodeName));
  if (node === undefined) throw notFound({ group: '', resource: 'pods' }, nodeName);
  const addresses = (objectOf(node)['status'] as { readonly addresses?: readonly unknown[] } | undefined)?.addresses ?? [];
  const connection = addresses.length === 0 ? undefined : nodeConnections(nodeName);
  if (connection !== undefined) return connection;
  throw new StatusError('', `no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`, { code: 500 });
}
