// Owns making the claims of pods' ephemeral volumes; they go with their pods through the garbage collector.
import type { Pod } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import { type Controller, type ControllerContext, TryAgain } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { controllerOf } from '../ownership.ts';
import { isEphemeral, planEphemeral } from './plan.ts';

export function ephemeralVolumeController({ informers, client, clock, log }: ControllerContext): Controller {
  const pods = informers.of(resources.pods);
  const claims = informers.of(resources.persistentVolumeClaims);
  const recorder = new EventRecorder(client, clock, log, { component: 'ephemeral_volume' });

  return {
    name: 'ephemeral-volume-controller',
    async start(enqueue) {
      await claims.start().synced;
      const changed = (pod: Pod): void => {
        if (pod.metadata.deletionTimestamp === undefined && pod.spec.volumes?.some(isEphemeral)) enqueue(keyOf(pod));
      };
      pods.on({ added: changed });
      await pods.start().synced;
      claims.on({
        deleted(claim) {
          const owner = controllerOf(claim);
          if (owner?.kind === 'Pod') enqueue(`${claim.metadata.namespace}/${owner.name}`);
        },
      });
    },
    async reconcile(key) {
      const pod = pods.get(...splitKey(key));
      if (pod === undefined) return undefined;
      for (const { volume, claim } of planEphemeral(pod, (name) => claims.get(pod.metadata.namespace, name))) {
        try {
          if (claim === undefined)
            throw new Error(
              `PVC ${pod.metadata.namespace}/${pod.metadata.name}-${volume} was not created for pod ${key} (pod is not owner)`,
            );
          await client.create(resources.persistentVolumeClaims, claim);
        } catch (error) {
          // Made a moment ago, and not yet seen: the next look tells whose it is.
          if (hasReason(error, 'AlreadyExists')) return { againMs: 20 };
          const words = `ephemeral volume ${volume}: ${error instanceof Error ? error.message : String(error)}`;
          recorder.record(subjectOf(pod, 'v1', 'Pod'), 'Warning', 'FailedBinding', words);
          throw claim === undefined ? new TryAgain(words) : error;
        }
      }
      return undefined;
    },
    async stop() {
      await Promise.all([pods.stop(), claims.stop(), recorder.stop()]);
    },
  };
}
