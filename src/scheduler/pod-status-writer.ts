// Owns what the scheduler writes about a pod that it could not place: the condition, the nomination, the event.
import type { Pod } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from '../client/client.ts';
import { subjectOf } from '../client/event-recorder.ts';
import type { SeriesRecorder } from '../client/event-series.ts';
import { resources } from '../client/resources.ts';

/** kube-scheduler cuts what an event says here; the condition has all of it. */
const longestNote = 1024;

/** What is to be written. `nominate`: a node; null: no longer any; absent: as it was. */
export interface PodReport {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  readonly nominate?: string | null;
}

/**
 * A pod's first refusal is written this much later, so that who creates a pod and reads it again at once sees it as they made it, which clients of a cluster
 * with a network in between are used to. A pod that is to be bound before is told of it first: watchers see the same steps, only closer together.
 */
const settleMs = 100;

/** A report that waits, with the pod that it is about and when it was made. */
type Waiting = PodReport & { readonly pod: Pod; readonly atMs: number };

/** Writes about pods. Nothing is written that the API shows already. Bound: one report a pod that waits for its node. */
export class PodStatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #recorderFor: (pod: Pod) => SeriesRecorder;
  readonly #shown: (pod: Pod) => Pod | undefined;
  readonly #waiting = new Map<string, Waiting>();
  readonly #writing = new Map<string, Promise<void>>();

  /** `recorderFor`: each profile tells under its own name. `shown`: what the API shows of a pod now. */
  constructor(client: Client, clock: Clock, recorderFor: (pod: Pod) => SeriesRecorder, shown: (pod: Pod) => Pod | undefined) {
    this.#client = client;
    this.#clock = clock;
    this.#recorderFor = recorderFor;
    this.#shown = shown;
  }

  /** Tells why a pod was not placed: the event at once, and in the pod's status, the first time a little later. */
  async report(pod: Pod, report: PodReport): Promise<void> {
    const { uid } = pod.metadata;
    const earlier = this.#waiting.has(uid);
    // Each refusal is seen, in order; and who is told of one already does not take the pod for untouched any more.
    if (earlier) await this.flush(pod);
    const shown = this.#shown(pod);
    this.#recorderFor(pod).record({
      // Of the pod as it is now: a refusal of an earlier state of it is another event.
      regarding: subjectOf(shown?.metadata.uid === uid ? shown : pod, 'v1', 'Pod'),
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      note: cut(report.message),
    });
    // Only what was there is taken back: somebody may nominate the pod before this is written.
    const told = report.nominate === null && !shown?.status?.nominatedNodeName ? without(report) : report;
    this.#waiting.set(uid, { ...told, pod, atMs: this.#clock.now() });
    const known = this.#shown(pod)?.status?.conditions?.some(({ type }) => type === 'PodScheduled');
    if (!earlier && !known) await this.#clock.sleep(settleMs);
    await this.flush(pod);
  }

  /** Writes what waits to be told of a pod, and resolves when that is done. A pod that is gone, or has a node, is no error. */
  async flush({ metadata: { uid } }: Pod): Promise<void> {
    await this.#writing.get(uid);
    const waiting = this.#waiting.get(uid);
    if (waiting === undefined) return;
    this.#waiting.delete(uid);
    const writing = this.#write(waiting).finally(() => this.#writing.delete(uid));
    this.#writing.set(uid, writing);
    await writing;
  }

  async #write({ pod, atMs, reason, message, nominate }: Waiting): Promise<void> {
    const shown = this.#shown(pod);
    if (shown?.metadata.uid !== pod.metadata.uid || shown.spec.nodeName) return;
    const before = shown.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    const nominated = shown.status?.nominatedNodeName ?? '';
    const same = before?.status === 'False' && before.reason === reason && before.message === message;
    const renominates = nominate !== undefined && (nominate ?? '') !== nominated;
    if (same && !renominates) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(atMs),
    };
    await this.#patch(pod, { ...(!same && { conditions: [condition] }), ...(renominates && { nominatedNodeName: nominate }) });
  }

  /** Tells that a pod has its node. */
  tellPlaced(pod: Pod, node: string): void {
    const { namespace = '', name } = pod.metadata;
    this.#recorderFor(pod).record({
      regarding: subjectOf(pod, 'v1', 'Pod'),
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      note: `Successfully assigned ${namespace}/${name} to ${node}`,
    });
  }

  /** Changes nothing but where the pod is nominated to. */
  async nominate(pod: Pod, node: string | null): Promise<void> {
    const { uid } = pod.metadata;
    const waiting = this.#waiting.get(uid);
    // What is said now is newer than what waits.
    if (waiting?.nominate !== undefined) this.#waiting.set(uid, without(waiting));
    await this.#writing.get(uid);
    await this.#patch(pod, { nominatedNodeName: node });
  }

  async #patch({ metadata: { namespace = '', name, uid } }: Pod, status: Readonly<Record<string, unknown>>): Promise<void> {
    const patch = { type: 'strategic', body: { metadata: { uid }, status } } as const;
    await this.#client.patch(resources.pods, { namespace, name }, patch, { subresource: 'status' }).catch((error: unknown) => {
      // Gone, or another pod under its name by now.
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
    });
  }
}

function without<Report extends PodReport>({ nominate: _, ...rest }: Report): Omit<Report, 'nominate'> {
  return rest;
}

function cut(message: string): string {
  return message.length <= longestNote ? message : `${message.slice(0, longestNote - 4)} ...`;
}
