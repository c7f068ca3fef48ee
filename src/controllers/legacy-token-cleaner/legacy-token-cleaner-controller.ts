// Owns looking once a day at the tokens that accounts were given by themselves: those not used for a year are marked, and a year later removed.
import type { Secret } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { accountOf, tokenType } from '../service-account-token/plan.ts';
import { invalidSinceLabel, isTracked, planTokenEnd, secretsOf, trackingMap } from './plan.ts';

/** Upstream's interval. */
const roundMs = 86_400_000;
const round = 'round';

export function legacyTokenCleanerController({ informers, client, watching, clock, log }: ControllerContext, periodMs: number): Controller {
  const accounts = informers.of(resources.serviceAccounts);
  const pods = informers.of(resources.pods);

  const tracked = async (): Promise<boolean> => {
    try {
      return isTracked((await client.get(resources.configMaps, trackingMap)).data?.['since'], periodMs, clock.now());
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  };
  const end = async (secret: Secret, mounted: ReadonlySet<string>): Promise<void> => {
    const { namespace = '', name, uid, resourceVersion } = secret.metadata;
    const account = accounts.get(namespace, accountOf(secret) ?? '');
    const plan = planTokenEnd(secret, { account, mounted }, periodMs, clock.now());
    const preconditions = resourceVersion === undefined ? { uid } : { uid, resourceVersion };
    const body = { metadata: { uid, labels: plan.do === 'invalidate' ? { [invalidSinceLabel]: plan.since } : {} } };
    try {
      if (plan.do === 'invalidate') await client.patch(resources.secrets, { namespace, name }, { type: 'merge', body });
      if (plan.do === 'remove') await client.delete(resources.secrets, { namespace, name }, { preconditions });
    } catch (error) {
      // Used, changed or gone meanwhile: tomorrow is another day.
      if (!hasReason(error, 'NotFound', 'Conflict')) log.warn('a token could not be cleaned up', { namespace, name, error });
    }
  };

  return {
    name: 'legacy-serviceaccount-token-cleaner-controller',
    async start(enqueue) {
      await Promise.all([accounts.start().synced, pods.start().synced]);
      enqueue(round);
    },
    async reconcile() {
      if (!(await tracked())) return { againMs: roundMs };
      const { items } = await watching.list(resources.secrets, { fieldSelector: `type=${tokenType}` });
      const mounted = new Map<string, ReadonlySet<string>>();
      for (const secret of items) {
        const { namespace = '' } = secret.metadata;
        const names = mounted.get(namespace) ?? new Set(pods.list(namespace).flatMap(secretsOf));
        mounted.set(namespace, names);
        await end(secret, names);
      }
      return { againMs: roundMs };
    },
    async stop() {
      await Promise.all([accounts.stop(), pods.stop()]);
    },
  };
}
