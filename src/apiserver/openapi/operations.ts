// Owns which operations a kind has, as data: path, method, action, parameters and bodies. Both OpenAPI versions are written from it.
import type { KindDescription, SubresourceDescription, Verb } from '../../api/kind.ts';
import type { GroupVersionKind } from '../../api/object.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch';

export interface Operation {
  readonly path: string;
  readonly method: Method;
  /** What OpenAPI calls it: get, list, post, put, patch, delete, deletecollection, watch, watchlist, connect. */
  readonly action: string;
  readonly operationId: string;
  /** The kind that it is about; of a subresource that of its body. */
  readonly subject: GroupVersionKind;
  /** OpenAPI name of what is answered; 'text' for logs and connections. */
  readonly answers: string;
  /** OpenAPI name of the body; undefined where there is none. */
  readonly body?: string;
  readonly parameters: readonly string[];
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';
const words = (text: string): readonly string[] => text.split(' ');
const listParameters = words(
  'allowWatchBookmarks continue fieldSelector labelSelector limit pretty resourceVersion resourceVersionMatch sendInitialEvents shardSelector timeoutSeconds watch',
);
const writeParameters = words('dryRun fieldManager fieldValidation pretty');
const patchParameters = words('dryRun fieldManager fieldValidation force pretty');
const deleteParameters = words(
  'dryRun gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents pretty propagationPolicy',
);
const collectionParameters = words(
  'continue dryRun fieldSelector gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential labelSelector limit orphanDependents pretty propagationPolicy resourceVersion resourceVersionMatch sendInitialEvents shardSelector timeoutSeconds',
);
const logParameters = words(
  'container follow insecureSkipTLSVerifyBackend limitBytes pretty previous sinceSeconds stream tailLines timestamps',
);
const connectParameters: Readonly<Record<string, readonly string[]>> = {
  attach: words('container stderr stdin stdout tty'),
  exec: words('command container stderr stdin stdout tty'),
  portforward: ['ports'],
  proxy: ['path'],
};

/** JSON types of parameters that are no strings. */
export const parameterTypes: Readonly<Record<string, 'boolean' | 'integer'>> = Object.fromEntries([
  ...words(
    'allowWatchBookmarks watch sendInitialEvents force stdin stdout stderr tty follow previous timestamps insecureSkipTLSVerifyBackend orphanDependents ignoreStoreReadErrorWithClusterBreakingPotential',
  ).map((name) => [name, 'boolean'] as const),
  ...words('limit timeoutSeconds gracePeriodSeconds limitBytes sinceSeconds tailLines ports').map((name) => [name, 'integer'] as const),
]);

/** Content types of a patch's body. */
export const patchTypes: readonly string[] = words(
  'application/apply-patch+yaml application/json-patch+json application/merge-patch+json application/strategic-merge-patch+json',
);

const capitalised = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `CoreV1`, `AppsV1`, `RbacAuthorizationV1`, `StableExampleComV1`. */
export function groupWords(group: string, version: string): string {
  const parts = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split(/[.-]/);
  return parts.map(capitalised).join('') + capitalised(version);
}

const methods: Readonly<Record<string, Method>> = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' };

/** Every operation on a kind and its subresources. */
export function operationsOf(kind: KindDescription): readonly Operation[] {
  const { group, version, resource, namespaced, verbs } = kind;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const collection = `${root}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}`;
  const watched = `${root}/watch/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}`;
  const item = `${collection}/{name}`;
  const subject: GroupVersionKind = { group, version, kind: kind.kind };
  const gv = groupWords(group, version);
  const scoped = `${namespaced ? 'Namespaced' : ''}${kind.kind}`;
  const list = `${kind.type}List`;
  const options = `${meta}DeleteOptions`;
  const made: Operation[] = [];
  const add = (
    method: Method,
    path: string,
    action: string,
    operationId: string,
    answers: string,
    parameters: readonly string[],
    body?: string,
  ): void => {
    made.push({ method, path, action, operationId, subject, answers, parameters, ...(body === undefined ? {} : { body }) });
  };
  const has = (verb: Verb): boolean => verbs.includes(verb);
  if (has('list')) {
    add('get', collection, 'list', `list${gv}${scoped}`, list, listParameters);
    if (namespaced) add('get', `${root}/${resource}`, 'list', `list${gv}${kind.kind}ForAllNamespaces`, list, listParameters);
  }
  if (has('create')) add('post', collection, 'post', `create${gv}${scoped}`, kind.type, writeParameters, kind.type);
  if (has('deletecollection'))
    add('delete', collection, 'deletecollection', `delete${gv}Collection${scoped}`, `${meta}Status`, collectionParameters, options);
  if (has('get')) add('get', item, 'get', `read${gv}${scoped}`, kind.type, ['pretty']);
  if (has('update')) add('put', item, 'put', `replace${gv}${scoped}`, kind.type, writeParameters, kind.type);
  if (has('patch')) add('patch', item, 'patch', `patch${gv}${scoped}`, kind.type, patchParameters, `${meta}Patch`);
  if (has('delete')) add('delete', item, 'delete', `delete${gv}${scoped}`, `${meta}Status`, deleteParameters, options);
  if (has('watch')) {
    const event = `${meta}WatchEvent`;
    add('get', watched, 'watchlist', `watch${gv}${scoped}List`, event, listParameters);
    if (namespaced)
      add('get', `${root}/watch/${resource}`, 'watchlist', `watch${gv}${kind.kind}ListForAllNamespaces`, event, listParameters);
    add('get', `${watched}/{name}`, 'watch', `watch${gv}${scoped}`, event, listParameters);
  }
  for (const sub of kind.subresources) made.push(...subresourceOperations(kind, sub, item, `${gv}`, scoped));
  return made;
}

const subresourceTypes: Readonly<Record<string, string>> = {
  Scale: 'io.k8s.api.autoscaling.v1.Scale',
  Eviction: 'io.k8s.api.policy.v1.Eviction',
  TokenRequest: 'io.k8s.api.authentication.v1.TokenRequest',
  Binding: 'io.k8s.api.core.v1.Binding',
};

function subresourceOperations(
  kind: KindDescription,
  sub: SubresourceDescription,
  item: string,
  gv: string,
  scoped: string,
): readonly Operation[] {
  const subject: GroupVersionKind = { group: sub.group, version: sub.version, kind: sub.kind };
  const path = `${item}/${sub.name}`;
  const name = capitalised(sub.name);
  if (sub.connect === true) {
    const every =
      sub.name === 'proxy' ? (['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const) : (['get', 'post'] as const);
    const paths = sub.name === 'proxy' ? [path, `${path}/{path}`] : [path];
    return paths.flatMap((one) =>
      every.map((method) => ({
        path: one,
        method,
        action: 'connect',
        operationId: `connect${gv}${capitalised(method)}${scoped}${name}${one === path ? '' : 'WithPath'}`,
        subject,
        answers: 'text',
        parameters: connectParameters[sub.name] ?? [],
      })),
    );
  }
  const type = sub.kind === kind.kind ? kind.type : (subresourceTypes[sub.kind] ?? kind.type);
  const actions = { get: 'read', update: 'replace', patch: 'patch', create: 'create', delete: 'delete' } as const;
  return sub.verbs.flatMap((verb) => {
    const method = methods[verb];
    if (method === undefined || !(verb in actions)) return [];
    const isLog = sub.name === 'log';
    const parameters = verb === 'patch' ? patchParameters : verb === 'get' ? (isLog ? logParameters : ['pretty']) : writeParameters;
    const body = verb === 'get' ? undefined : verb === 'patch' ? `${meta}Patch` : type;
    return [
      {
        path,
        method,
        action: method,
        operationId: `${actions[verb as keyof typeof actions]}${gv}${scoped}${name}`,
        subject,
        answers: isLog ? 'text' : type,
        parameters,
        ...(body === undefined ? {} : { body }),
      },
    ];
  });
}
