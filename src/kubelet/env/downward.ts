// Owns what a pod can learn of itself: fieldRef and resourceFieldRef, for environment variables and downward API files alike. Pure.
import type { Container, Pod } from '../../api/core/v1.ts';
import { parseQuantity } from '../../api/quantity.ts';

/** Facts that are known only on the node. */
export interface PodFacts {
  readonly nodeName: string;
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
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

/** A container's limit or request, divided and rounded up: `limits.cpu`, divisor `1m`. A limit that is not set is the node's. */
export function resourceValue(container: Container, resource: string, divisor: string | undefined, facts: PodFacts): string {
  const [side, ...rest] = resource.split('.');
  const name = rest.join('.');
  const { limits, requests } = container.resources ?? {};
  const amount = side === 'limits' ? (limits?.[name] ?? facts.allocatable[name]) : (requests?.[name] ?? limits?.[name]);
  if (side !== 'limits' && side !== 'requests') throw new ConfigError(`unsupported container resource : ${resource}`);
  const { nano } = parseQuantity(amount ?? '0');
  const by = parseQuantity(divisor === undefined || divisor === '' || divisor === '0' ? '1' : divisor).nano;
  return ((nano + by - 1n) / by).toString();
}
