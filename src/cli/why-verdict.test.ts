// Owns the proof of the short answers of `peapod why`.
import { expect, test } from 'vitest';
import type { ContainerStatus, Event, Pod } from '../api/core/v1.ts';
import type { PodLastWords } from '../cluster/last-words-route.ts';
import { verdictsOf } from './why-verdict.ts';

type Words = PodLastWords['words'][number];

const said = (more: Partial<Words>): Words => ({
  containerId: 'x',
  namespace: 'ns',
  pod: 'p',
  podUid: 'u',
  container: 'c',
  attempt: 1,
  exitCode: 1,
  signal: 0,
  reason: 'Error',
  message: '',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:00:03Z',
  usage: [],
  probes: [],
  log: [],
  ...more,
});

const waits = (reason: string, message: string): Partial<ContainerStatus> => ({ state: { waiting: { reason, message } } });
const ended = (exitCode: number, reason = 'Error', message?: string): Partial<ContainerStatus> => {
  const span = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:03Z', containerID: 'containerd://x' };
  const terminated = { exitCode, reason, ...span, ...(message === undefined ? {} : { message }) };
  return { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } };
};
const runs = (more: Partial<ContainerStatus>): Partial<ContainerStatus> => ({ state: { running: {} }, ...more });
const event = (message: string): Event => ({ message, involvedObject: { fieldPath: 'spec.containers{c}' } }) as Event;
const refused = (what: string): Partial<ContainerStatus> =>
  waits('ImagePullBackOff', `Back-off pulling image "r.test/a:1": ErrImagePull: rpc error: code = Unknown desc = failed to pull: ${what}`);
const noAnswer = { atMs: 1, kind: 'liveness', result: 'failure', output: 'no\nanswer\n' } as const;

test.each<[string, Partial<ContainerStatus>, Words | undefined, readonly Event[], string | undefined]>([
  [
    'out of memory',
    ended(137, 'OOMKilled'),
    said({ memoryLimitBytes: 2 ** 25, kernel: { process: 'sh', pid: 7, residentBytes: 2 ** 25 } }),
    [],
    'c ran out of memory (its limit is 32.0 MiB) 3 s after its start: the kernel killed sh, which held 32.0 MiB',
  ],
  ['out of memory, nothing else known', ended(137, 'OOMKilled'), undefined, [], 'c ran out of memory 3 s after its start'],
  [
    'a failed probe',
    ended(137),
    said({ probes: [noAnswer] }),
    [],
    'c was stopped because its liveness probe failed 3 s after its start: no ⏎ answer',
  ],
  [
    'a probe that failed once, and then was answered',
    ended(3),
    said({ probes: [noAnswer, { ...noAnswer, result: 'success' }], log: ['one', 'FATAL: no', 'two'] }),
    [],
    'c ended by itself 3 s after its start with exit code 3. Its log: FATAL: no',
  ],
  [
    'a message of its own',
    ended(3, 'Error', 'no disk\n'),
    said({ log: ['x'] }),
    [],
    'c ended by itself 3 s after its start with exit code 3. It said: no disk',
  ],
  ['a code of the shell', ended(127), undefined, [], 'c ended by itself 3 s after its start with exit code 127, a command was not found.'],
  [
    'no error',
    ended(0, 'Completed'),
    undefined,
    [],
    'c ends by itself without an error 3 s after its start, and restartPolicy Always starts it again',
  ],
  [
    'no such program',
    waits('RunContainerError', 'runc: exec: "x": executable file not found in $PATH: unknown'),
    undefined,
    [],
    'c could not be started: x: executable file not found in $PATH',
  ],
  [
    'no such image',
    refused('docker.io/a:1: not found'),
    undefined,
    [],
    'the image r.test/a:1 cannot be pulled: the registry has no such image',
  ],
  [
    'no such registry',
    refused('dial tcp: lookup r.test on 1.1.1.1:53: no such host'),
    undefined,
    [],
    'the image r.test/a:1 cannot be pulled: the registry’s name cannot be resolved',
  ],
  ['a private registry', refused('401 Unauthorized'), undefined, [], 'the image r.test/a:1 cannot be pulled: the registry refuses it'],
  [
    'a registry that is down',
    refused('dial tcp 1.1.1.1:443: connect: connection refused'),
    undefined,
    [],
    'the image r.test/a:1 cannot be pulled: the registry cannot be reached',
  ],
  [
    'never pulled',
    waits('ErrImageNeverPull', 'Container image "a:1" is not present with pull policy of Never'),
    undefined,
    [],
    'the image a:1 is not on the node',
  ],
  [
    'a missing map',
    waits('CreateContainerConfigError', 'configmap "conf" not found'),
    undefined,
    [],
    'c waits for the configmap conf, which is not there',
  ],
  [
    'a user that must not be',
    waits('CreateContainerConfigError', 'image will run as root'),
    undefined,
    [],
    'c cannot be made: image will run as root',
  ],
  [
    'not ready',
    runs({ ready: false, started: true }),
    undefined,
    [event('Readiness probe failed: 404')],
    'c runs, but its readiness probe fails: 404',
  ],
  [
    'not started',
    runs({ ready: false, started: false }),
    undefined,
    [event('Startup probe failed: 404')],
    'c runs, but its startup probe fails: 404',
  ],
  ['well', runs({ ready: true, started: true }), undefined, [event('Readiness probe failed: 404')], undefined],
  ['well again', { ...ended(3), ...runs({ ready: true, started: true }) }, said({}), [], undefined],
])('a container with %s', (_, status, words, events, what) => {
  const pod = {
    metadata: { name: 'p', uid: 'u' },
    spec: {},
    status: { phase: 'Running', containerStatuses: [{ name: 'c', ready: false, started: false, ...status }] },
  } as unknown as Pod;
  expect(verdictsOf(pod, words === undefined ? [] : [words], events)[0]?.what).toBe(what);
});

test('words of an earlier pod of the same name are not counted', () => {
  const status = { phase: 'Running', containerStatuses: [{ name: 'c', ...ended(3) }] };
  const pod = { metadata: { name: 'p', uid: 'u' }, spec: {}, status } as unknown as Pod;
  const all = [said({ podUid: 'old' }), said({ attempt: 0 }), said({})];
  expect(verdictsOf(pod, all, [])[0]?.what).toContain('(2 bad ends so far)');
});
