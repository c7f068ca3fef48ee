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
  probes: [{ atMs: 0, kind: 'liveness', result: 'failure', output: 'no answer\n' }],
  kernel: { process: 'tail', pid: 7, residentBytes: 23 * 2 ** 20 },
  log: ['starting', 'Killed'],
};

test('a pod that crashes: its state, what it waits for, its last words', () => {
  const pod = {
    metadata: { name: 'p' },
    spec: { nodeName: 'node1' },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
        { type: 'PodScheduled', status: 'True' },
      ],
      containerStatuses: [{ name: 'c', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } } }],
    },
  } as unknown as Pod;
  const event = {
    lastTimestamp: '2026-01-01T00:00:31Z',
    type: 'Warning',
    reason: 'BackOff',
    message: 'Back-off',
    count: 2,
  } as unknown as Event;
  expect(whyPodText('p', pod, [event], { reasons: ['c waits 20000 ms after a crash'], words: [words], silent: ['node2'] })).toEqual([
    'Pod p: Running',
    '  on node node1',
    '  Ready is False: ContainersNotReady',
    '  container c waits, CrashLoopBackOff: back-off 20s; restarted 2 times',
    '',
    'What it waits for:',
    '  c waits 20000 ms after a crash',
    '',
    'Last events:',
    '  2026-01-01T00:00:31Z Warning BackOff: Back-off (2 times)',
    '',
    'Last words of its containers:',
    '  c #1 ended 2026-01-01T00:00:30Z after 30 s: OOMKilled, exit 137',
    '    the kernel killed tail (pid 7) for lack of memory: it held 23.0 MiB',
    '    used 20.0 MiB of 24.0 MiB of memory, 0.50 cores in its last minute',
    '    liveness probe failed: no answer',
    '    its log ended:',
    '      | starting',
    '      | Killed',
    '',
    'Nodes that did not answer: node2',
  ]);
});

test('a pod that is no more still has its last words', () => {
  const lines = whyPodText('p', undefined, [], { reasons: [], words: [{ ...words, probes: [], usage: [], log: [] }], silent: [] });
  expect(lines.slice(0, 4)).toEqual([
    'Pod p is not there (any more).',
    '',
    'Last words of its containers:',
    expect.stringContaining('c #1 ended'),
  ]);
});
