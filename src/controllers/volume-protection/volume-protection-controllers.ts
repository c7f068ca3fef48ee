// Owns the finalizers that keep claims from going while pods use them, and volumes while claims are bound to them.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { claimFinalizer, claimsOf, planProtection, podUses, volumeFinalizer, volumeInUse } from './plan.ts';
import { writeFinalizer } from './write-finalizer.ts';

/** Index: pods by the claims that they name. */
function byClaim(pod: Pod): readonly string[] {
  return claimsOf(pod).map((claim) => `${pod.metadata.namespace}/${claim}`);
}

export function claimProtectionController({ informers, client }: ControllerContext): Controller {
  const claims = informers.of(resources.persistentVolumeClaims);
  const pods = informers.of(resources.pods, { byClaim });

  const usedByAny = async (claim: PersistentVolumeClaim): Promise<boolean> => {
    if (pods.byIndex('byClaim', keyOf(claim)).some((pod) => podUses(pod, claim))) return true;
    // The watch may lag behind a pod that was bound just now.
    const { items } = await client.list(resources.pods, { namespace: claim.metadata.namespace ?? '' });
    return items.some((pod) => podUses(pod, claim));
  };

  return {
    name: 'persistentvolumeclaim-protection-controller',
    async start(enqueue) {
      const changed = (claim: PersistentVolumeClaim): void => {
        const { deletionTimestamp, finalizers } = claim.metadata;
        if (deletionTimestamp !== undefined || !finalizers?.includes(claimFinalizer)) enqueue(keyOf(claim));
      };
      claims.on({ added: changed, updated: changed });
      await claims.start().synced;
      const wake = (pod: Pod): void => {
        for (const key of byClaim(pod)) enqueue(key);
      };
      const mayFree = (pod: Pod): void => {
        const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
        if (over || !pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) wake(pod);
      };
      pods.on({
        added: mayFree,
        updated(pod, old) {
          mayFree(pod);
          if (old.metadata.uid !== pod.metadata.uid) wake(old);
        },
        deleted: wake,
      });
      await pods.start().synced;
    },
    async reconcile(key) {
      const claim = claims.get(...splitKey(key));
      if (claim === undefined) return undefined;
      const plan = planProtection(claim.metadata, claimFinalizer, () => false);
      if (plan === 'nothing' || (plan === 'remove' && (await usedByAny(claim)))) return undefined;
      await writeFinalizer(client, resources.persistentVolumeClaims, claim, claimFinalizer, plan);
      return undefined;
    },
    async stop() {
      await Promise.all([claims.stop(), pods.stop()]);
    },
  };
}

export function volumeProtectionController({ informers, client }: ControllerContext): Controller {
  const volumes = informers.of(resources.persistentVolumes);
  return {
    name: 'persistentvolume-protection-controller',
    async start(enqueue) {
      const changed = ({ metadata }: PersistentVolume): void => enqueue(metadata.name);
      volumes.on({ added: changed, updated: changed });
      await volumes.start().synced;
    },
    async reconcile(name) {
      const volume = volumes.get('', name);
      if (volume === undefined) return undefined;
      const plan = planProtection(volume.metadata, volumeFinalizer, () => volumeInUse(volume));
      if (plan !== 'nothing') await writeFinalizer(client, resources.persistentVolumes, volume, volumeFinalizer, plan);
      return undefined;
    },
    stop: () => volumes.stop(),
  };
}
