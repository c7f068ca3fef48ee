// Owns telling the API of pods that this node never runs: one status, one event, and nothing else is made of them.
import type { Pod } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { TaskGroup } from '../base/service.ts';
import { formatTime } from '../base/time.ts';
import { resources } from '../client/resources.ts';
import type { Refusal } from './admit-pod.ts';
import type { PodPorts } from './pod/ports.ts';
import { qosClassOf } from './resources/qos.ts';

const failedWriteMs = 1000;

/** Bound: the refused pods that are still in the API. */
export class RefusedPods {
  readonly #ports: Pick<PodPorts, 'client' | 'clock' | 'tell'>;
  readonly #tasks: TaskGroup;
  readonly #uids = new Set<string>();

  constructor(ports: Pick<PodPorts, 'client' | 'clock' | 'tell'>, tasks: TaskGroup) {
    this.#ports = ports;
    this.#tasks = tasks;
  }

  /** The object has left the API. */
  forget(uid: string): void {
    this.#uids.delete(uid);
  }

  /** Told once a pod; written until the API takes it. */
  refuse(pod: Pod, { reason, message }: Refusal): void {
    const { name = '', namespace = '', uid = '', generation } = pod.metadata;
    if (this.#uids.has(uid)) return;
    this.#uids.add(uid);
    const { client, clock, tell } = this.#ports;
    tell(pod, { type: 'Warning', reason, message });
    const status = {
      phase: 'Failed',
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: formatTime(clock.now()),
      qosClass: qosClassOf(pod),
      // As upstream has it: a pod that was refused tells nothing of itself but that.
      conditions: [{ $patch: 'replace' }],
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    this.#tasks.run('refuse a pod', async (signal) => {
      while (!signal.aborted && this.#uids.has(uid)) {
        try {
          const body = { metadata: { uid }, status };
          await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
          return;
        } catch (error) {
          if (hasReason(error, 'NotFound', 'Conflict')) return;
          await clock.sleep(failedWriteMs, signal);
        }
      }
    });
  }
}
