// Owns keeping each Service's Endpoints object as its pods are, and removing those whose Service is gone.
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { hasEndpoints } from '../endpoint-slice/pod-facts.ts';
import { keyOf, ServiceWatch } from '../endpoint-slice/service-watch.ts';
import { TriggerTimes } from '../endpoint-slice/trigger-times.ts';
import { planEndpoints } from './plan.ts';

/** Objects with it are locks of a leader election, no endpoints of a Service. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
/** The watch has not shown yet what was written. */
const afterConflict = { againMs: 20 };

export function endpointsController({ informers, client }: ControllerContext): Controller {
  const watch = new ServiceWatch({ informers });
  const endpoints = informers.of(resources.endpoints);
  const times = new TriggerTimes();

  return {
    name: 'endpoints-controller',
    mostRetries: 15,
    settleMs: (key) => times.settleMs(key),
    async start(enqueue) {
      await endpoints.start().synced;
      await watch.start(enqueue);
      // Services may have gone while nobody looked.
      for (const one of endpoints.list()) if (one.metadata.annotations?.[leaderAnnotation] === undefined) enqueue(keyOf(one));
      endpoints.on({ deleted: (one) => enqueue(keyOf(one)) });
    },
    async reconcile(key) {
      const [namespace = '', name = ''] = key.split('/');
      const service = watch.service(key);
      if (service === undefined) {
        times.forget(key);
        await client.delete(resources.endpoints, { namespace, name }).catch((error: unknown) => {
          if (!hasReason(error, 'NotFound')) throw error;
        });
        return undefined;
      }
      if (!hasEndpoints(service)) return undefined;
      const pods = watch.pods(service);
      const present = endpoints.get(namespace, name);
      const next = planEndpoints(service, pods, present, times.look(key, service, pods));
      if (next === undefined) return undefined;
      try {
        if (present === undefined) await client.create(resources.endpoints, next);
        else await client.update(resources.endpoints, next);
      } catch (error) {
        // The time of the change must be told by the try that succeeds.
        times.forget(key);
        if (hasReason(error, 'Conflict', 'AlreadyExists')) return afterConflict;
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([watch.stop(), endpoints.stop()]);
    },
  };
}
