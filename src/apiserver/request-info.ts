// Owns what a path and a method ask for, as Kubernetes reads them. It refuses to know which kinds exist.

/** What is asked, before anything is looked up. For a path that names no resource `isResource` is false and `verb` is the method in lower case. */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows `…/proxy/`, undecoded; empty elsewhere. */
  readonly rest: string;
  /** True for the old `/watch/` prefix, which knows GET alone. */
  readonly legacyWatch: boolean;
  /** False for a path that no resource can have: empty or encoded-slash segments, too many of them. */
  readonly wellFormed: boolean;
}

const methodVerbs: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
const namespaceSubresources = new Set(['status', 'finalize']);

/** Reads a request line. `path` is the raw path without the query; `watch` tells whether the query asks for one. */
export function requestInfoOf(method: string, path: string, watch: boolean): RequestInfo {
  const other: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    rest: '',
    legacyWatch: false,
    wellFormed: true,
  };
  const raw = path.split('/');
  if (raw.at(-1) === '') raw.pop();
  const core = raw[1] === 'api';
  if ((!core && raw[1] !== 'apis') || raw[0] !== '' || raw.length < (core ? 4 : 5)) return other;
  const group = core ? '' : decoded(raw[2] ?? '');
  const version = decoded(raw[core ? 2 : 3] ?? '');
  let parts = raw.slice(core ? 3 : 4);
  let verb = methodVerbs[method] ?? method.toLowerCase();
  let legacyWatch = false;
  if (parts[0] === 'watch' || (parts[0] === 'proxy' && parts.length > 1)) {
    if (parts[0] === 'watch') legacyWatch = true;
    parts = parts.slice(1);
  }
  const within = parts[0] === 'namespaces' && parts.length > 1;
  const namespace = within ? decoded(parts[1] ?? '') : '';
  const ofNamespace = group === '' && parts.length === 3 && namespaceSubresources.has(parts[2] ?? '');
  if (within && parts.length > 2 && !ofNamespace) parts = parts.slice(2);
  const [resource = '', name = '', subresource = ''] = parts.map(decoded);
  const proxy = subresource === 'proxy';
  const rest = proxy
    ? path
        .split('/')
        .slice(raw.indexOf('proxy') + 1)
        .join('/')
    : '';
  if (legacyWatch && verb === 'get') verb = 'watch';
  else if (name === '') verb = verb === 'get' ? (watch ? 'watch' : 'list') : verb === 'delete' ? 'deletecollection' : verb;
  const wellFormed =
    !parts.slice(0, 3).some((part) => part === '' || decoded(part).includes('/')) &&
    namespace.includes('/') === false &&
    (parts.length <= 3 || proxy) &&
    !raw.slice(1, core ? 3 : 4).includes('') &&
    parts.length > 0;
  return { ...other, isResource: true, verb, group, version, resource, subresource, namespace, name, rest, legacyWatch, wellFormed };
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
