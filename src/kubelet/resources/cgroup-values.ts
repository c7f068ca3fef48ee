// Owns the values of pods' and classes' own cgroups, above those of their containers, and how each version of cgroups spells them. Pure.
import type { Container, Pod } from '../../api/core/v1.ts';
import { milliValue, value } from '../../api/quantity.ts';
import { requestsOf } from '../../predicates/pod-resources.ts';
import { cpuShares, qosClassOf } from './qos.ts';

/** Absent: not bounded. */
export interface CgroupValues {
  readonly cpuShares: number;
  readonly cpuQuotaUs?: number;
  readonly memoryLimitBytes?: number;
}

const periodUs = 100_000;
const leastQuotaUs = 1000;

/** A limit of all containers together, where each of them has one; the pod's own goes before. */
export function limitOf({ spec }: Pod, name: 'cpu' | 'memory', amountOf: (quantity: string) => number): number | undefined {
  const own = spec.resources?.limits?.[name];
  if (own !== undefined) return amountOf(own);
  const inits = spec.initContainers ?? [];
  const sidecars = inits.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const limit = ({ resources }: Container): number => amountOf(resources?.limits?.[name] ?? '0');
  if ([...spec.containers, ...inits].some((container) => limit(container) === 0)) return undefined;
  const together = [...spec.containers, ...sidecars].reduce((sum, container) => sum + limit(container), 0);
  return inits.reduce((most, container) => Math.max(most, limit(container)), together);
}

/** The values of a pod's cgroup. */
export function podCgroupValues(pod: Pod): CgroupValues {
  if (qosClassOf(pod) === 'BestEffort') return { cpuShares: cpuShares(0) };
  const milliCpu = limitOf(pod, 'cpu', milliValue);
  const memoryLimitBytes = limitOf(pod, 'memory', value);
  return {
    cpuShares: cpuShares(requestsOf(pod).get('cpu') ?? 0),
    ...(milliCpu === undefined ? {} : { cpuQuotaUs: Math.max(leastQuotaUs, (milliCpu * periodUs) / 1000) }),
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
  };
}

/** The values of the cgroups of the two lesser classes: what burstable pods asked for together, and next to nothing. */
export function classCgroupValues(pods: readonly Pod[]): Readonly<Record<'burstable' | 'besteffort', CgroupValues>> {
  const milliCpu = pods.filter((pod) => qosClassOf(pod) === 'Burstable').reduce((sum, pod) => sum + (requestsOf(pod).get('cpu') ?? 0), 0);
  return { burstable: { cpuShares: cpuShares(milliCpu) }, besteffort: { cpuShares: cpuShares(0) } };
}

/** A value to be written. `controller` is the hierarchy in version 1. */
export interface CgroupFile {
  readonly controller: string;
  readonly file: string;
  readonly text: string;
  /** True where it says what a new cgroup has anyway. */
  readonly usual: boolean;
}

/** The files that hold the values. An absent bound is written as none, so that an earlier one goes. */
export function cgroupFiles({ cpuShares: shares, cpuQuotaUs, memoryLimitBytes }: CgroupValues, version: 1 | 2): readonly CgroupFile[] {
  if (version === 1) {
    return [
      { controller: 'cpu', file: 'cpu.shares', text: String(shares), usual: false },
      { controller: 'cpu', file: 'cpu.cfs_period_us', text: String(periodUs), usual: true },
      { controller: 'cpu', file: 'cpu.cfs_quota_us', text: String(cpuQuotaUs ?? -1), usual: cpuQuotaUs === undefined },
      { controller: 'memory', file: 'memory.limit_in_bytes', text: String(memoryLimitBytes ?? -1), usual: memoryLimitBytes === undefined },
    ];
  }
  // The kernel's scale of weights, as the OCI runtimes convert it.
  const weight = 1 + Math.floor(((shares - 2) * 9999) / 262142);
  return [
    { controller: '', file: 'cpu.weight', text: String(weight), usual: false },
    { controller: '', file: 'cpu.max', text: `${cpuQuotaUs ?? 'max'} ${periodUs}`, usual: cpuQuotaUs === undefined },
    { controller: '', file: 'memory.max', text: String(memoryLimitBytes ?? 'max'), usual: memoryLimitBytes === undefined },
  ];
}
