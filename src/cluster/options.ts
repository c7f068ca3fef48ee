// Owns what a person can choose when starting a cluster, checked: every flag of `up` becomes a value here or a message saying what is wrong.
import { isIPv4 } from 'node:net';
import { parseRegistryMirror, type RegistryMirror } from '../runtime/cri/containerd-config.ts';
import { OptionError } from './option-error.ts';
import { clusterLimits, overlap, rangeOfFamily, readRanges, serviceLimits } from './ranges.ts';
import { type RawStoreOptions, type StoreChoice, storeChoice } from './store-choice.ts';

/** Addresses of pods and of Services, unless told. */
export const defaultClusterCidr = '10.42.0.0/16';
export const defaultServiceCidr = '10.96.0.0/16';

export type RuntimeChoice = 'auto' | 'cri' | 'simulated';
export const components = ['scheduler', 'controllers', 'kubelet', 'proxy', 'dns'] as const;
export type Component = (typeof components)[number];

/** A checked choice. Addresses and ports are valid, ranges do not overlap. */
export interface ClusterOptions {
  readonly dataDir: string;
  /** Whether the person named the data directory: only without it the person's kubeconfig is touched. */
  readonly ownDataDir: boolean;
  readonly runtime: RuntimeChoice;
  readonly runtimeEndpoint: string | undefined;
  readonly nodes: number;
  /** Whether pods are kept off the first node. */
  readonly taintControlPlane: boolean;
  readonly without: ReadonlySet<Component>;
  readonly port: number;
  readonly bind: string;
  /** The address at which other machines reach the API; undefined: none, or whatever is found where it listens everywhere. */
  readonly advertiseAddress: string | undefined;
  /** The longest life of certificates that are asked for through the API, milliseconds; undefined: upstream's. */
  readonly signingDurationMs: number | undefined;
  /** Ranges of pods: one, or one of each IP family, the first the cluster's own. */
  readonly clusterCidrs: readonly string[];
  /** Ranges of Services, likewise. */
  readonly serviceCidrs: readonly string[];
  /** The IPv4 range of pods, or where there is none the one that nodes' own addresses come from. */
  readonly clusterCidr: string;
  /** The IPv4 range of Services, or where there is none the usual one. */
  readonly serviceCidr: string;
  readonly store: StoreChoice;
  /** Where the keys lie that control planes on one store share; undefined: with the others in the data directory. */
  readonly sharedKeys: string | undefined;
  /** Addresses for Services of type LoadBalancer; undefined: they get none. */
  readonly loadBalancerPool: string | undefined;
  readonly registryMirrors: readonly RegistryMirror[];
  /** A KubeSchedulerConfiguration; undefined: upstream's defaults. */
  readonly schedulerConfig: string | undefined;
  /** A file of static tokens; undefined: there are none. */
  readonly tokenAuthFile: string | undefined;
}

/** The flags of `up` as the command line gives them. */
export interface RawOptions extends RawStoreOptions {
  readonly dataDir?: string;
  readonly runtime?: string;
  readonly runtimeEndpoint?: string;
  readonly nodes?: string;
  readonly taintControlPlane?: boolean;
  readonly without?: string;
  readonly port?: string;
  readonly bind?: string;
  readonly advertiseAddress?: string;
  readonly clusterSigningDuration?: string;
  readonly clusterCidr?: string;
  readonly serviceCidr?: string;
  readonly pki?: string;
  readonly loadBalancerPool?: string;
  readonly registryMirror?: readonly string[];
  readonly schedulerConfig?: string;
  readonly tokenAuthFile?: string;
}

/** Checks the flags. Throws OptionError with the flag's name in it. */
export function clusterOptions(raw: RawOptions, defaultDataDir: string): ClusterOptions {
  const clusterCidrs = readRanges('--cluster-cidr', raw.clusterCidr ?? defaultClusterCidr, clusterLimits);
  const serviceCidrs = readRanges('--service-cidr', raw.serviceCidr ?? defaultServiceCidr, serviceLimits);
  for (const pods of clusterCidrs)
    for (const services of serviceCidrs)
      if (overlap(pods, services))
        throw new OptionError(`--cluster-cidr ${pods} and --service-cidr ${services} overlap: choose two ranges apart`);
  const runtime = oneOf('--runtime', raw.runtime ?? 'auto', ['auto', 'cri', 'simulated']);
  const endpoint = raw.runtimeEndpoint;
  if (endpoint !== undefined && !endpoint.startsWith('unix:///'))
    throw new OptionError(`--runtime-endpoint takes unix:///PATH, not '${endpoint}'`);
  const bind = raw.bind ?? '127.0.0.1';
  if (!isIPv4(bind)) throw new OptionError(`--bind takes an IPv4 address such as 127.0.0.1 or 0.0.0.0, not '${bind}'`);
  const nodes = whole('--nodes', raw.nodes ?? '1', 0, 15_000);
  return {
    dataDir: raw.dataDir ?? defaultDataDir,
    ownDataDir: raw.dataDir !== undefined,
    runtime,
    runtimeEndpoint: endpoint,
    nodes,
    taintControlPlane: raw.taintControlPlane ?? false,
    without: new Set(list(raw.without).map((name) => oneOf('--without', name, components))),
    port: whole('--port', raw.port ?? '6443', 1, 65_535),
    bind,
    advertiseAddress: advertised(raw.advertiseAddress, bind),
    signingDurationMs:
      raw.clusterSigningDuration === undefined ? undefined : durationMs('--cluster-signing-duration', raw.clusterSigningDuration),
    clusterCidrs,
    serviceCidrs,
    clusterCidr: rangeOfFamily(clusterCidrs, 4) ?? defaultClusterCidr,
    serviceCidr: rangeOfFamily(serviceCidrs, 4) ?? defaultServiceCidr,
    store: storeChoice(raw),
    sharedKeys: raw.pki,
    loadBalancerPool: poolRange(raw.loadBalancerPool, [...clusterCidrs, ...serviceCidrs]),
    registryMirrors: (raw.registryMirror ?? []).map(mirror),
    schedulerConfig: raw.schedulerConfig,
    tokenAuthFile: raw.tokenAuthFile,
  };
}

/** Of IPv4, apart from pods and Services. */
function poolRange(text: string | undefined, taken: readonly string[]): string | undefined {
  if (text === undefined) return undefined;
  const [pool = '', ...more] = readRanges('--load-balancer-pool', text, { 4: [8, 32], 6: [64, 128] });
  if (pool.includes(':') || more.length > 0)
    throw new OptionError(`--load-balancer-pool takes one range of IPv4 such as 192.0.2.0/28, not '${text}'`);
  const other = taken.find((range) => overlap(pool, range));
  if (other !== undefined)
    throw new OptionError(`--load-balancer-pool ${pool} and ${other}, the range of pods or Services, overlap: choose two apart`);
  return pool;
}

/** Where other machines reach the API: as told, else where it listens, if that is one address that is not the loopback's. */
function advertised(text: string | undefined, bind: string): string | undefined {
  const own = bind.startsWith('127.');
  if (text === undefined) return own || bind === '0.0.0.0' ? undefined : bind;
  if (!isIPv4(text)) throw new OptionError(`--advertise-address takes an IPv4 address, not '${text}'`);
  if (own) throw new OptionError(`--advertise-address ${text}: the API listens on ${bind} only; tell it where to listen with --bind`);
  return text;
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's spelling of a duration, in milliseconds: 8s, 1m30s, 100ms. Throws OptionError with the flag's name. */
export function durationMs(flag: string, text: string): number {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new OptionError(`${flag} takes a duration such as 8s or 1m30s, not '${text}'`);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0);
}

function list(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new OptionError(`${flag} takes ${allowed.join(', ')}, not '${value}'`);
  return found;
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new OptionError(`${flag} takes a whole number from ${least} to ${most}, not '${text}'`);
  return value;
}

/** `HOST=URL`, checked where the runtime's files are written. */
function mirror(text: string): RegistryMirror {
  try {
    return parseRegistryMirror(text);
  } catch (error) {
    throw new OptionError(`--registry-mirror: ${error instanceof Error ? error.message : error}`);
  }
}

export function parseIpv4(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The first address and the number of addresses of a range. */
export function rangeOf(range: string): { readonly first: number; readonly size: number } {
  const [address = '', bits = ''] = range.split('/');
  return { first: parseIpv4(address), size: 2 ** (32 - Number(bits)) };
}
