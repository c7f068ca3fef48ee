// Owns deleting Jobs that have been finished for longer than they asked to be kept.
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, placeOf, splitKey } from '../object-key.ts';
import { expiresInMs } from './plan.ts';

export function ttlAfterFinishedController({ informers, client, clock }: ControllerContext): Controller {
  const jobs = informers.of(resources.jobs);
  return {
    name: 'ttl-after-finished-controller',
    async start(enqueue) {
      const change = (job: Parameters<typeof expiresInMs>[0]): void => {
        if (expiresInMs(job, clock.now()) !== undefined) enqueue(keyOf(job));
      };
      jobs.on({ added: change, updated: change });
      await jobs.start().synced;
    },
    async reconcile(key) {
      const seen = jobs.get(...splitKey(key));
      const seenMs = seen && expiresInMs(seen, clock.now());
      if (seen === undefined || seenMs === undefined) return undefined;
      if (seenMs > 0) return { againMs: seenMs };
      try {
        // The time to live may have been changed, or the job replaced, since it was seen.
        const fresh = await client.get(resources.jobs, placeOf(seen));
        const freshMs = expiresInMs(fresh, clock.now());
        if (freshMs === undefined) return undefined;
        if (freshMs > 0) return { againMs: freshMs };
        const preconditions = { uid: fresh.metadata.uid };
        await client.delete(resources.jobs, placeOf(fresh), { propagationPolicy: 'Foreground', preconditions });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
    stop: () => jobs.stop(),
  };
}
