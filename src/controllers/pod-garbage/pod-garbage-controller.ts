// Owns removing pods that nobody will end any more: a look at all of them every 20 s.
import type { Node } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { formatTime } from '../../base/time.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { hasEnded, type MissingNodes, missingNodeMs, missingNodes, type PodRemoval, planPodGarbage, podGarbagePeriodMs } from './plan.ts';

/** The one key: each round is about all pods. */
const round = 'pods';

export function podGarbageController({ informers, client, clock, log }: ControllerContext, threshold?: number): Controller {
  const pods = informers.of(resources.pods);
  const nodes = informers.of(resources.nodes);
  let missing: MissingNodes = new Map();

  /** Those missing for long enough that the server does not have either. */
  const goneNodes = async (): Promise<ReadonlySet<string>> => {
    const long = [...missing].filter(([, sinceMs]) => clock.now() - sinceMs >= missingNodeMs).map(([name]) => name);
    const answers = await Promise.all(
      long.map((name) =>
        client.get(resources.nodes, { name }).then(
          () => [],
          (error: unknown) => {
            if (hasReason(error, 'NotFound')) return [name];
            throw error;
          },
        ),
      ),
    );
    return new Set(answers.flat());
  };

  const remove = async ({ pod, orphaned }: PodRemoval): Promise<void> => {
    const { name, namespace = '', uid, generation } = pod.metadata;
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    const key = { name, namespace };
    try {
      if (!hasEnded(pod)) {
        const body = {
          metadata: { uid },
          status: { phase: 'Failed', ...observed, ...(orphaned ? { conditions: [{ ...condition(), ...observed }] } : {}) },
        };
        await client.patch(resources.pods, key, { type: 'strategic', body }, { subresource: 'status' });
      }
      await client.delete(resources.pods, key, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) log.warn('pod not removed, the next round tries again', { pod: name, error });
    }
  };

  const condition = (): Readonly<Record<string, string>> => ({
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByPodGC',
    message: 'PodGC: node no longer exists',
    lastTransitionTime: formatTime(clock.now()),
  });

  return {
    name: 'pod-garbage-collector-controller',
    async start(enqueue) {
      await Promise.all([pods.start().synced, nodes.start().synced]);
      enqueue(round);
    },
    async reconcile() {
      const all = pods.list();
      const present: ReadonlyMap<string, Node> = new Map(nodes.list().map((node) => [node.metadata.name, node]));
      missing = missingNodes(all, present, missing, clock.now());
      for (const removal of planPodGarbage(all, present, await goneNodes(), threshold)) await remove(removal);
      return { againMs: podGarbagePeriodMs };
    },
    async stop() {
      await Promise.all([pods.stop(), nodes.stop()]);
    },
  };
}
