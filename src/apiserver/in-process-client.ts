// Owns the client for components of this process: the pipeline behind the Client interface, without sockets, and without JSON for what is read.
import type { AnyObject, Draft, KubeList, KubeObject } from '../api/object.ts';
import { badRequest } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectKey,
  Patch,
  ReadOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import type { User } from './auth/user.ts';
import { noQuery, type Query } from './list-options.ts';
import { type Call, serveResource } from './pipeline.ts';
import { UnknownPathError, unknownResource } from './refusals.ts';
import type { Answer, RequestBody } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import { objectAs, type Serving } from './serving.ts';
import { freezeDeeply } from './stored-object.ts';
import { bookmarkObject, type Change, objectOfChange } from './watch/change.ts';
import { superviseWatch } from './watch/watch-life.ts';

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

interface Where {
  readonly verb: string;
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: string;
}

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** A client that acts as `user`. `manager` is recorded as the manager of fields that it writes. */
export function inProcessClient(serving: Serving, user: User, manager: string): Client {
  const userAgent = `${manager}/peapod`;
  const ask = async (
    resource: Resource<KubeObject>,
    where: Where,
    query: Query,
    object: unknown,
    signal: AbortSignal | undefined,
    contentType?: string,
  ): Promise<Answer> => {
    signal?.throwIfAborted();
    const body: RequestBody | undefined = object === undefined ? undefined : { is: 'object', contentType, object };
    // Servers see such a name as none: the whole collection.
    if (where.name === '') throw badRequest('resource name may not be empty');
    const call: Call = { info: infoOf(resource, where), method: '', headers: {}, query, user, body, userAgent, signal, warnings: [] };
    try {
      return await serveResource(serving, call);
    } catch (error) {
      throw error instanceof UnknownPathError ? unknownResource() : error;
    }
  };
  return {
    async get<T extends KubeObject>(
      resource: Resource<T>,
      { namespace, name }: ObjectKey,
      { resourceVersion, subresource, signal }: ReadOptions & { readonly subresource?: string } = {},
    ): Promise<T> {
      const where = { verb: 'get', namespace, name, ...(subresource === undefined ? {} : { subresource }) };
      return objectOfAnswer<T>(await ask(resource, where, queryOf({ resourceVersion }), undefined, signal));
    },
    async list<T extends KubeObject>(resource: Resource<T>, { signal, namespace, ...select }: ListOptions = {}): Promise<KubeList<T>> {
      const answer = await ask(resource, { verb: 'list', namespace }, queryOf(select), undefined, signal);
      return listOfAnswer<T>(answer);
    },
    async *watch<T extends KubeObject>(
      resource: Resource<T>,
      { signal, namespace, ...select }: WatchOptions = {},
    ): AsyncGenerator<WatchEvent<T>, void, undefined> {
      const answer = await ask(resource, { verb: 'watch', namespace }, queryOf(select), undefined, signal);
      if (answer.is === 'watch') yield* events<T>(answer, serving.clock, signal);
    },
    async create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, { signal, ...options }: WriteOptions = {}): Promise<T> {
      const where = { verb: 'create', namespace: resource.namespaced ? object.metadata.namespace : undefined };
      return objectOfAnswer<T>(await ask(resource, where, writeQuery(options), object, signal));
    },
    async update<T extends KubeObject>(
      resource: Resource<T>,
      object: Draft<T>,
      { signal, subresource, ...options }: WriteOptions & { readonly subresource?: string } = {},
    ): Promise<T> {
      const where = { verb: 'update', ...(subresource === undefined ? {} : { subresource }), ...keyOfDraft(object) };
      return objectOfAnswer<T>(await ask(resource, where, writeQuery(options), object, signal));
    },
    async updateStatus<T extends KubeObject>(
      resource: Resource<T>,
      object: Draft<T>,
      { signal, ...options }: WriteOptions = {},
    ): Promise<T> {
      const where = { verb: 'update', subresource: 'status', ...keyOfDraft(object) };
      return objectOfAnswer<T>(await ask(resource, where, writeQuery(options), object, signal));
    },
    async patch<T extends KubeObject>(
      resource: Resource<T>,
      { namespace, name }: ObjectKey,
      patch: Patch,
      { signal, subresource, ...options }: WriteOptions & { readonly subresource?: string } = {},
    ): Promise<T> {
      const where = { verb: 'patch', namespace, name, ...(subresource === undefined ? {} : { subresource }) };
      const force = patch.type === 'apply' ? { force: patch.force } : {};
      const query = queryOf({
        ...writeParameters(options),
        ...force,
        ...(patch.type === 'apply' ? { fieldManager: options.fieldManager ?? manager } : {}),
      });
      return objectOfAnswer<T>(await ask(resource, where, query, patch.body, signal, patchTypes[patch.type]));
    },
    async delete<T extends KubeObject>(
      resource: Resource<T>,
      { namespace, name }: ObjectKey,
      { signal, ...options }: DeleteOptions = {},
    ): Promise<void> {
      await ask(resource, { verb: 'delete', namespace, name }, noQuery, deleteBody(options), signal);
    },
    async deleteCollection<T extends KubeObject>(
      resource: Resource<T>,
      select: ListOptions = {},
      { signal, ...options }: DeleteOptions = {},
    ): Promise<void> {
      const { namespace, signal: _, ...selectors } = select;
      await ask(resource, { verb: 'deletecollection', namespace }, queryOf(selectors), deleteBody(options), signal);
    },
    async createSubresource<T extends KubeObject>(
      resource: Resource<T>,
      { namespace, name }: ObjectKey,
      subresource: string,
      body: Draft<AnyObject>,
      { signal, ...options }: WriteOptions = {},
    ): Promise<AnyObject> {
      const answer = await ask(resource, { verb: 'create', namespace, name, subresource }, writeQuery(options), body, signal);
      return answer.is === 'status' ? (answer.status as unknown as AnyObject) : objectOfAnswer<AnyObject>(answer);
    },
  };
}

function infoOf(
  { group, version, resource }: Resource<KubeObject>,
  { verb, namespace = '', name = '', subresource = '' }: Where,
): RequestInfo {
  return {
    isResource: true,
    path: '',
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    rest: '',
    legacyWatch: false,
    wellFormed: true,
  };
}

function keyOfDraft(object: Draft<KubeObject>): { readonly namespace: string | undefined; readonly name: string } {
  return { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
}

function queryOf(parameters: Parameters): Query {
  let query: URLSearchParams | undefined;
  for (const name in parameters) {
    const value = parameters[name];
    if (value === undefined) continue;
    query ??= new URLSearchParams();
    query.set(name, String(value));
  }
  return query ?? noQuery;
}

function writeParameters({ dryRun, fieldManager, fieldValidation }: WriteOptions): Parameters {
  return { dryRun: dryRun === true ? 'All' : undefined, fieldManager, fieldValidation };
}

function writeQuery(options: WriteOptions): Query {
  return queryOf(writeParameters(options));
}

function deleteBody({ dryRun, ...options }: Omit<DeleteOptions, 'signal'>): unknown {
  return { ...options, ...(dryRun === true ? { dryRun: ['All'] } : {}) };
}

function objectOfAnswer<T extends KubeObject>(answer: Answer): T {
  if (answer.is === 'entry') return objectAs(answer.kind, answer.entry) as unknown as T;
  if (answer.is === 'object') return freezeDeeply(answer.object) as unknown as T;
  throw new Error(`the answer is no object but ${answer.is}`);
}

function listOfAnswer<T extends KubeObject>(answer: Answer): KubeList<T> {
  if (answer.is !== 'list') throw new Error(`the answer is no list but ${answer.is}`);
  const { kind, entries, revision, remaining } = answer;
  const { apiVersion } = kind.group === '' ? { apiVersion: kind.version } : { apiVersion: `${kind.group}/${kind.version}` };
  return {
    apiVersion,
    kind: kind.listKind,
    metadata: {
      resourceVersion: String(revision),
      ...(answer.continue === '' ? {} : { continue: answer.continue }),
      ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
    },
    items: entries.map((entry) => objectAs(kind, entry) as unknown as T),
  };
}

async function* events<T extends KubeObject>(
  answer: Extract<Answer, { is: 'watch' }>,
  clock: Clock,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { feed, kind } = answer;
  using _life = superviseWatch(answer, clock);
  // Whoever gave up while the watch was opened is not heard by the listener below.
  signal?.throwIfAborted();
  const onAbort = (): void => feed.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  const show = (change: Change): WatchEvent<T> =>
    ({
      type: change.type,
      object: change.type === 'BOOKMARK' ? bookmarkObject(kind, change) : objectOfChange(kind, change),
    }) as unknown as WatchEvent<T>;
  try {
    for (;;) {
      const batch = await feed.next();
      signal?.throwIfAborted();
      if (batch === undefined) return;
      for (const change of batch) yield show(change);
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
