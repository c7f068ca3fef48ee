// Owns the proof of last words: which ends are kept, what is read from the kernel's log, the bounds of what is kept, and that it outlives the kubelet.
import { expect, test } from 'vitest';
import { VirtualClock } from '../../base/clock-virtual.ts';
import { silentLog } from '../../base/log.ts';
import type { ContainerStatus, ContainerUsage, Runtime } from '../../runtime/runtime.ts';
import { memoryFiles } from '../../runtime/simulated/memory-files.ts';
import { isBadEnd, lastLines, lastWordsOf, oomKillsIn } from './last-words.ts';
import { LastWordsKeeper } from './last-words-keeper.ts';

const ended = (more: Partial<ContainerStatus>): ContainerStatus =>
  ({
    id: 'x',
    metadata: { name: 'c', attempt: 0 },
    state: 'exited',
    exitCode: 1,
    signal: 0,
    reason: 'Error',
    startedAtMs: 0,
    finishedAtMs: 1000,
    ...more,
  }) as ContainerStatus;

test.each<[Partial<ContainerStatus>, boolean]>([
  [{ exitCode: 1 }, true],
  [{ exitCode: 0, reason: 'Completed' }, false],
  [{ exitCode: 0, reason: 'OOMKilled' }, true],
  [{ state: 'running' }, false],
])('%j is a bad end: %s', (more, bad) => {
  expect(isBadEnd(ended(more))).toBe(bad);
});

test.each([
  ['', []],
  ['a\nb\n', ['a', 'b']],
  [`${'x'.repeat(400)}\n`, [`${'x'.repeat(300)}…`]],
])('the last lines of a log', (text, lines) => {
  expect(lastLines(text)).toEqual(lines);
});

test('the kernel names the process, the memory and the container', () => {
  const id = '7c295d97eb82bd0a4a6af50fa0eb97a18d7e9853704486b34a55b675f31e40bd';
  const log = [
    `6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=abc,mems_allowed=0,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1/${id},task=tail,pid=7071,uid=0`,
    '3,2,2,-;Memory cgroup out of memory: Killed process 7071 (tail) total-vm:34400kB, anon-rss:32256kB, file-rss:1320kB, shmem-rss:0kB, UID:0',
    '3,3,2,-;Out of memory: Killed process 9 (other) total-vm:1kB, anon-rss:1kB',
  ].join('\n');
  expect([...oomKillsIn(log)]).toEqual([[id, { process: 'tail', pid: 7071, residentBytes: 33576 * 1024 }]]);
});

test('what a container used and what its probes said is kept with its end, and found again by the next kubelet', async () => {
  const clock = new VirtualClock();
  const files = memoryFiles();
  const usage = [{ id: 'x', atMs: 1, cpuNanoseconds: 5, memoryWorkingSetBytes: 7 } as ContainerUsage];
  const options = {
    runtime: { usage: async () => usage } as unknown as Runtime,
    files,
    clock,
    log: silentLog,
    path: '/var/lib/kubelet/last-words.json',
    samples: true,
  };
  const kernel = async () => ({ process: 'tail', pid: 1, residentBytes: 2 });
  const keeper = new LastWordsKeeper({ ...options, kernel });
  await clock.advance(16_000);
  keeper.answered('x', { atMs: 2, kind: 'liveness', result: 'failure', output: 'y'.repeat(300) });
  const known = await keeper.take('x', true);
  expect(known).toMatchObject({ usage: [{ memoryBytes: 7 }], probes: [{ output: 'y'.repeat(200) }], kernel: { process: 'tail' } });
  expect((await keeper.take('x', false)).usage).toEqual([]);
  const about = { namespace: 'ns', pod: 'p', podUid: 'u', log: [], message: '' };
  for (let attempt = 0; attempt < 25; attempt++)
    await keeper.keep(lastWordsOf(ended({ id: `x${attempt}`, metadata: { name: 'c', attempt } }), { ...about, ...known }));
  await keeper.keep(lastWordsOf(ended({ id: 'x24' }), { ...about, ...known }));
  expect((await keeper.of('ns', 'p')).map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, index) => index + 5));
  await keeper.stop();
  const next = new LastWordsKeeper(options);
  expect((await next.of('ns', 'p')).length).toBe(20);
  expect(await next.of('ns', 'other')).toEqual([]);
  await next.stop();
});
