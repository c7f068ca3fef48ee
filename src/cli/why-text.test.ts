// Owns the proof of what `peapod why` says.
import { expect, test } from 'vitest';
import type { Event, Pod } from '../api/core/v1.ts';
import type { PodLastWords } from '../cluster/last-words-route.ts';
import { whyPodText } from './why-text.ts';

const words: PodLastWords['words'][number] = {
  containerId: 'x',
  namespace: 'ns',
  pod: 'p',
  podUid: 'u',
  container: 'c',
  attempt: 1,
  exitCode: 137,
  signal: 0,
  reason: 'OOMKilled',
  message: '',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:00:30Z',
  memoryLimitBytes: 24 * 2 ** 20,
  usage: [
    { atMs: 0, memoryBytes: 2 ** 20, cpuNanoseconds: 0 },
    { atMs: 10_000, memoryBytes: 20 * 2 ** 20, cpuNanoseconds: 5e9 },
  ],
  probes: [
    { atMs: 0, kind: 'liveness', result: 'failure', output: 'no answer\n' },
    { atMs: 1, kind: 'liveness', result: 'failure', output: 'no answer\n' },
  ],
  kernel: { process: 'tail', pid: 7, residentBytes: 23 * 2 ** 20 },
  log: ['starting', 'Killed'],
};

test('a pod that crashes: its state, what it waits for, its last words', () => {
  const pod = {
    metadata: { name: 'p', uid: 'u' },
    spec: { nodeName: 'node1' },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
        { type: 'PodScheduled', status: 'True' },
      ],
      containerStatuses: [
        {
          name: 'c',
          restartCount: 2,
          state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } },
          lastState: {
            terminated: {
              exitCode: 137,
              reason: 'OOMKilled',
              startedAt: '2026-01-01T00:00:00Z',
              finishedAt: '2026-01-01T00:00:30Z',
              containerID: 'containerd://x',
            },
          },
        },
      ],
    },
  } as unknown as Pod;
  const event = {
    lastTimestamp: '2026-01-01T00:00:31Z',
    type: 'Warning',
    reason: 'BackOff',
    message: 'Back-off',
    count: 2,
  } as unknown as Event;
  const nowMs = Date.parse('2026-01-01T00:00:41Z');
  const same = { ...words, attempt: 0, finishedAt: '2026-01-01T00:00:02Z' };
  const known = { reasons: ['c starts again soon'], words: [same, words], silent: ['node2'] };
  expect(whyPodText('p', pod, [event], known, nowMs)).toEqual([
    'Pod p: Running, on node node1',
    '  container c waits: CrashLoopBackOff; restarted 2 times',
    '',
    'Why: c ran out of memory (its limit is 24.0 MiB) 30 s after its start: the kernel killed tail, which held 23.0 MiB (2 bad ends so far)',
    '     Raise resources.limits.memory of c, or find what of it grows.',
    '',
    'What it waits for:',
    '  c starts again soon',
    '',
    'Last events:',
    '  ! 10 s ago (2 times) BackOff: Back-off',
    '',
    'Last words of its containers:',
    '  c #1 ended 2026-01-01T00:00:30Z (11 s ago) after 30 s: OOMKilled, exit 137',
    '    as the one before it',
    '    the kernel killed tail (pid 7) for lack of memory: it held 23.0 MiB',
    '    used 20.0 MiB of 24.0 MiB of memory, 0.50 cores in its last minute',
    '    liveness probe failed: no answer (2 times)',
    '    its log ended:',
    '      | starting',
    '      | Killed',
    '',
    'Nodes that did not answer: node2',
  ]);
});

test('a pod that is no more still has its last words', () => {
  const lines = whyPodText('p', undefined, [], { reasons: [], words: [{ ...words, probes: [], usage: [], log: [] }], silent: [] }, 0);
  expect(lines.slice(0, 4)).toEqual([
    'Pod p is not there (any more).',
    '',
    'Last words of its containers:',
    expect.stringContaining('c #1 ended'),
  ]);
});
