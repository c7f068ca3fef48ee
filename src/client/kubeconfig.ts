// Owns reading a kubeconfig: which server, whom to trust, who one is. It refuses to guess where the file is wrong.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { parseDocument } from 'yaml';

/** How to reach an API. PEM texts; `token` and a client certificate may both be absent (anonymous). */
export interface Access {
  /** `https://HOST:PORT`, with an optional path. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** True where the kubeconfig asks to trust any certificate. */
  readonly insecure?: boolean;
}

/** Says what is wrong with a kubeconfig, naming the file and the place in it. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

interface Entry {
  readonly name?: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

/** Reads the file. Throws KubeconfigError where it is missing, damaged, or says nothing about its context. */
export function loadKubeconfig(path: string, context?: string): Access {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return parseKubeconfig(text, path, context);
}

/** The access that a kubeconfig's current (or the named) context gives. `path` is for messages and for files named relative to it. */
export function parseKubeconfig(text: string, path: string, context?: string): Access {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined) throw new KubeconfigError(`${path} is not YAML: ${problem.message.split('\n')[0]}`);
  const config: unknown = document.toJS();
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new KubeconfigError(`${path} is not a kubeconfig: it must be a mapping with clusters, contexts and users`);
  const root = config as Readonly<Record<string, unknown>>;
  const name = context ?? root['current-context'];
  if (typeof name !== 'string' || name === '') throw new KubeconfigError(`${path} has no current-context`);
  const chosen = find(root, 'contexts', name, path).context ?? {};
  const cluster = find(root, 'clusters', stringOf(chosen['cluster']), path).cluster ?? {};
  const user = stringOf(chosen['user']) === '' ? {} : (find(root, 'users', stringOf(chosen['user']), path).user ?? {});
  const server = stringOf(cluster['server']);
  if (!URL.canParse(server))
    throw new KubeconfigError(`${path}: cluster ${stringOf(chosen['cluster'])} has no usable server ('${server}')`);
  const pem = (holder: Readonly<Record<string, unknown>>, field: string): string | undefined => {
    const data = holder[`${field}-data`];
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
    const file = holder[field];
    if (typeof file !== 'string' || file === '') return undefined;
    const at = isAbsolute(file) ? file : join(dirname(path), file);
    try {
      return readFileSync(at, 'utf8');
    } catch (error) {
      throw new KubeconfigError(`${path} names ${at} as ${field}, which cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  };
  const [ca, cert, key] = [pem(cluster, 'certificate-authority'), pem(user, 'client-certificate'), pem(user, 'client-key')];
  const token = typeof user['token'] === 'string' ? user['token'] : undefined;
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
  };
}

function find(root: Readonly<Record<string, unknown>>, list: string, name: string, path: string): Entry {
  const entries = root[list];
  const found = Array.isArray(entries) ? (entries as readonly Entry[]).find((entry) => entry?.name === name) : undefined;
  if (found === undefined) throw new KubeconfigError(`${path}: ${list} has no entry named '${name}'`);
  return found;
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
