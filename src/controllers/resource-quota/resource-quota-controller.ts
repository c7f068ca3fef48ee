// Owns keeping each quota's status true: counted when its limits change, when something that it counts has gone, and every few minutes.
import type { ResourceQuota } from '../../api/core/v1.ts';
import { sameValue } from '../../api/equal.ts';
import type { AnyObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Resource } from '../../client/resource.ts';
import { resources } from '../../client/resources.ts';
import { ApiResources } from '../api-resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import type { SharedInformer } from '../shared-informers.ts';
import { type Counted, countedResources, frees, planQuota } from './plan.ts';

/** Every quota is counted again; other keys are `NAMESPACE/NAME`. */
const round = 'round';
const whole = new Set(['pods.', 'services.', 'persistentvolumeclaims.', 'resourceclaims.resource.k8s.io']);

export function resourceQuotaController({ informers, client, clock }: ControllerContext, periodMs: number): Controller {
  const quotas = informers.of(resources.resourceQuotas);
  const served = new ApiResources(informers);
  /** What some quota counts, or has counted. Bound: one entry a resource. */
  const watched = new Map<string, SharedInformer<AnyObject>>();
  let enqueue: (key: string) => void = () => {};

  const replenish = (counted: Counted, namespace: string | undefined): void => {
    for (const quota of quotas.list(namespace))
      if (countedResources(quota).some(({ group, resource }) => group === counted.group && resource === counted.resource))
        enqueue(keyOf(quota));
  };
  /** The objects that a quota counts, watched from the first question on; undefined where nobody serves them. */
  const follow = async (counted: Counted): Promise<SharedInformer<AnyObject> | undefined> => {
    const name = `${counted.resource}.${counted.group}`;
    const present = watched.get(name);
    if (present !== undefined) return present;
    const resource = served.all().find((one) => one.group === counted.group && one.resource === counted.resource);
    if (resource === undefined) return undefined;
    const informer = whole.has(name) ? informers.of(resource as Resource<AnyObject>) : informers.metadataOf(resource);
    watched.set(name, informer);
    await informer.start().synced;
    informer.on({
      updated(next, old) {
        if (frees(counted, next, old, clock.now())) replenish(counted, next.metadata.namespace);
      },
      deleted: ({ metadata }) => replenish(counted, metadata.namespace),
    });
    return informer;
  };

  return {
    name: 'resourcequota-controller',
    async start(add) {
      enqueue = add;
      await served.start(() => {});
      quotas.on({
        added: (quota) => add(keyOf(quota)),
        updated(quota: ResourceQuota, old: ResourceQuota) {
          if (!sameValue(quota.spec.hard, old.spec.hard) || !sameValue(quota.spec.hard, quota.status?.hard)) add(keyOf(quota));
        },
      });
      await quotas.start().synced;
      add(round);
    },
    async reconcile(key) {
      if (key === round) {
        for (const quota of quotas.list()) enqueue(keyOf(quota));
        return { againMs: periodMs };
      }
      const quota = quotas.get(...splitKey(key));
      if (quota === undefined) return undefined;
      const found = new Map<string, readonly AnyObject[]>();
      for (const counted of countedResources(quota)) {
        const informer = await follow(counted);
        await informer?.synced;
        found.set(`${counted.resource}.${counted.group}`, informer?.list(quota.metadata.namespace) ?? []);
      }
      const status = planQuota(quota, ({ group, resource }) => found.get(`${resource}.${group}`) ?? [], clock.now());
      if (status === undefined) return undefined;
      try {
        await client.updateStatus(resources.resourceQuotas, { ...quota, status });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([quotas.stop(), served.stop(), ...[...watched.values()].map((informer) => informer.stop())]);
    },
  };
}
