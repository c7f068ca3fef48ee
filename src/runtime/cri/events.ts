// Owns a runtime's events: which stream it offers, connecting again after a loss, and telling an exit as soon as it can be told rightly.
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { type Decoded, decodeMessage } from './codec.ts';
import { isUnimplemented, type RuntimeConnection } from './connection.ts';
import { EventQueue } from './event-queue.ts';

/** What the events need from the runtime that they belong to. */
export interface EventContext {
  readonly connection: RuntimeConnection;
  readonly clock: Clock;
  readonly log: Log;
  /** False while the runtime's own status still shows a container as not yet started. */
  hasStarted(id: string): Promise<boolean>;
  exitSeen(id: string, exit: { readonly exitCode: number; readonly atMs: number }): void;
  oomSeen(id: string): void;
  wasOomKilled(id: string): boolean;
  /** Whether Peapod itself is stopping it, so that an exit by SIGKILL is no surprise. */
  isStopping(id: string): boolean;
  removed(id: string): void;
}

const reconnect: Backoff = { baseMs: 100, factor: 2, maxMs: 5000 };
const lookAgain: Backoff = { baseMs: 2, factor: 2, maxMs: 100 };
const startShownWithinMs = 2000;
/** How long an unexplained SIGKILL waits for the kernel's word that memory ran out. */
const oomWithinMs = 50;
const relistMs = 1000;
const versionDeadlineMs = 5000;
const killed = 137;

const filters = ['topic~="^/tasks/(start|exit|oom)$"', 'topic=="/containers/delete"'].map((filter) => `namespace==k8s.io,${filter}`);

type Source = 'containerd' | 'cri' | 'relist';

/**
 * The runtime's events until the signal aborts. `resync` comes first, and again whenever the stream was broken and is whole again. Containerd's
 * own events are preferred: they tell of OOM kills, and every listener gets all of them. CRI's come second. A runtime with neither is
 * announced as changed every second.
 */
export async function* runtimeEvents(context: EventContext, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  const ended = new AbortController();
  const inner = AbortSignal.any([signal, ended.signal]);
  const queue = new EventQueue();
  const pump = pumpEvents(context, queue, inner);
  try {
    yield* queue.read(inner);
  } finally {
    ended.abort();
    await pump;
  }
}

async function pumpEvents(context: EventContext, queue: EventQueue, signal: AbortSignal): Promise<void> {
  const { clock, log } = context;
  let source: Source = 'containerd';
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (source === 'relist') {
        queue.push({ type: 'resync' });
        await clock.sleep(relistMs, signal);
        continue;
      }
      const stream = new AbortController();
      const reading = readStream(context, source, queue, AbortSignal.any([signal, stream.signal]));
      reading.catch(() => {});
      try {
        await context.connection.call('Version', { version: 'v1' }, versionDeadlineMs, signal);
        const first = await Promise.race([reading.then(() => 'ended' as const), clock.sleep(1, signal).then(() => 'open' as const)]);
        if (first === 'open') {
          queue.push({ type: 'resync' });
          failures = 0;
        }
        await reading;
      } finally {
        stream.abort();
        await reading.catch(() => {});
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isUnimplemented(error) && source !== 'relist') {
        source = source === 'containerd' ? 'cri' : 'relist';
        if (source === 'relist') log.warn('the runtime offers no events: it is looked at every second');
        continue;
      }
      log.debug('the runtime’s event stream broke', { error });
    }
    failures += 1;
    await clock.sleep(backoffMs(reconnect, failures), signal).catch(() => {});
  }
}

async function readStream(context: EventContext, source: 'containerd' | 'cri', queue: EventQueue, signal: AbortSignal): Promise<void> {
  if (source === 'containerd') return readContainerd(context, queue, signal);
  const types = {
    CONTAINER_STARTED_EVENT: 'started',
    CONTAINER_STOPPED_EVENT: 'exited',
    CONTAINER_DELETED_EVENT: 'deleted',
    CONTAINER_CREATED_EVENT: undefined,
  } as const;
  for await (const event of context.connection.stream('GetContainerEvents', {}, signal)) {
    const type = types[event.container_event_type];
    if (type === 'deleted') context.removed(event.container_id);
    if (type !== undefined) queue.push({ type, containerId: event.container_id, atMs: Math.floor(event.created_at / 1e6) });
  }
}

async function readContainerd(context: EventContext, queue: EventQueue, signal: AbortSignal): Promise<void> {
  const exits = new Set<Promise<void>>();
  const stream = context.connection.stream('Subscribe', { filters }, signal, { 'containerd-namespace': 'k8s.io' });
  for await (const { topic, event, timestamp } of stream) {
    const bytes = event?.value ?? new Uint8Array();
    const atMs = toMs(timestamp);
    if (topic === '/tasks/start') queue.push({ type: 'started', containerId: decodeMessage('TaskStart', bytes).container_id, atMs });
    else if (topic === '/tasks/oom') {
      const { container_id: containerId } = decodeMessage('TaskOOM', bytes);
      context.oomSeen(containerId);
      queue.push({ type: 'oom', containerId, atMs });
    } else if (topic === '/containers/delete') {
      const { id } = decodeMessage('ContainerDelete', bytes);
      context.removed(id);
      queue.push({ type: 'deleted', containerId: id, atMs });
    } else if (topic === '/tasks/exit') {
      const { container_id: containerId, id, exit_status: exitCode, exited_at: exitedAt } = decodeMessage('TaskExit', bytes);
      // A process that was executed in the container exits under an id of its own.
      if (id !== containerId) continue;
      const exit = { exitCode, atMs: toMs(exitedAt) };
      const shown = exitTold(context, containerId, exit, signal).then(
        () => queue.push({ type: 'exited', containerId, atMs: exit.atMs }),
        () => {},
      );
      exits.add(shown);
      void shown.finally(() => exits.delete(shown));
    }
  }
}

const toMs = (instant: Decoded<'Timestamp'> | undefined): number =>
  (instant?.seconds ?? 0) * 1000 + Math.floor((instant?.nanos ?? 0) / 1e6);

/**
 * Resolves once the exit can be told: the runtime's status shows the start (a short-lived process may end before), and for a SIGKILL from nowhere
 * the kernel had its moment to say that memory ran out. Waiting for the status to show the exit as well would take as long as the OCI runtime
 * takes to delete the container, some 40 ms.
 */
async function exitTold(
  context: EventContext,
  id: string,
  exit: { readonly exitCode: number; readonly atMs: number },
  signal: AbortSignal,
): Promise<void> {
  const { clock } = context;
  const startMs = clock.now();
  for (let looks = 1; !(await context.hasStarted(id)) && clock.now() - startMs < startShownWithinMs; looks++) {
    await clock.sleep(backoffMs(lookAgain, looks), signal);
  }
  while (exit.exitCode === killed && !context.isStopping(id) && !context.wasOomKilled(id) && clock.now() - startMs < oomWithinMs) {
    await clock.sleep(5, signal);
  }
  context.exitSeen(id, exit);
}
