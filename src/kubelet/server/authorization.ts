// Owns what a request to the kubelet's own server is about, in the API's terms: which verb on which part of the node. Pure.

/** Attributes of nodes/SUBRESOURCE that a user must have; any of the subresources is enough. */
export interface KubeletAccess {
  readonly verb: 'get' | 'create' | 'update' | 'patch' | 'delete' | 'proxy';
  readonly subresources: readonly string[];
}

const verbs: Readonly<Record<string, KubeletAccess['verb']>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Paths that have a subresource of their own; the coarse `proxy` opens those of the second list as well, as upstream has it. */
const coarse: readonly (readonly [RegExp, string])[] = [
  [/^\/stats(\/|$)/, 'stats'],
  [/^\/metrics(\/|$)/, 'metrics'],
  [/^\/logs(\/|$)/, 'log'],
  [/^\/checkpoint(\/|$)/, 'checkpoint'],
  [/^\/statusz(\/|$)/, 'statusz'],
  [/^\/flagz(\/|$)/, 'flagz'],
];
const fine: readonly (readonly [RegExp, string])[] = [
  [/^\/healthz(\/|$)/, 'healthz'],
  [/^\/(pods|runningpods)(\/|$)/, 'pods'],
  [/^\/configz(\/|$)/, 'configz'],
];

/** What a request needs. Exec, attach, port-forward and logs of containers need the node's proxy. */
export function accessOf(method: string, path: string): KubeletAccess {
  const verb = verbs[method] ?? 'get';
  const own = coarse.find(([pattern]) => pattern.test(path))?.[1];
  if (own !== undefined) return { verb, subresources: [own] };
  const narrow = fine.find(([pattern]) => pattern.test(path))?.[1];
  return { verb, subresources: narrow === undefined ? ['proxy'] : [narrow, 'proxy'] };
}
