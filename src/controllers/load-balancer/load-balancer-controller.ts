// Owns giving Services of type LoadBalancer their addresses out of a pool, where there is one.
import type { Service } from '../../api/core/v1.ts';
import { EventRecorder } from '../../client/event-recorder.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { writeStatus } from '../write-status.ts';
import { planLoadBalancers, poolOf } from './plan.ts';

/** `range`: the addresses that may be given out, such as 192.0.2.0/28. */
export function loadBalancerController({ informers, client, clock, log }: ControllerContext, range: string): Controller {
  const services = informers.of(resources.services);
  const recorder = new EventRecorder(client, clock, log, { component: 'service-controller' });
  const pool = poolOf(range);
  /** What was complained of last, by the Service's uid: it is told once. */
  let complaints = new Map<string, string>();
  const tell = ({ metadata: { name, namespace = '', uid } }: Service, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    recorder.record({ apiVersion: 'v1', kind: 'Service', name, namespace, uid }, type, reason, message);
  return {
    name: 'service-lb-controller',
    // All at once: who gets which address depends on all others.
    workers: 1,
    async start(enqueue) {
      const changed = (): void => enqueue('pool');
      services.on({ added: changed, updated: changed, deleted: changed });
      await services.start().synced;
    },
    async reconcile() {
      const now = new Map<string, string>();
      for (const plan of planLoadBalancers(services.list(), pool)) {
        const { service } = plan;
        const { uid } = service.metadata;
        if (plan.do === 'complain') {
          now.set(uid, plan.message);
          const message = `Error syncing load balancer: failed to ensure load balancer: ${plan.message}`;
          if (complaints.get(uid) !== plan.message) tell(service, 'Warning', 'SyncLoadBalancerFailed', message);
          continue;
        }
        const given = plan.loadBalancer.ingress !== undefined;
        if (given) tell(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer');
        await writeStatus(client, resources.services, service, (one) => ({
          ...one,
          status: { ...one.status, loadBalancer: plan.loadBalancer },
        }));
        if (given) tell(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer');
      }
      complaints = now;
      return undefined;
    },
    async stop() {
      await Promise.all([services.stop(), recorder.stop()]);
    },
  };
}
