// Owns the client interface over HTTP: paths, bodies, answers, watch lines. Any Kubernetes API will do.
import type { Status } from '../api/meta/v1.ts';
import { type AnyObject, apiVersionOf, type Draft, type KubeList, type KubeObject } from '../api/object.ts';
import { badRequest, StatusError } from '../api/status-error.ts';
import type { Client, DeleteOptions, ListOptions, ObjectKey, Patch, WatchEvent, WatchOptions, WriteOptions } from './client.ts';
import { type Exchange, HttpSession } from './http-session.ts';
import type { ClientConfig } from './kubeconfig.ts';
import type { Resource } from './resource.ts';

/** The longest line of a watch that is taken: an object has 3 MiB at most. */
const maxLineBytes = 4 * 1024 * 1024;

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

type Any = Resource<KubeObject>;
type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A client over HTTP/2. `close` lets go of the connection. */
export function httpClient(access: ClientConfig): Client & { close(): Promise<void> } {
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
    const exchange = await session.request(method, path, { headers, body, signal: more.signal });
    return answerOf<T>(exchange, await textOf(exchange));
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
    get: (resource, key, options = {}) =>
      call('GET', `${pathOf(resource, key.namespace, key.name)}${queryOf({ resourceVersion: options.resourceVersion })}`, {
        signal: options.signal,
      }),
    list: <T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> =>
      call('GET', `${pathOf(resource, options.namespace)}${queryOf(listQuery(options))}`, { signal: options.signal }),
    watch: <T extends KubeObject>(resource: Resource<T>, options: WatchOptions = {}) => watch<T>(session, resource as Any, options),
    create: (resource, object, options = {}) => write('POST', resource, object, pathOf(resource, object.metadata.namespace), options),
    update: (resource, object, options = {}) =>
      write(
        'PUT',
        resource,
        object,
        `${keyPath(resource, ofObject(object))}${options.subresource === undefined ? '' : `/${options.subresource}`}`,
        options,
      ),
    updateStatus: (resource, object, options = {}) =>
      write('PUT', resource, object, `${keyPath(resource, ofObject(object))}/status`, options),
    patch: (resource, key, patch, options = {}) => {
      const force = patch.type === 'apply' ? patch.force : undefined;
      const sub = options.subresource === undefined ? '' : `/${options.subresource}`;
      return call('PATCH', `${keyPath(resource, key)}${sub}${queryOf({ ...writeQuery(options), force })}`, {
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
    createSubresource: (resource, key, subresource, body: Draft<AnyObject>, options = {}) =>
      call<AnyObject>('POST', `${keyPath(resource, key)}/${subresource}${queryOf(writeQuery(options))}`, { body, signal: options.signal }),
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

async function textOf(exchange: Exchange): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of exchange.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf<T>({ status }: Exchange, text: string): T {
  if (status >= 200 && status < 300) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw errorOf(status, text);
}

function errorOf(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return StatusError.fromStatus(status);
  } catch {
    // Not JSON: a proxy's page, or plain text such as "404 page not found".
  }
  return new StatusError('', text.slice(0, 200).trim() || `the server answered ${code}`, { code });
}

async function* watch<T extends KubeObject>(session: HttpSession, resource: Any, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
  const { labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks } = options;
  const path = `${pathOf(resource, options.namespace)}${queryOf({ watch: true, labelSelector, fieldSelector, resourceVersion, allowWatchBookmarks })}`;
  const exchange = await session.request('GET', path, { headers: { accept: 'application/json' }, signal: options.signal });
  if (exchange.status !== 200) throw errorOf(exchange.status, await textOf(exchange));
  for await (const line of linesOf(exchange.body)) {
    const event = JSON.parse(line) as { readonly type: string; readonly object: unknown };
    if (event.type === 'ERROR') throw StatusError.fromStatus(event.object as Status);
    yield event as WatchEvent<T>;
  }
}

/** Lines of a stream; a last one without its end was cut off and is dropped. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncIterable<string> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      const line = Buffer.concat(pieces).toString('utf8');
      [pieces, size, start] = [[], 0, end + 1];
      if (line !== '') yield line;
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      size += chunk.length - start;
      if (size > maxLineBytes) throw new Error(`a watch event is longer than ${maxLineBytes} bytes`);
    }
  }
}
