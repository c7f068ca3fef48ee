// Owns which registry credentials an image may be pulled with: reading pull secrets, and matching image names against them. Pure.
import type { Secret } from '../../api/core/v1.ts';
import type { RegistryAuth } from '../../runtime/runtime.ts';

/** Credentials for what a registry's host (and path) matches. */
export interface RegistryCredential {
  /** `registry.example`, `*.registry.example:5000/team`; the scheme is cut off. */
  readonly pattern: string;
  readonly auth: RegistryAuth;
}

const dockerHub = 'index.docker.io';

/** An image's registry and repository: `docker.io` where none is named. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const named = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const [host, path] = named ? [first, rest.join('/')] : [dockerHub, name];
  return `${host === 'docker.io' ? dockerHub : host}/${path.includes('/') || host !== dockerHub ? path : `library/${path}`}`;
}

function matches(pattern: string, repository: string): boolean {
  const [wantedHost = '', ...wantedPath] = pattern.split('/');
  const [host = '', ...path] = repository.split('/');
  const parts = (text: string): readonly string[] => text.split('.');
  const [wanted, is] = [parts(wantedHost), parts(host)];
  const hostFits =
    wanted.length === is.length &&
    wanted.every((part, index) =>
      new RegExp(`^${part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(is[index] ?? ''),
    );
  const prefix = wantedPath.join('/').replace(/^v[12]$/, '');
  const rest = path.join('/');
  return hostFits && (prefix === '' || rest === prefix || rest.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`));
}

interface DockerEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

function authOf(entry: DockerEntry, pattern: string): RegistryAuth {
  const decoded = entry.auth === undefined ? '' : Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const [username, password] =
    colon < 0 ? [entry.username, entry.password] : [decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, '')];
  return {
    ...(username !== undefined && username !== '' && { username }),
    ...(password !== undefined && password !== '' && { password }),
    ...(entry.identitytoken !== undefined && { identityToken: entry.identitytoken }),
    ...(entry.registrytoken !== undefined && { registryToken: entry.registrytoken }),
    serverAddress: pattern,
  };
}

/** The credentials in a secret of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg. A secret that is neither, or broken, has none. */
export function credentialsOf({ type, data = {} }: Secret): readonly RegistryCredential[] {
  const read = (key: string): unknown => JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString('utf8'));
  try {
    let entries: unknown;
    if (type === 'kubernetes.io/dockerconfigjson') entries = (read('.dockerconfigjson') as { readonly auths?: unknown }).auths;
    else if (type === 'kubernetes.io/dockercfg') entries = read('.dockercfg');
    return Object.entries((entries ?? {}) as Readonly<Record<string, DockerEntry>>).map(([server, entry]) => {
      const pattern = server
        .replace(/^https?:\/\//, '')
        .replace(/\/+$/, '')
        .replace(/^docker\.io(?=$|\/)/, dockerHub);
      return { pattern, auth: authOf(entry, pattern) };
    });
  } catch {
    return [];
  }
}

/** The credentials to try for an image, the most specific first. None: it is pulled without. */
export function authsFor(image: string, credentials: readonly RegistryCredential[]): readonly RegistryAuth[] {
  const repository = repositoryOf(image);
  return credentials
    .filter(({ pattern }) => matches(pattern, repository))
    .sort((a, b) => b.pattern.length - a.pattern.length)
    .map(({ auth }) => auth);
}
