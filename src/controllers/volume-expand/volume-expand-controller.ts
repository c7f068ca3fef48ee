// Owns saying of a claim that has grown who will enlarge its volume: a program beside the driver, since no volume is enlarged here.
import type { PersistentVolumeClaim } from '../../api/core/v1.ts';
import { compareQuantity } from '../../api/quantity.ts';
import { EventRecorder, subjectOf } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';

/** Whether a bound claim wants more than it has. Pure. */
export function wantsMore({ spec, status }: PersistentVolumeClaim): boolean {
  const [wanted, has] = [spec.resources?.requests?.['storage'], status?.capacity?.['storage']];
  return status?.phase === 'Bound' && wanted !== undefined && has !== undefined && compareQuantity(wanted, has) > 0;
}

export function volumeExpandController({ informers, client, clock, log }: ControllerContext): Controller {
  const claims = informers.of(resources.persistentVolumeClaims);
  const volumes = informers.of(resources.persistentVolumes);
  const recorder = new EventRecorder(client, clock, log, { component: 'volume_expand' });

  return {
    name: 'persistentvolume-expander-controller',
    async start(enqueue) {
      await volumes.start().synced;
      const changed = (claim: PersistentVolumeClaim, before?: PersistentVolumeClaim): void => {
        const [now, then] = [claim, before].map((one) => one?.spec.resources?.requests?.['storage'] ?? '0');
        if (wantsMore(claim) && (before === undefined || compareQuantity(now ?? '0', then ?? '0') > 0)) enqueue(keyOf(claim));
      };
      claims.on({ added: (claim) => changed(claim), updated: changed });
      await claims.start().synced;
    },
    async reconcile(key) {
      const claim = claims.get(...splitKey(key));
      const claimRef = volumes.get('', claim?.spec.volumeName ?? '')?.spec.claimRef;
      if (claim === undefined || !wantsMore(claim) || claimRef?.uid !== claim.metadata.uid) return undefined;
      const message = 'waiting for an external controller to expand this PVC';
      recorder.record(subjectOf(claim, 'v1', 'PersistentVolumeClaim'), 'Normal', 'ExternalExpanding', message);
      return undefined;
    },
    async stop() {
      await Promise.all([claims.stop(), volumes.stop(), recorder.stop()]);
    },
  };
}
