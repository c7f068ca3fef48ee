// Owns what a pod can learn of itself: fieldRef and resourceFieldRef, for environment variables and downward API files alike. Pure.
import type { Container, Pod } from '../../api/core/v1.ts';
import { parseQuantity } from '../../api/quantity.ts';

/** Facts that are known only on the node. */
export interface PodFacts {
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
  /** The node's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the node can give, for limits that are not set: `cpu`, `memory`, `ephemeral-storage`. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Why a value could not be made, in upstream's words. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function lines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, text]) => `${key}=${quoted(text)}`)
    .join('\n');
}

/** The value of a field path. Throws ConfigError for one that is not supported. */
export function fieldValue(pod: Pod, path: string, facts: PodFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) return pod.metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return lines(pod.metadata.labels);
    case 'metadata.annotations':
      return lines(pod.metadata.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return facts.hostIps[0] ?? '';
    case 'status.hostIPs':
      return facts.hostIps.join(',');
    case 'status.podIP':
      return facts.podIps[0] ?? '';
    case 'status.podIPs':
      return facts.podIps.join(',');
    default:
      throw new ConfigError(`unsupported fieldPath: ${path}`);
  }
}

/** The container of a pod that a reference names. Throws ConfigError where there is none. */
export function namedContainer({ spec }: Pod, name: string | undefined): Container {
  const found = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((container) => container.name === name);
  if (found === undefined) throw new ConfigError(`container ${name ?? ''} not found`);
  return found;
}

/** Limits by name, of `cpu`, `memory`, `ephemeral-storage`, that count where a container has none. */
export type DefaultLimits = Readonly<Record<string, string>>;

/** What bounds a pod's containers that have no limits: the pod as a whole, else the node. */
export function podLimits({ spec }: Pod, { allocatable }: PodFacts): DefaultLimits {
  const own = Object.entries(spec.resources?.limits ?? {}).filter(
    ([name, amount]) => (name === 'cpu' || name === 'memory') && name in allocatable && !isZero(amount),
  );
  return { ...allocatable, ...Object.fromEntries(own) };
}

const defaulted = new Set(['cpu', 'memory', 'ephemeral-storage']);

function isZero(amount: string): boolean {
  return parseQuantity(amount).nano === 0n;
}

/** A container's limit or request, divided and rounded up: `limits.cpu`, divisor `1m`. */
export function resourceValue(container: Container, resource: string, divisor: string | undefined, defaults: DefaultLimits): string {
  const [side, ...rest] = resource.split('.');
  const name = rest.join('.');
  const { limits, requests } = container.resources ?? {};
  if (side !== 'limits' && side !== 'requests') throw new ConfigError(`unsupported container resource : ${resource}`);
  const limit = limits?.[name];
  const bound = defaulted.has(name) && (limit === undefined || isZero(limit)) ? defaults[name] : limit;
  const amount = side === 'limits' ? bound : (requests?.[name] ?? limit);
  const { nano } = parseQuantity(amount ?? '0');
  const by = parseQuantity(divisor === undefined || divisor === '' || divisor === '0' ? '1' : divisor).nano;
  return ((nano + by - 1n) / by).toString();
}
