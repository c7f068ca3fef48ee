// Owns kubeconfig files: writing the admin's own, merging the context `peapod` into a person's, and taking it out again. Pure where it decides.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDocument, stringify } from 'yaml';

/** What a context needs: where the API is, whom to trust, and who one is. PEM texts. */
export interface Access {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface Named {
  readonly name: string;
}
interface Config {
  readonly [field: string]: unknown;
  readonly clusters?: readonly Named[];
  readonly contexts?: readonly Named[];
  readonly users?: readonly Named[];
  readonly 'current-context'?: string;
}

/** The name of the context, cluster and user that Peapod writes. */
export const contextName = 'peapod';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A whole kubeconfig with one context. */
export function kubeconfigOf(access: Access): string {
  return stringify(merged({ apiVersion: 'v1', kind: 'Config', preferences: {} }, access));
}

/** A kubeconfig that tells where a cluster is and whom to trust, and of no user: what strangers are told. */
export function contextlessKubeconfig(server: string, ca: string): string {
  const cluster = { 'certificate-authority-data': base64(ca), server };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [{ name: '', cluster }],
    contexts: [],
    users: [],
    'current-context': '',
  });
}

/** The config with Peapod's context in it and current; everything else is left as it is. */
export function merged(config: Config, { server, ca, cert, key }: Access): Config {
  const put = (list: readonly Named[] | undefined, entry: Named): readonly Named[] => [
    ...(list ?? []).filter(({ name }) => name !== entry.name),
    entry,
  ];
  return {
    ...config,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: put(config.clusters, { name: contextName, cluster: { 'certificate-authority-data': base64(ca), server } } as Named),
    contexts: put(config.contexts, { name: contextName, context: { cluster: contextName, user: contextName } } as Named),
    users: put(config.users, {
      name: contextName,
      user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) },
    } as Named),
    'current-context': contextName,
  };
}

/** The config without Peapod's context; `current-context` is emptied where it was Peapod's. */
export function withoutPeapod(config: Config): Config {
  const drop = (list: readonly Named[] | undefined): readonly Named[] => (list ?? []).filter(({ name }) => name !== contextName);
  return {
    ...config,
    clusters: drop(config.clusters),
    contexts: drop(config.contexts),
    users: drop(config.users),
    'current-context': config['current-context'] === contextName ? '' : (config['current-context'] ?? ''),
  };
}

/** The person's kubeconfig: the first of $KUBECONFIG, else ~/.kube/config. */
export function personsKubeconfig(): string {
  const named = process.env['KUBECONFIG']?.split(':').find((path) => path !== '');
  return named ?? join(homedir(), '.kube/config');
}

/** Changes a kubeconfig in place, atomically. Throws, leaving it alone, where it is not a kubeconfig. A missing one counts as empty. */
export function changeKubeconfig(path: string, change: (config: Config) => Config): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const document = parseDocument(before);
  const value: unknown = document.errors.length > 0 ? undefined : (document.toJS() ?? {});
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !listsAreNamed(value as Config)) {
    const why = document.errors[0]?.message.split('\n')[0] ?? 'it is not a kubeconfig';
    throw new Error(
      `${path} is damaged (${why}); it was left as it is. Mend or move it, then try again, or use --data-dir to keep out of it.`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.peapod-${process.pid}`;
  writeFileSync(fresh, stringify(change(value as Config)), { mode: 0o600 });
  renameSync(fresh, path);
}

function listsAreNamed(config: Config): boolean {
  return [config.clusters, config.contexts, config.users].every(
    (list) => list === undefined || list === null || (Array.isArray(list) && list.every((entry) => typeof entry?.name === 'string')),
  );
}
