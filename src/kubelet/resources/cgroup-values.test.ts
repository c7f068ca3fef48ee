// Owns the proof of pods' own cgroup values, in both versions' spelling.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { cgroupFiles, classCgroupValues, podCgroupValues } from './cgroup-values.ts';

const podOf = (containers: readonly object[], more: object = {}): Pod =>
  ({
    metadata: { name: 'p' },
    spec: { containers: containers.map((resources, index) => ({ name: `c${index}`, resources })), ...more },
  }) as unknown as Pod;
const limits = (cpu: string, memory: string) => ({ limits: { cpu, memory }, requests: { cpu, memory } });

test.each<[string, Pod, object]>([
  ['best effort', podOf([{}]), { cpuShares: 2 }],
  [
    'guaranteed',
    podOf([limits('100m', '64Mi'), limits('200m', '64Mi')]),
    { cpuShares: 307, cpuQuotaUs: 30000, memoryLimitBytes: 134217728 },
  ],
  ['one without limits', podOf([limits('100m', '64Mi'), {}]), { cpuShares: 102 }],
  [
    'limits of the pod',
    podOf([{}], { resources: limits('200m', '128Mi') }),
    { cpuShares: 204, cpuQuotaUs: 20000, memoryLimitBytes: 134217728 },
  ],
  [
    'a bigger init container',
    podOf([limits('100m', '64Mi')], { initContainers: [{ name: 'i', resources: limits('500m', '64Mi') }] }),
    { cpuShares: 512, cpuQuotaUs: 50000, memoryLimitBytes: 67108864 },
  ],
])('a pod with %s', (_, pod, values) => {
  expect(podCgroupValues(pod)).toEqual(values);
});

test('burstable pods share what they asked for together', () => {
  const burstable = podOf([{ requests: { cpu: '250m' } }]);
  expect(classCgroupValues([burstable, burstable, podOf([{}])])).toEqual({ burstable: { cpuShares: 512 }, besteffort: { cpuShares: 2 } });
});

test.each([
  [1, ['cpu.shares=102', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=10000', 'memory.limit_in_bytes=-1']],
  [2, ['cpu.weight=4', 'cpu.max=10000 100000', 'memory.max=max']],
] as const)('version %d spells it so', (version, files) => {
  expect(cgroupFiles({ cpuShares: 102, cpuQuotaUs: 10000 }, version).map(({ file, text }) => `${file}=${text}`)).toEqual(files);
});

test.each([
  [1, ['cpu.cfs_period_us', 'memory.limit_in_bytes']],
  [2, ['memory.max']],
] as const)('what a new cgroup of version %d has anyway is said to be usual', (version, files) => {
  const given = cgroupFiles({ cpuShares: 102, cpuQuotaUs: 10000 }, version);
  expect(given.filter(({ usual }) => usual).map(({ file }) => file)).toEqual(files);
});
