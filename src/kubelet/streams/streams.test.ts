// Tests which instance of a container is meant, in upstream's words, and the connection built on it.
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ContainerStatus as ApiContainerStatus, Pod } from '../../api/core/v1.ts';
import { VirtualClock } from '../../base/clock-virtual.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import type { ContainerStatus, Runtime } from '../../runtime/runtime.ts';
import { RuntimeError } from '../../runtime/runtime.ts';
import { memoryFiles } from '../../runtime/simulated/memory-files.ts';
import type { FoundPod } from '../pod-lookup.ts';
import { logInstance } from './choose-instance.ts';
import { nodeConnection } from './local-connection.ts';

type State = ContainerStatus['state'];

function instance(id: string, attempt: number, state: State): ContainerStatus {
  return {
    id,
    sandboxId: 's',
    metadata: { name: 'c', attempt },
    state,
    createdAtMs: attempt,
    startedAtMs: 0,
    finishedAtMs: 0,
    exitCode: 0,
    signal: 0,
    reason: '',
    message: '',
    image: '',
    imageRef: '',
    labels: {},
    annotations: {},
    logPath: `/logs/${attempt}.log`,
  };
}

function found(containers: readonly ContainerStatus[], status?: Partial<ApiContainerStatus>, tty = false): FoundPod {
  const pod = {
    metadata: { name: 'p', namespace: 'ns' },
    spec: { containers: [{ name: 'c', tty }] },
    status: { containerStatuses: status === undefined ? [] : [{ name: 'c', ...status }] },
  } as unknown as Pod;
  return { pod, containers, sandboxes: [] };
}
const terminated = (id: string) => ({ terminated: { exitCode: 1, containerID: `containerd://${id}` } });
const waiting = (reason: string) => ({ state: { waiting: { reason } } });

test.each<[string, FoundPod, boolean, string]>([
  ['the one that runs', found([instance('a', 0, 'exited'), instance('b', 1, 'running')]), false, 'b'],
  ['the one that ended last', found([instance('a', 0, 'exited'), instance('b', 1, 'exited')]), false, 'b'],
  ['the last that began, where the next is only made', found([instance('a', 0, 'exited'), instance('b', 1, 'created')]), false, 'a'],
  [
    'a running one that the published status does not know yet',
    found([instance('a', 0, 'running')], waiting('ContainerCreating')),
    false,
    'a',
  ],
  ['previous: the one before', found([instance('a', 0, 'exited'), instance('b', 1, 'running')], { lastState: terminated('a') }), true, 'a'],
  ['previous, before the status says so', found([instance('a', 0, 'exited'), instance('b', 1, 'running')]), true, 'a'],
  [
    'previous, during the back-off',
    found([instance('b', 1, 'exited')], { ...waiting('CrashLoopBackOff'), lastState: terminated('b') }),
    true,
    'b',
  ],
])('the log meant is that of %s', (_, pod, previous, id) => expect(logInstance(pod, 'c', previous).id).toBe(id));

test.each<[FoundPod, boolean, string]>([
  [found([], waiting('ContainerCreating')), false, 'container "c" in pod "p" is waiting to start: ContainerCreating'],
  [found([], waiting('ErrImagePull')), false, 'container "c" in pod "p" is waiting to start: image can\'t be pulled'],
  [found([], waiting('ImagePullBackOff')), false, 'container "c" in pod "p" is waiting to start: trying and failing to pull image'],
  [found([], { state: {} }), false, 'container "c" in pod "p" is waiting to start - no logs yet'],
  [found([], { state: terminated('gone') }), false, 'container "c" in pod "p" is terminated'],
  [found([]), false, 'container "c" in pod "p" is not available'],
  [found([instance('a', 0, 'running')]), true, 'previous terminated container "c" in pod "p" not found'],
  [found([instance('a', 0, 'exited')], { state: terminated('a') }), true, 'previous terminated container "c" in pod "p" not found'],
])('no log: %#', (pod, previous, message) => {
  expect(() => logInstance(pod, 'c', previous)).toThrow(expect.objectContaining({ reason: 'BadRequest', message }));
});

function connect(pod: FoundPod | undefined, runtime: Partial<Runtime> = {}) {
  const files = memoryFiles();
  const clock = new VirtualClock();
  const connection = nodeConnection({ runtime: runtime as Runtime, files, clock, lookup: { find: () => pod } });
  return { files, clock, connection };
}
const address = { namespace: 'ns', pod: 'p', container: 'c' };
const wanted = { stdin: false, stdout: true, stderr: true, tty: false };

test('unknown pods and containers are not found', async () => {
  await expect(connect(undefined).connection.logs(address, {})).rejects.toMatchObject({ code: 404, message: 'pod "p" does not exist' });
  const { connection } = connect(found([]));
  const other = { ...address, container: 'x' };
  await expect(connection.logs(other, {})).rejects.toMatchObject({ code: 404, message: 'container "x" not found in pod "p"' });
  await expect(connection.exec(address, ['true'], wanted)).rejects.toMatchObject({ code: 404, message: 'container not found ("c")' });
  await expect(connection.portForward(address, 80)).rejects.toMatchObject({ code: 404, message: 'pod not found ("p_ns")' });
});

test('a followed log ends once the container has ended and its output is all there', async () => {
  let state: Partial<ContainerStatus> = { state: 'running' };
  const one = instance('a', 0, 'running');
  const { files, clock, connection } = connect(found([one]), { containerStatus: async () => ({ ...one, ...state }) });
  await files.writeFile('/logs/0.log', '2026-01-01T00:00:00Z stdout F one\n');
  let text = '';
  let over = false;
  const reading = (async () => {
    for await (const chunk of await connection.logs(address, { follow: true })) text += Buffer.from(chunk).toString();
    over = true;
  })();
  await clock.until(() => text === 'one\n');
  state = { state: 'exited', draining: true };
  await clock.advance(3000);
  expect(over).toBe(false);
  await files.writeFile('/logs/0.log', '2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:01Z stdout F last\n');
  state = { state: 'exited' };
  await clock.advance(1000);
  await reading;
  expect(text).toBe('one\nlast\n');
});

function streams(): ProcessStreams & { closed: number } {
  const made = {
    closed: 0,
    stdin: undefined,
    stdout: Readable.from([]),
    stderr: undefined,
    exit: new Promise<never>(() => {}),
    resize() {},
    close: () => void made.closed++,
  };
  return made;
}

test('streams are let go of when the asker goes', async () => {
  const opened = streams();
  const { connection } = connect(found([instance('a', 0, 'running')]), { exec: async () => opened });
  const asker = new AbortController();
  await connection.exec(address, ['sh'], { ...wanted, signal: asker.signal });
  expect(opened.closed).toBe(0);
  asker.abort();
  expect(opened.closed).toBe(1);
});

test('attach takes the terminal that the container has', async () => {
  const asked: boolean[] = [];
  const runtime: Partial<Runtime> = {
    attach: async (_, { tty }) => {
      asked.push(tty);
      return streams();
    },
  };
  await connect(found([instance('a', 0, 'running')], undefined, true), runtime).connection.attach(address, wanted);
  await connect(found([instance('a', 0, 'running')], undefined, false), runtime).connection.attach(address, { ...wanted, tty: true });
  expect(asked).toEqual([true, false]);
});

test.each([
  ['NotFound', 404],
  ['Unknown', 500],
] as const)('a runtime that says %s is answered with %i', async (code, expected) => {
  const exec = (): Promise<never> => Promise.reject(new RuntimeError(code, 'the runtime’s words'));
  const { connection } = connect(found([instance('a', 0, 'running')]), { exec });
  await expect(connection.exec(address, ['true'], wanted)).rejects.toMatchObject({ code: expected, message: 'the runtime’s words' });
});
