// Owns the proof of eviction: what is observed, which threshold is acted on, who goes first and with what words, and the round of it all in virtual time.
import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { silentLog } from '../../base/log.ts';
import { cpuOf, memoryOf, type NodeUsage } from '../stats/node-usage.ts';
import { startEvictor } from './evictor.ts';
import { actOn, isUnder, noPressure, observePressure, transitionMs } from './pressure.ts';
import { evictionWords, exceededLimit, type PodUse, rankForEviction } from './ranking.ts';
import { bytesText, defaultThresholds, leastText, metThresholds, observationsOf, parseThresholds, type Threshold } from './signals.ts';

const Mi = 2 ** 20;
const memory = (least: string): Threshold => ({ signal: 'memory.available', least: { amount: least }, graceMs: 0 });

function use(name: string, memoryBytes: number, request: string | undefined, priority = 0): PodUse {
  const requests = request === undefined ? {} : { requests: { memory: request } };
  const pod = {
    metadata: { name, uid: name },
    spec: { priority, containers: [{ name: 'c', resources: requests }] },
    status: { phase: 'Running' },
  } as unknown as Pod;
  const containers = [{ name: 'c', memoryBytes, diskBytes: 0 }];
  return { pod, memoryBytes, diskBytes: 0, inodes: 0, processes: 1, containers };
}

function nodeUsage(workingSetBytes: number): NodeUsage {
  const memoryUsage = { capacityBytes: 1000 * Mi, usageBytes: 0, workingSetBytes, rssBytes: 0, pageFaults: 0, majorPageFaults: 0 };
  return { memory: memoryUsage, cpuNanoseconds: 0, processes: undefined, nodeFilesystem: undefined, imageFilesystem: undefined };
}

test('memory is what the kernel says of the root cgroup, without what can be given back', () => {
  const meminfo = 'MemTotal:       1000 kB\nMemFree:         300 kB\n';
  expect(memoryOf(meminfo, '614400\n', 'inactive_file 1\ntotal_inactive_file 102400\ntotal_rss 7\n')).toMatchObject({
    capacityBytes: 1024000,
    usageBytes: 614400,
    workingSetBytes: 512000,
    rssBytes: 7,
  });
  expect(memoryOf(meminfo, '', 'anon 5\ninactive_file 1024\n')).toMatchObject({ usageBytes: 716800, workingSetBytes: 715776, rssBytes: 5 });
  expect(memoryOf('', '', '')).toBeUndefined();
  expect(cpuOf('cpu  10 1 4 1000 7 1 2 0 0 0\ncpu0 1')).toBe(180_000_000);
});

test.each([
  ['memory.available<100Mi', [memory('100Mi')]],
  ['nodefs.available<10%', [{ signal: 'nodefs.available', least: { fraction: 0.1 }, graceMs: 0 }]],
])('--eviction-hard %s', (text, thresholds) => {
  expect(parseThresholds(text)).toEqual(thresholds);
});

test('an unknown signal is refused', () => {
  expect(() => parseThresholds('luck.available<1')).toThrow('unknown eviction signal "luck.available"');
});

test.each([
  [421_232_640, '411360Ki'],
  [10 * Mi, '10Mi'],
  [0, '0'],
  [1000, '1000'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test('a fraction is told in bytes', () => {
  expect(leastText({ signal: 'nodefs.available', least: { fraction: 0.1 }, graceMs: 0 }, 100 * Mi)).toBe('10Mi');
});

test('a threshold is met below its least, and only where the node tells', () => {
  expect(metThresholds(defaultThresholds, observationsOf(nodeUsage(950 * Mi))).map(({ signal }) => signal)).toEqual(['memory.available']);
  expect(metThresholds(defaultThresholds, observationsOf(nodeUsage(800 * Mi)))).toEqual([]);
});

test('a soft threshold waits for its grace, and a pressure lasts five minutes longer than its cause', () => {
  const thresholds = [{ ...memory('100Mi'), graceMs: 60_000 }];
  const [low, high] = [observationsOf(nodeUsage(950 * Mi)), observationsOf(nodeUsage(10 * Mi))];
  let state = observePressure(noPressure, thresholds, low, 0);
  expect([isUnder(state, 'memory', 0), actOn(state, thresholds, low, 0)]).toEqual([true, undefined]);
  state = observePressure(state, thresholds, low, 60_000);
  expect(actOn(state, thresholds, low, 60_000)).toEqual(thresholds[0]);
  state = observePressure(state, thresholds, high, 70_000);
  expect(isUnder(state, 'memory', 60_000 + transitionMs - 1)).toBe(true);
  expect(isUnder(state, 'memory', 60_000 + transitionMs)).toBe(false);
});

test.each<[string, readonly PodUse[], readonly string[]]>([
  ['who uses more than it asked for goes first', [use('a', 50 * Mi, '100Mi'), use('b', 20 * Mi, '10Mi')], ['b', 'a']],
  ['then the less important', [use('a', 90 * Mi, '10Mi', 100), use('b', 20 * Mi, '10Mi')], ['b', 'a']],
  ['then the one that uses most beyond its request', [use('a', 90 * Mi, '80Mi'), use('b', 60 * Mi, '10Mi')], ['b', 'a']],
  ['what asked for nothing uses all of it too much', [use('a', 90 * Mi, '80Mi'), use('b', 20 * Mi, undefined)], ['b', 'a']],
  ['the critical never go', [use('a', 90 * Mi, undefined, 2_000_000_000), use('b', 1 * Mi, '10Mi')], ['b']],
])('%s', (_, pods, order) => {
  expect(rankForEviction(pods, memory('100Mi')).map(({ pod }) => pod.metadata.name)).toEqual(order);
});

test('the words name what is scarce and who uses too much of it', () => {
  const words = evictionWords(use('p', 421_232_640, '10Mi'), memory('19667Mi'), { available: 20_323_639_296, capacity: 2 ** 35 });
  expect(words.message).toBe(
    'The node was low on resource: memory. Threshold quantity: 19667Mi, available: 19847304Ki. Container c was using 411360Ki, request is 10Mi, has larger consumption of memory. ',
  );
  expect(words.annotations).toEqual({ offending_containers: 'c', offending_containers_usage: '411360Ki', starved_resource: 'memory' });
});

const disk = (emptyDir: number, container: number) => ({ emptyDirs: new Map([['v', emptyDir]]), containers: new Map([['c', container]]) });

test.each<[string, object, ReturnType<typeof disk>, string | undefined]>([
  ['an emptyDir within its limit', { volumes: [{ name: 'v', emptyDir: { sizeLimit: '4Mi' } }] }, disk(4 * Mi, 0), undefined],
  [
    'an emptyDir beyond its limit',
    { volumes: [{ name: 'v', emptyDir: { sizeLimit: '4Mi' } }] },
    disk(5 * Mi, 0),
    'Usage of EmptyDir volume "v" exceeds the limit "4Mi". ',
  ],
  ['one in memory', { volumes: [{ name: 'v', emptyDir: { sizeLimit: '4Mi', medium: 'Memory' } }] }, disk(5 * Mi, 0), undefined],
  [
    'volumes beyond the limit of all containers',
    { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '3Mi' } } }] },
    disk(2 * Mi, 2 * Mi),
    'Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. ',
  ],
  [
    'the limit of one container, which then holds for all of them',
    {
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '1Mi' } } }, { name: 'd' }],
    },
    disk(2 * Mi, 0),
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
  ],
  [
    'one container beyond its own',
    {
      containers: [
        { name: 'c', resources: { limits: { 'ephemeral-storage': '1Mi' } } },
        { name: 'd', resources: { limits: { 'ephemeral-storage': '4Mi' } } },
      ],
    },
    disk(0, 2 * Mi),
    'Container c exceeded its local ephemeral storage limit "1Mi". ',
  ],
])('local storage: %s', (_, spec, used, message) => {
  expect(exceededLimit({ spec: { containers: [{ name: 'c' }], ...spec } } as unknown as Pod, used)).toBe(message);
});

test('a round: pressure is told, one pod goes, and the next only once that one is gone', async () => {
  const clock = new VirtualClock();
  const pods = [use('a', 90 * Mi, undefined), use('b', 50 * Mi, undefined)];
  const evicted: string[] = [];
  const told: string[] = [];
  let changes = 0;
  const evictor = startEvictor({
    clock,
    log: silentLog,
    thresholds: [memory('100Mi')],
    usage: async () => nodeUsage(950 * Mi),
    pods: () => pods.map(({ pod }) => pod),
    use: async (wanted) => pods.filter(({ pod }) => wanted.includes(pod)),
    diskUse: async () => new Map(),
    freeDisk: async () => 0,
    evict: ({ metadata }, _message, _annotations, graceSeconds, disruption) => {
      evicted.push(`${metadata.name} ${graceSeconds} ${disruption}`);
    },
    tellNode: (_type, reason, message) => told.push(`${reason}: ${message}`),
    onChange: () => changes++,
  });
  await clock.advance(10_000);
  expect([evicted, told, changes, evictor.pressures]).toEqual([
    ['a 1 true'],
    ['EvictionThresholdMet: Attempting to reclaim memory'],
    1,
    { memory: true, disk: false, pid: false },
  ]);
  await clock.advance(10_000);
  expect(evicted).toEqual(['a 1 true']);
  pods.shift();
  await clock.advance(10_000);
  expect(evicted).toEqual(['a 1 true', 'b 1 true']);
  await evictor.stop();
});
