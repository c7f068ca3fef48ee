// Owns the client interface over HTTP: paths, bodies, answers, watch lines. Any Kubernetes API will do.
import type { Status } from '../api/meta/v1.ts';
import { type AnyObject, apiVersionOf, type Draft, type KubeList, type KubeObject } from '../api/object.ts';
import { badRequest, StatusError } from '../api/status-error.ts';
import type { Client, DeleteOptions, ListOptions, ObjectKey, Patch, WatchEvent, WatchOptions, WriteOptions } from './client.ts';
import { frozen, linesOf, objectOf, parseFrozen, refusalOf } from './http-answer.ts';
import { HttpSession } from './http-session.ts';
import type { ClientConfig } from './kubeconfig.ts';
import type { Resource } from './resource.ts';

/** The manager that fields are applied as where the caller names none. */
const defaultManager = 'peapod';

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

type Any = Resource<KubeObject>;
type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A client that can also ask for documents beside the API's own, and lets go of its connection. */
export interface HttpClient extends Client {
  /** A document of JSON at a path. Rejects with StatusError for what the server refused. */
  document<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>;
  /** Where else the API is served; see HttpSession. */
  alsoAt(servers: readonly string[]): void;
  /** Speaks with other credentials from the next request on; see HttpSession. */
  renew(access: ClientConfig): () => void;
  close(): Promise<void>;
}

/** A client over HTTP/2, or HTTP/1.1 where the server speaks nothing newer. Answers have 64 MiB at most. `close` lets go of the connection. */
export function httpClient(access: ClientConfig): HttpClient {
  const session = new HttpSession(access);

  const call = async <T>(
    method: string,
    path: string,
    more: { readonly body?: unknown; readonly type?: string; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> => {
    const body = more.body === undefined ? undefined : Buffer.from(JSON.stringify(more.body));
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': more.type ?? 'application/json', 'content-length': body.byteLength }),
    };
    return objectOf<T>(await session.request(method, path, { headers, body, signal: more.signal }));
  };
  const write = <T extends KubeObject>(
    method: string,
    resource: Resource<T>,
    object: Draft<T>,
    path: string,
    options: WriteOptions,
  ): Promise<T> =>
    call(method, `${path}${queryOf({ ...writeQuery(options) })}`, {
      body: { apiVersion: apiVersionOf(resource.group, resource.version), kind: resource.kind, ...object },
      signal: options.signal,
    });
  const ofObject = (object: Draft<KubeObject>): ObjectKey => ({
    name: object.metadata.name ?? '',
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  });

  return {
    document: (method, path, body) => call(method, path, { body }),
    get: async (resource, key, { resourceVersion, subresource, signal } = {}) =>
      call('GET', `${keyPath(resource, key)}${subresource === undefined ? '' : `/${subresource}`}${queryOf({ resourceVersion })}`, {
        signal,
      }),
    list: async <T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> =>
      withKinds(
        resource,
        await call<KubeList<T>>('GET', `${pathOf(resource, options.namespace)}${queryOf(listQuery(options))}`, { signal: options.signal }),
      ),
    watch: <T extends KubeObject>(resource: Resource<T>, options: WatchOptions = {}) => watch<T>(session, resource as Any, options),
    create: (resource, object, options = {}) => write('POST', resource, object, pathOf(resource, object.metadata.namespace), options),
    update: async (resource, object, options = {}) =>
      write(
        'PUT',
        resource,
        object,
        `${keyPath(resource, ofObject(object))}${options.subresource === undefined ? '' : `/${options.subresource}`}`,
        options,
      ),
    updateStatus: async (resource, object, options = {}) =>
      write('PUT', resource, object, `${keyPath(resource, ofObject(object))}/status`, options),
    patch: async (resource, key, patch, options = {}) => {
      const applied = patch.type === 'apply' ? { force: patch.force, fieldManager: options.fieldManager ?? defaultManager } : {};
      const sub = options.subresource === undefined ? '' : `/${options.subresource}`;
      return call('PATCH', `${keyPath(resource, key)}${sub}${queryOf({ ...writeQuery(options), ...applied })}`, {
        body: patch.body,
        type: patchTypes[patch.type],
        signal: options.signal,
      });
    },
    async delete(resource, key, options = {}) {
      await call('DELETE', keyPath(resource, key), { body: deleteBody(options), signal: options.signal });
    },
    async deleteCollection(resource, select = {}, options = {}) {
      await call('DELETE', `${pathOf(resource, select.namespace)}${queryOf(listQuery(select))}`, {
        body: deleteBody(options),
        signal: options.signal,
      });
    },
    createSubresource: async (resource, key, subresource, body: Draft<AnyObject>, options = {}) =>
      call<AnyObject>('POST', `${keyPath(resource, key)}/${subresource}${queryOf(writeQuery(options))}`, { body, signal: options.signal }),
    alsoAt: (servers) => session.alsoAt(servers),
    renew: (next) => session.renew(next),
    close: () => session.close(),
  };
}

function pathOf(
  { group, version, resource, namespaced }: Pick<Any, 'group' | 'version' | 'resource' | 'namespaced'>,
  namespace: string | undefined,
  name?: string,
): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${base}${within}/${resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** The path of one object. An empty name would silently mean the whole collection. */
function keyPath(resource: Pick<Any, 'group' | 'version' | 'resource' | 'namespaced'>, { namespace, name }: ObjectKey): string {
  if (name === '') throw badRequest('resource name may not be empty');
  return pathOf(resource, namespace, name);
}

/** Items of a list name no kind on the wire; whoever reads them by another way sees it, so here they have it too. */
function withKinds<T extends KubeObject>({ group, version, kind }: Resource<T>, list: KubeList<T>): KubeList<T> {
  const apiVersion = apiVersionOf(group, version);
  return frozen({ ...list, items: (list.items ?? []).map((item) => ({ apiVersion, kind, ...item })) });
}

function queryOf(query: Query): string {
  const parts = Object.entries(query).filter(([, value]) => value !== undefined && value !== false);
  return parts.length === 0 ? '' : `?${parts.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

function writeQuery({ dryRun, fieldManager, fieldValidation }: WriteOptions): Query {
  return { dryRun: dryRun ? 'All' : undefined, fieldManager, fieldValidation };
}

function listQuery(options: ListOptions): Query {
  const { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit } = options;
  return { labelSelector, fieldSelector, resourceVersion, resourceVersionMatch, limit, continue: options.continue };
}

function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun }: DeleteOptions): unknown {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds,
    propagationPolicy,
    preconditions,
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
}

async function* watch<T extends KubeObject>(session: HttpSession, resource: Any, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
  const { labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks } = options;
  const path = `${pathOf(resource, options.namespace)}${queryOf({ watch: true, labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks })}`;
  const exchange = await session.request('GET', path, { headers: { accept: 'application/json' }, body: undefined, signal: options.signal });
  if (exchange.status !== 200) throw await refusalOf(exchange);
  for await (const line of linesOf(exchange.body)) {
    const event = parseFrozen(line) as { readonly type: string; readonly object: unknown };
    if (event.type === 'ERROR') throw StatusError.fromStatus(event.object as Status);
    yield event as WatchEvent<T>;
  }
}
