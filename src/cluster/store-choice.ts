// Owns where a person wants the state to live: the flags about the store, checked, and opening what was chosen.
import { readFileSync } from 'node:fs';
import type { Log } from '../base/log.ts';
import { openEmbedded } from '../store/embedded.ts';
import type { EtcdAddress } from '../store/etcd/etcd-connection.ts';
import { memoryStore } from '../store/memory.ts';
import { type Store, StoreUnavailableError } from '../store/store.ts';
import { OptionError } from './option-error.ts';

/** An etcd: `HOST:PORT` each, and the files of TLS where it is spoken to over TLS. */
export interface EtcdChoice {
  readonly endpoints: readonly string[];
  /** Of all keys there, for example `/peapod`. */
  readonly prefix: string;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
}

/** Where the state lives. */
export type StoreChoice = 'embedded' | 'memory' | EtcdChoice;

/** The flags about the store, as the command line gives them. */
export interface RawStoreOptions {
  readonly store?: string;
  readonly etcdPrefix?: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
}

const defaultPrefix = '/peapod';
const defaultPort = 2379;
const mostEndpoints = 16;

/** Checks the flags. Throws OptionError. */
export function storeChoice(raw: RawStoreOptions): StoreChoice {
  const text = raw.store ?? 'embedded';
  const [, scheme, rest = ''] = /^(etcds?):\/\/(.*)$/.exec(text) ?? [];
  const { etcdCafile: ca, etcdCertfile: cert, etcdKeyfile: key, etcdPrefix = defaultPrefix } = raw;
  if (scheme === undefined) {
    if (text !== 'embedded' && text !== 'memory')
      throw new OptionError(`--store takes embedded, memory, etcd://HOST:PORT[,HOST:PORT] or etcds://…, not '${text}'`);
    for (const flag of ['etcdPrefix', 'etcdCafile', 'etcdCertfile', 'etcdKeyfile'] as const)
      if (raw[flag] !== undefined)
        throw new OptionError(`--etcd-${flag.slice(4).toLowerCase()} goes with --store etcd://… or etcds://… only`);
    return text;
  }
  const endpoints = rest.replace(/\/$/, '').split(',').map(endpointOf);
  if (endpoints.length > mostEndpoints) throw new OptionError(`--store takes at most ${mostEndpoints} endpoints, not ${endpoints.length}`);
  if (!/^(\/[\w.-]+)+$/.test(etcdPrefix)) throw new OptionError(`--etcd-prefix takes a path such as /peapod, not '${etcdPrefix}'`);
  const secure = scheme === 'etcds';
  if (!secure && (ca ?? cert ?? key) !== undefined)
    throw new OptionError(
      '--etcd-cafile, --etcd-certfile and --etcd-keyfile go with --store etcds://…, which speaks TLS; etcd:// does not',
    );
  if ((cert === undefined) !== (key === undefined)) throw new OptionError('--etcd-certfile and --etcd-keyfile go together');
  const tls = secure ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined;
  return { endpoints, prefix: etcdPrefix, tls };
}

function endpointOf(text: string): string {
  const [, host, port] = /^(\[[\da-fA-F:]+\]|[\w.-]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535)
    throw new OptionError(`--store etcd://… takes HOST:PORT, separated by commas, not '${text}'`);
  return `${host}:${port ?? defaultPort}`;
}

/** Whether others may write to the same store: another control plane can be there. */
export function isShared(choice: StoreChoice): choice is EtcdChoice {
  return typeof choice !== 'string';
}

/** Opens the store; `path` is where the embedded one lies. Throws OptionError where it cannot be reached, after `patienceMs` (10 s unless told). */
export async function openStore(choice: StoreChoice, path: string, log: Log, patienceMs?: number): Promise<Store> {
  if (choice === 'memory') return memoryStore();
  if (choice === 'embedded') return openEmbedded(path);
  const { openEtcd } = await import('../store/etcd/etcd.ts');
  try {
    return await openEtcd({
      ...addressOf(choice),
      prefix: choice.prefix,
      log: log.with({ component: 'store' }),
      ...(patienceMs && { patienceMs }),
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new OptionError(`--store ${choice.tls === undefined ? 'etcd' : 'etcds'}://${choice.endpoints.join(',')}: ${error.message}`);
  }
}

function addressOf({ endpoints, tls }: EtcdChoice): EtcdAddress {
  if (tls === undefined) return { endpoints };
  const read = (flag: string, path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new OptionError(`--etcd-${flag} ${path} cannot be read: ${error instanceof Error ? error.message : error}`);
    }
  };
  return {
    endpoints,
    tls: {
      ...(tls.ca === undefined ? {} : { ca: read('cafile', tls.ca) }),
      ...(tls.cert === undefined ? {} : { cert: read('certfile', tls.cert) }),
      ...(tls.key === undefined ? {} : { key: read('keyfile', tls.key) }),
    },
  };
}
