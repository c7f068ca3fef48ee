// Owns reading a kubeconfig: which server, whom to trust, who one is. It refuses to write one (cluster/ does) and to run credential plugins.
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';

/** Where an API server is, how to trust it, and as whom to speak. Certificates and keys are PEM texts. */
export interface ClientConfig {
  /** `https://host:port`, with or without a path, which is a prefix of all requests. */
  readonly server: string;
  /** Authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** The name that the server's certificate must have, where it is not the URL's host. */
  readonly serverName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** The namespace of the context. */
  readonly namespace?: string;
}

/** A kubeconfig as it stands in its file (`v1 Config`), for those who make one. */
export interface Kubeconfig {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster?: KubeconfigCluster }[];
  readonly users?: readonly { readonly name: string; readonly user?: KubeconfigUser }[];
  readonly contexts?: readonly { readonly name: string; readonly context?: KubeconfigContext }[];
  readonly 'current-context'?: string;
}

/** A cluster of a kubeconfig. `…-data` is base64 of PEM; a file's path is relative to the kubeconfig's folder. */
export interface KubeconfigCluster {
  readonly server?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'certificate-authority'?: string;
  readonly 'tls-server-name'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
}

/** A user of a kubeconfig. `…-data` is base64 of PEM; a file's path is relative to the kubeconfig's folder. */
export interface KubeconfigUser {
  readonly 'client-certificate-data'?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-key-data'?: string;
  readonly 'client-key'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

/** A context of a kubeconfig: a cluster and a user by name. */
export interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}

/** A kubeconfig that cannot be used; the message names the file, what is wrong, and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * Reads the context `context` (else the current one) of a kubeconfig, with the files it names. Rejects with KubeconfigError where the file or
 * one that it names is missing or damaged, or where it logs in by a plugin.
 */
export async function loadKubeconfig(path: string, context?: string): Promise<ClientConfig> {
  const config = parseKubeconfig(await readOr(path, path, 'Start the cluster first, or name another file.'), path);
  const { cluster, user, namespace } = select(config, path, context);
  const pem = async (data: unknown, named: unknown, what: string): Promise<string | undefined> => {
    if (data !== undefined && data !== '') return fromBase64(data, what, path);
    if (named === undefined || named === '') return undefined;
    if (typeof named !== 'string') throw damaged(path, `${what} is not a path`);
    return readOr(isAbsolute(named) ? named : join(dirname(path), named), path, `It is named as ${what}.`);
  };
  const ca = await pem(cluster['certificate-authority-data'], cluster['certificate-authority'], 'certificate-authority');
  const cert = await pem(user['client-certificate-data'], user['client-certificate'], 'client-certificate');
  const key = await pem(user['client-key-data'], user['client-key'], 'client-key');
  const token = user.token || (await pem(undefined, user.tokenFile, 'tokenFile'));
  if ((cert === undefined) !== (key === undefined)) throw damaged(path, 'the user has a client certificate or a key, but not both');
  return {
    server: cluster.server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(token === undefined ? {} : { token: token.trim() }),
    ...(cluster['tls-server-name'] === undefined ? {} : { serverName: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
  };
}

/** The text of a kubeconfig as an object; `path` is only for messages. Throws KubeconfigError where it is not one. */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw damaged(path, `it is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
  }
  if (!isMapping(value)) throw damaged(path, 'it is empty or not a mapping');
  for (const list of ['clusters', 'users', 'contexts']) {
    const entries = value[list];
    const inner = list.slice(0, -1);
    const isNamed = (entry: unknown): boolean =>
      isMapping(entry) && typeof entry['name'] === 'string' && (entry[inner] == null || isMapping(entry[inner]));
    if (entries != null && !(Array.isArray(entries) && entries.every(isNamed))) {
      throw damaged(path, `"${list}" is not a list of named entries`);
    }
  }
  return value as Kubeconfig;
}

interface Selected {
  readonly cluster: KubeconfigCluster & { readonly server: string };
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}

function select(config: Kubeconfig, path: string, wanted: string | undefined): Selected {
  const name = wanted ?? config['current-context'];
  if (name === undefined || name === '') {
    throw new KubeconfigError(`${path} has no current context: choose one with "kubectl config use-context", or name it`);
  }
  const context = config.contexts?.find((entry) => entry.name === name)?.context;
  if (context == null) {
    const known = config.contexts?.map((entry) => entry.name).join(', ') || 'none';
    throw new KubeconfigError(`${path} has no context "${name}" (it has: ${known})`);
  }
  const cluster = config.clusters?.find((entry) => entry.name === context.cluster)?.cluster;
  if (cluster == null) throw damaged(path, `the context "${name}" names the cluster "${context.cluster}", which is not there`);
  const { server } = cluster;
  if (typeof server !== 'string' || !/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw damaged(path, `the server of the cluster "${context.cluster}" is not an http or https URL`);
  }
  if (context.user && !config.users?.some((entry) => entry.name === context.user)) {
    throw damaged(path, `the context "${name}" names the user "${context.user}", who is not there`);
  }
  const user = config.users?.find((entry) => entry.name === context.user)?.user ?? {};
  if ('exec' in user || 'auth-provider' in user) {
    throw new KubeconfigError(`${path}: the user "${context.user}" logs in by a plugin; use a user with a certificate or a token`);
  }
  return { cluster: { ...cluster, server }, user, namespace: context.namespace };
}

async function readOr(path: string, kubeconfig: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? String(error)})`;
    throw new KubeconfigError(`${path} ${why}${path === kubeconfig ? '' : `; ${kubeconfig} needs it`}. ${hint}`, { cause: error });
  }
}

function fromBase64(data: unknown, what: string, path: string): string {
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(data)) throw damaged(path, `${what}-data is not base64`);
  return Buffer.from(data, 'base64').toString('utf8');
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, why: string): KubeconfigError {
  return new KubeconfigError(`${path} is damaged: ${why}. Mend it, or move it away and have it written anew.`);
}
