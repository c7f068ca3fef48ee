// Owns quality of service: a pod's class, and the cgroup values that follow from requests and limits. Pure.
import type { Container, Pod } from '../../api/core/v1.ts';
import { addQuantity, compareQuantity, formatQuantity, milliValue, parseQuantity, value } from '../../api/quantity.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

type Amounts = Readonly<Record<string, string>>;

/** What a container asks for: a limit without a request counts as the request. */
export function requestsOf(container: Container): Amounts {
  return { ...container.resources?.limits, ...container.resources?.requests };
}

const computed = ['cpu', 'memory'] as const;

function positive(amounts: Amounts | undefined, name: string): string | undefined {
  const amount = amounts?.[name];
  return amount !== undefined && compareQuantity(amount, '0') > 0 ? amount : undefined;
}

/** The class: Guaranteed where every container's cpu and memory limits equal its requests, BestEffort where nothing is asked for. */
export function qosClassOf(pod: Pod): QosClass {
  const spec = pod.spec;
  if (spec === undefined) return 'BestEffort';
  const parts = spec.resources !== undefined ? [spec.resources] : [];
  const containers = [...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources ?? {});
  const counted = parts.length > 0 ? parts : containers;
  const asks = counted.some(({ requests, limits }) =>
    computed.some((name) => positive(requests, name) !== undefined || positive(limits, name) !== undefined),
  );
  if (!asks) return 'BestEffort';
  const guaranteed = counted.every(({ requests, limits }) =>
    computed.every((name) => {
      const limit = positive(limits, name);
      return limit !== undefined && compareQuantity(limit, requests?.[name] ?? limit) === 0;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** The cgroup below which a pod's sandbox lives: `/kubepods/burstable/pod<uid>`. */
export function cgroupParentOf(pod: Pod, root: string): string {
  const qos = qosClassOf(pod);
  const parent = qos === 'Guaranteed' ? root : `${root}/${qos.toLowerCase()}`;
  return `${parent}/pod${pod.metadata.uid}`;
}

/** Wherever a pod's cgroup may be, whatever its class. */
export function cgroupsOf(uid: string, root: string): readonly string[] {
  return [root, `${root}/burstable`, `${root}/besteffort`].map((parent) => `${parent}/pod${uid}`);
}

/** CPU weight in cgroup v1's terms, 2 at least. */
export function cpuShares(milliCpu: number): number {
  return milliCpu === 0 ? 2 : Math.max(2, Math.floor((milliCpu * 1024) / 1000));
}

const periodUs = 100_000;
const leastQuotaUs = 1000;
const nodeCriticalPriority = 2_000_001_000;

/** How soon the kernel kills a container when memory runs out: −997 (last) to 1000 (first). */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if ((pod.spec?.priority ?? 0) >= nodeCriticalPriority) return -997;
  const qos = qosClassOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const requested = value(parseQuantity(requestsOf(container)['memory'] ?? '0'));
  const score = 1000 - Math.floor((1000 * requested) / Math.max(1, nodeMemoryBytes));
  return Math.min(999, Math.max(3, score));
}

/** The values for a container's own cgroup. A container without limits of its own is bounded by the pod's. */
export function linuxResources(pod: Pod, container: Container, nodeMemoryBytes: number): LinuxResources {
  const limits = { ...pod.spec?.resources?.limits, ...container.resources?.limits };
  const requests = { ...limits, ...container.resources?.requests };
  const milliLimit = milliValue(limits['cpu'] ?? '0');
  const memory = value(limits['memory'] ?? '0');
  const hugepages = Object.entries(limits).flatMap(([name, amount]) =>
    name.startsWith('hugepages-') ? [{ pageSize: `${name.slice('hugepages-'.length).replace(/i$/, '')}B`, limitBytes: value(amount) }] : [],
  );
  return {
    cpuShares: cpuShares(milliValue(requests['cpu'] ?? '0')),
    cpuPeriodUs: periodUs,
    ...(milliLimit === 0 ? {} : { cpuQuotaUs: Math.max(leastQuotaUs, (milliLimit * periodUs) / 1000) }),
    ...(memory === 0 ? {} : { memoryLimitBytes: memory }),
    ...(hugepages.length === 0 ? {} : { hugepageLimits: hugepages }),
    oomScoreAdj: oomScoreAdj(pod, container, nodeMemoryBytes),
  };
}

/** What the node has set aside for the pod, summed over its containers; undefined where nothing is asked for. */
export function allocatedResources(pod: Pod): Amounts | undefined {
  const spec = pod.spec;
  if (spec === undefined) return undefined;
  const own = { ...spec.resources?.limits, ...spec.resources?.requests };
  const sum = new Map<string, string>();
  const add = (amounts: Amounts): void => {
    for (const [name, amount] of Object.entries(amounts)) sum.set(name, formatQuantity(addQuantity(sum.get(name) ?? '0', amount)));
  };
  for (const container of spec.containers) add(requestsOf(container));
  for (const container of spec.initContainers ?? []) if (container.restartPolicy === 'Always') add(requestsOf(container));
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') continue;
    for (const [name, amount] of Object.entries(requestsOf(container))) {
      if (compareQuantity(amount, sum.get(name) ?? '0') > 0) sum.set(name, amount);
    }
  }
  const total = { ...Object.fromEntries(sum), ...own };
  return Object.keys(total).length === 0 ? undefined : total;
}
