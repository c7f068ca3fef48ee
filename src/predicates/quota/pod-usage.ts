// Owns what a pod uses of a quota: its requests and limits as upstream adds them up, and which names stand for them. Pure.
import type { Container, ContainerStatus, Pod } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { type AmountList, add, most } from './amounts.ts';

type Side = 'requests' | 'limits';

/** Requests of these, and limits of these, can be named without their side as well (requests) or need it (limits). */
const native = ['cpu', 'memory', 'ephemeral-storage'];
const one = '1';

/** Whether a resource name is one that some vendor made up: it has a domain, and not Kubernetes' own. */
export function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

/** The names of a quota that pods count for, of those given. */
export function podResourcesOf(names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    if (name === 'pods' || name === 'count/pods') return true;
    const bare = name.replace(/^(requests|limits)\./, '');
    if (native.includes(bare)) return true;
    if (/^(requests\.)?hugepages-/.test(name)) return true;
    return name.startsWith('requests.') && isExtended(bare);
  });
}

/** Whether a pod still uses what it asked for: ended ones and those that should be gone do not. */
export function stillCounts({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return nowMs <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

/** What a pod uses, by every name that a quota may have for it. */
export function podUsage(pod: Pod, nowMs: number): AmountList {
  const counted: AmountList = { 'count/pods': one };
  return stillCounts(pod, nowMs) ? { ...counted, pods: one, ...computeNames(totalOf(pod, 'requests'), totalOf(pod, 'limits')) } : counted;
}

function computeNames(requests: AmountList, limits: AmountList): AmountList {
  const named: Record<string, AmountList[string]> = {};
  for (const [name, amount] of Object.entries(requests)) {
    if (native.includes(name) || name.startsWith('hugepages-')) named[name] = amount;
    if (native.includes(name) || name.startsWith('hugepages-') || isExtended(name)) named[`requests.${name}`] = amount;
  }
  for (const [name, amount] of Object.entries(limits)) if (native.includes(name)) named[`limits.${name}`] = amount;
  return named;
}

/** A pod's requests or limits: its containers', raised to what its init containers need, with what is set for the pod and its overhead. */
export function totalOf(pod: Pod, side: Side): AmountList {
  const { spec, status } = pod;
  const of = (container: Container, statuses: readonly ContainerStatus[] | undefined): AmountList => {
    const asked: AmountList = container.resources?.[side] ?? {};
    const running = statuses?.find(({ name }) => name === container.name);
    return most(asked, side === 'requests' ? most(running?.resources?.requests ?? {}, running?.allocatedResources ?? {}) : {});
  };
  let total: AmountList = {};
  for (const container of spec.containers) total = add(total, of(container, status?.containerStatuses));
  let sidecars: AmountList = {};
  let peak: AmountList = {};
  for (const container of spec.initContainers ?? []) {
    const own = of(container, status?.initContainerStatuses);
    if (container.restartPolicy === 'Always') {
      total = add(total, own);
      sidecars = add(sidecars, own);
      peak = most(peak, sidecars);
    } else peak = most(peak, add(sidecars, own));
  }
  total = most(total, peak);
  for (const [name, amount] of Object.entries(spec.resources?.[side] ?? {}))
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) total = { ...total, [name]: amount };
  const overhead: AmountList = spec.overhead ?? {};
  if (side === 'requests') return add(total, overhead);
  const limited = Object.entries(overhead).filter(([name]) => total[name] !== undefined && compareQuantity(total[name] ?? '0', '0') !== 0);
  return add(total, Object.fromEntries(limited));
}

/** The complaint about containers that leave open what a quota on cpu or memory makes everybody say; undefined where nothing is missing. */
export function podConstraint(required: readonly string[], { spec }: Pod): string | undefined {
  const level = named(spec.resources);
  const needed = required
    .filter((name) => /^((requests|limits)\.)?(cpu|memory)$/.test(name) && !level.has(name))
    .toSorted((a, b) => (a < b ? -1 : 1));
  const missing = needed.flatMap((name) => {
    const silent = [...spec.containers, ...(spec.initContainers ?? [])].filter(({ resources }) => !named(resources).has(name));
    const names = [...new Set(silent.map((container) => container.name))].sort();
    return names.length === 0 ? [] : [`${name} for: ${names.join(',')}`];
  });
  return missing.length === 0 ? undefined : `must specify ${missing.join('; ')}`;
}

function named(resources: Container['resources']): ReadonlySet<string> {
  return new Set(Object.keys(computeNames(resources?.requests ?? {}, resources?.limits ?? {})));
}
