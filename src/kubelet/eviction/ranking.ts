// Owns which pod goes first when something runs out, and what is said to it. Order and words are upstream's. Pure.
import type { Container, Pod } from '../../api/core/v1.ts';
import { compareQuantity, value } from '../../api/quantity.ts';
import { requestsOf } from '../../predicates/pod-resources.ts';
import { amountText, bytesText, leastText, type Observation, resourceOf, type Threshold } from './signals.ts';

/** What a pod uses, by container where that is known. */
export interface PodUse {
  readonly pod: Pod;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly inodes: number;
  readonly processes: number;
  readonly containers: readonly { readonly name: string; readonly memoryBytes: number; readonly diskBytes: number }[];
}

const criticalPriority = 2_000_000_000;

/** Pods that come from a manifest on the node. */
export function isStatic({ metadata }: Pod): boolean {
  const source = metadata.annotations?.['kubernetes.io/config.source'];
  return source !== undefined && source !== 'api';
}

/** Pods that are never evicted: static ones and those that the system cannot do without. */
export function isCritical(pod: Pod): boolean {
  const { metadata, spec } = pod;
  return isStatic(pod) || metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined || (spec.priority ?? 0) >= criticalPriority;
}

type Ordering = (a: PodUse, b: PodUse) => number;

const byPriority: Ordering = (a, b) => (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0);

function orderings(threshold: Threshold): readonly Ordering[] {
  const over = (use: (one: PodUse) => number, name: string): ((one: PodUse) => number) => {
    return (one) => use(one) - (requestsOf(one.pod).get(name) ?? 0);
  };
  const first = (amount: (one: PodUse) => number): Ordering => {
    return (a, b) => Number(amount(b) > 0) - Number(amount(a) > 0);
  };
  const most = (amount: (one: PodUse) => number): Ordering => {
    return (a, b) => amount(b) - amount(a);
  };
  switch (resourceOf[threshold.signal]) {
    case 'memory': {
      const excess = over(({ memoryBytes }) => memoryBytes, 'memory');
      return [first(excess), byPriority, most(excess)];
    }
    case 'ephemeral-storage': {
      const excess = over(({ diskBytes }) => diskBytes, 'ephemeral-storage');
      return [first(excess), byPriority, most(({ diskBytes }) => diskBytes)];
    }
    case 'inodes':
      return [byPriority, most(({ inodes }) => inodes)];
    case 'pids':
      return [byPriority, most(({ processes }) => processes)];
  }
}

/** The pods in the order in which they go: who uses more than it asked for, then the least important, then who uses most. */
export function rankForEviction(pods: readonly PodUse[], threshold: Threshold): readonly PodUse[] {
  const order = orderings(threshold);
  return pods
    .filter(({ pod }) => !isCritical(pod))
    .toSorted((a, b) => {
      for (const compare of order) {
        const difference = compare(a, b);
        if (difference !== 0) return difference;
      }
      return 0;
    });
}

/** What a pod is told, and the annotations of its event. */
export interface EvictionWords {
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Why this pod: what is scarce, and which of its containers use more of it than they asked for. */
export function evictionWords(victim: PodUse, threshold: Threshold, observed: Observation): EvictionWords {
  const resource = resourceOf[threshold.signal];
  const least = leastText(threshold, observed.capacity);
  const parts = [`The node was low on resource: ${resource}. `];
  parts.push(`Threshold quantity: ${least}, available: ${amountText(threshold.signal, observed.available)}. `);
  const offending: [string, string][] = [];
  if (resource === 'memory' || resource === 'ephemeral-storage') {
    for (const { name, memoryBytes, diskBytes } of victim.containers) {
      const used = bytesText(resource === 'memory' ? memoryBytes : diskBytes);
      const request = requestOf(victim.pod, name, resource);
      if (compareQuantity(used, request) <= 0) continue;
      offending.push([name, used]);
      parts.push(`Container ${name} was using ${used}, request is ${request}, has larger consumption of ${resource}. `);
    }
  }
  return {
    message: parts.join(''),
    annotations: {
      offending_containers: offending.map(([name]) => name).join(','),
      offending_containers_usage: offending.map(([, used]) => used).join(','),
      starved_resource: resource,
    },
  };
}

function requestOf({ spec }: Pod, name: string, resource: string): string {
  const container = [...(spec.initContainers ?? []), ...spec.containers].find((one) => one.name === name);
  return container?.resources?.requests?.[resource] ?? container?.resources?.limits?.[resource] ?? '0';
}

/** Bytes on disk that belong to a pod, as far as limits are about them. */
export interface DiskUse {
  /** emptyDir volumes by name. */
  readonly emptyDirs: ReadonlyMap<string, number>;
  /** Writable layer and logs, by container. */
  readonly containers: ReadonlyMap<string, number>;
}

/** The limit on local storage that a pod exceeds, in words; undefined where it keeps all of them. */
export function exceededLimit({ spec }: Pod, { emptyDirs, containers }: DiskUse): string | undefined {
  for (const { name, emptyDir } of spec.volumes ?? []) {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || emptyDir?.medium === 'Memory' || value(limit) === 0) continue;
    if ((emptyDirs.get(name) ?? 0) > value(limit))
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(limit)}. `;
  }
  const limitOf = ({ resources }: Container): number => value(resources?.limits?.['ephemeral-storage'] ?? '0');
  const total = spec.containers.reduce((sum, container) => sum + limitOf(container), 0);
  const onDisk = (spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory');
  const used =
    [...containers.values()].reduce((sum, bytes) => sum + bytes, 0) + onDisk.reduce((sum, { name }) => sum + (emptyDirs.get(name) ?? 0), 0);
  // As upstream has it, one container with a limit is enough: it then bounds them all together.
  if (total > 0 && used > total) return `Pod ephemeral local storage usage exceeds the total limit of containers ${bytesText(total)}. `;
  for (const container of spec.containers) {
    const limit = limitOf(container);
    if (limit > 0 && (containers.get(container.name) ?? 0) > limit)
      return `Container ${container.name} exceeded its local ephemeral storage limit ${JSON.stringify(container.resources?.limits?.['ephemeral-storage'])}. `;
  }
  return undefined;
}
