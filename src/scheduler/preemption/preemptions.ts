// Owns the preemptions under way: victims are evicted beside the scheduling of others, and the pod they go for is not tried before that is done.
import type { Pod } from '../../api/core/v1.ts';
import type { TaskGroup } from '../../base/service.ts';
import type { ClusterState } from '../cluster-state.ts';
import type { PodQueue } from '../pod-queue.ts';
import type { PodStatusWriter } from '../pod-status-writer.ts';
import { displacedBy } from './preempt.ts';

/** What preemptions work with. `evict` rejects where the API refuses. */
export interface PreemptionParts {
  readonly cluster: ClusterState;
  readonly queue: PodQueue;
  readonly writer: PodStatusWriter;
  readonly tasks: TaskGroup;
  evict(preemptor: Pod, victims: readonly Pod[], node: string): Promise<void>;
}

/** Bound: one entry a pod whose victims are being evicted. */
export class Preemptions {
  readonly #parts: PreemptionParts;
  readonly #running = new Set<string>();

  constructor(parts: PreemptionParts) {
    this.#parts = parts;
  }

  /** Whether victims of a pod are being evicted. */
  isRunning({ metadata }: Pod): boolean {
    return this.#running.has(metadata.uid);
  }

  /** Evicts for a pod that is parked. Less important pods that were to get the node look for another. */
  begin(pod: Pod, node: string, victims: readonly Pod[]): void {
    const { cluster, queue, writer, tasks, evict } = this.#parts;
    const { uid, name } = pod.metadata;
    const info = cluster.slots[cluster.slotOf(node) ?? -1];
    const displaced = info === undefined ? [] : displacedBy(pod, info);
    for (const one of displaced) cluster.nominate(one, undefined);
    this.#running.add(uid);
    tasks.run(`preempt for ${name}`, async () => {
      let evicted = false;
      try {
        for (const one of displaced) await writer.nominate(one, null);
        await evict(pod, victims, node);
        evicted = true;
      } finally {
        this.#running.delete(uid);
        // A failed eviction is tried anew; and what there is to wait for may have happened before the pod could be woken by it.
        if (!evicted || victims.some((victim) => cluster.placed(victim.metadata.uid) === undefined)) queue.activate(pod);
      }
    });
    for (const one of displaced) queue.activate(one);
  }
}
