// Owns what the scheduler writes about a pod that it could not place: the condition, the nomination, the event.
import type { Pod } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import { formatTime } from '../base/time.ts';
import type { Client } from '../client/client.ts';
import { type EventRecorder, subjectOf } from '../client/event-recorder.ts';
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
 * A refusal is written this much later, so that who creates a pod and reads it again at once sees it as they made it, which clients of a cluster
 * with a network in between are used to.
 */
const settleMs = 100;

/** Writes about pods. Nothing is written that the API shows already. */
export class PodStatusWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #recorderFor: (pod: Pod) => EventRecorder;
  /** Reports that wait to be written, by the pod's uid. */
  readonly #held = new Map<string, { readonly hurry: AbortController; readonly written: Promise<void> }>();

  /** `recorderFor`: each profile tells under its own name. */
  constructor(client: Client, clock: Clock, recorderFor: (pod: Pod) => EventRecorder) {
    this.#client = client;
    this.#clock = clock;
    this.#recorderFor = recorderFor;
  }

  /** Tells why a pod was not placed; `shown` is what the API shows of it now. A pod that is gone is no error. */
  async report(pod: Pod, shown: Pod | undefined, { reason, message, nominate }: PodReport): Promise<void> {
    this.#recorderFor(pod).record(subjectOf(pod, 'v1', 'Pod'), 'Warning', 'FailedScheduling', cut(message));
    const before = shown?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
    const nominated = shown?.status?.nominatedNodeName ?? '';
    const same = before?.status === 'False' && before.reason === reason && before.message === message;
    const renominates = nominate !== undefined && (nominate ?? '') !== nominated;
    if (same && !renominates) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      observedGeneration: pod.metadata.generation,
      lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(this.#clock.now()),
    };
    const { uid } = pod.metadata;
    if (this.#held.has(uid)) await this.flush(pod);
    const hurry = new AbortController();
    const write = async (): Promise<void> => {
      await this.#clock.sleep(settleMs, hurry.signal).catch(() => {});
      await this.#patch(pod, { ...(!same && { conditions: [condition] }), ...(renominates && { nominatedNodeName: nominate }) });
    };
    const written = write();
    this.#held.set(uid, { hurry, written });
    try {
      await written;
    } finally {
      if (this.#held.get(uid)?.hurry === hurry) this.#held.delete(uid);
    }
  }

  /** What is still to be told of a pod is written now: whatever happens to it next is told after it. Never rejects. */
  async flush({ metadata: { uid } }: Pod): Promise<void> {
    const held = this.#held.get(uid);
    held?.hurry.abort();
    await held?.written.catch(() => {});
  }

  /** Tells that a pod has its node. */
  tellPlaced(pod: Pod, node: string): void {
    const { namespace = '', name } = pod.metadata;
    this.#recorderFor(pod).record(
      subjectOf(pod, 'v1', 'Pod'),
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${node}`,
    );
  }

  /** Changes nothing but where the pod is nominated to. */
  async nominate(pod: Pod, node: string | null): Promise<void> {
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

function cut(message: string): string {
  return message.length <= longestNote ? message : `${message.slice(0, longestNote - 4)} ...`;
}
