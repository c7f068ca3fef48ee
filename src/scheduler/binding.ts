// Owns giving a pod its node for good: counted there at once; what was set aside for it is carried out, then it is bound; or all is taken back.
import type { Pod } from '../api/core/v1.ts';
import { hasReason } from '../api/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TaskGroup } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import type { ClusterState } from './cluster-state.ts';
import { askBind, type ExtenderOptions, minds } from './extender.ts';
import type { Plugin, Reservation } from './framework.ts';
import { placedOn } from './pod-facts.ts';
import type { PodQueue, Queued } from './pod-queue.ts';
import type { PodStatusWriter } from './pod-status-writer.ts';
import type { WakeEvent } from './wake-event.ts';

/** What binding works with. */
export interface BindingParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: TaskGroup;
  readonly cluster: ClusterState;
  readonly queue: PodQueue;
  readonly writer: PodStatusWriter;
  readonly extenders: readonly ExtenderOptions[];
  readonly bindTimeoutMs: number;
  /** What the API shows of a pod. */
  shown(pod: Pod): Pod | undefined;
  tell(event: WakeEvent): void;
}

/** Bound: one entry a pod on its way to its node. */
export class Bindings {
  readonly #parts: BindingParts;
  readonly #running = new Set<string>();

  constructor(parts: BindingParts) {
    this.#parts = parts;
  }

  /** Whether a pod is on its way to its node. */
  isRunning({ metadata }: Pod): boolean {
    return this.#running.has(metadata.uid);
  }

  /** Begins; others are decided on meanwhile. */
  begin(queued: Queued, node: string, plugins: readonly Plugin[]): void {
    const { cluster, tasks } = this.#parts;
    const { pod } = queued;
    const info = cluster.slots[cluster.slotOf(node) ?? -1];
    const reserved = info === undefined ? [] : plugins.flatMap((plugin) => plugin.reserve?.(pod, info, cluster) ?? []);
    cluster.putPod(placedOn(pod, node, info?.labels));
    this.#running.add(pod.metadata.uid);
    tasks.run(`bind ${pod.metadata.name}`, async (signal) => {
      try {
        await this.#bind(pod, node, reserved, signal);
        this.#running.delete(pod.metadata.uid);
      } catch (error) {
        this.#running.delete(pod.metadata.uid);
        for (const one of reserved) one.takeBack();
        if (!signal.aborted) await this.#giveUp(queued, node, error);
      }
    });
  }

  async #bind(pod: Pod, node: string, reserved: readonly Reservation[], signal: AbortSignal): Promise<void> {
    const { client, clock, cluster, bindTimeoutMs, extenders, writer } = this.#parts;
    const { namespace = '', name, uid } = pod.metadata;
    await writer
      .flush(pod)
      .catch((error: unknown) => this.#parts.log.warn('what was to be told of a pod was not written', { pod: name, error }));
    if (reserved.some(({ takesTime }) => takesTime)) await writer.nominate(pod, node);
    for (const one of reserved) await one.carryOut({ client, clock, bindTimeoutMs, signal });
    // It may have gone meanwhile: a pod bound to no node would be lost to its owner until somebody clears it away.
    if (cluster.slotOf(node) === undefined) throw new Error(`node "${node}" not found`);
    const binder = extenders.find((extender) => extender.bindVerb !== undefined && minds(extender, pod));
    if (binder !== undefined) await askBind(binder, pod, node);
    else {
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: node } };
      await client.createSubresource(resources.pods, { namespace, name }, 'binding', body);
    }
    writer.tellPlaced(pod, node);
  }

  /** The truth is what the API shows: the assumption is taken back, unless the pod turns out to be placed. */
  async #giveUp(queued: Queued, node: string, error: unknown): Promise<void> {
    const { cluster, log, queue, writer, shown, tell } = this.#parts;
    const { pod } = queued;
    const { uid, name } = pod.metadata;
    const current = shown(pod);
    if (current?.metadata.uid === uid && current.spec.nodeName) return;
    const assumed = cluster.placed(uid);
    cluster.removePod(uid);
    if (assumed !== undefined) tell({ on: 'pod', pod: assumed, gone: true });
    if (current?.metadata.uid !== uid || hasReason(error, 'NotFound')) return;
    log.warn('binding failed, trying again', { pod: name, node, error });
    queue.retry(queued, current);
    const message = `binding rejected: running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`;
    await writer.report(pod, { reason: 'SchedulerError', message });
  }
}
