// Owns ranges of Service addresses: said to be ready, and held as long as addresses of theirs are in use.
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { cidrFinalizer, planCidr } from './plan.ts';

export function serviceCidrController({ informers, client, clock }: ControllerContext): Controller {
  const cidrs = informers.of(resources.serviceCIDRs);
  const addresses = informers.of(resources.ipAddresses);

  return {
    name: 'service-cidr-controller',
    mostRetries: 15,
    async start(enqueue) {
      await addresses.start().synced;
      const changed = ({ metadata }: ServiceCIDR): void => enqueue(metadata.name);
      const going = (): void => {
        for (const cidr of cidrs.list()) if (cidr.metadata.deletionTimestamp !== undefined) changed(cidr);
      };
      cidrs.on({
        added(cidr) {
          changed(cidr);
          going();
        },
        updated: changed,
        deleted: going,
      });
      addresses.on({ deleted: going });
      await cidrs.start().synced;
    },
    async reconcile(name) {
      const cidr = cidrs.get('', name);
      if (cidr === undefined) return undefined;
      const others = cidrs.list().filter(({ metadata }) => metadata.name !== name && metadata.deletionTimestamp === undefined);
      // A Service that was made a moment ago may not be seen yet: what is to go is asked of the server.
      const inUse =
        cidr.metadata.deletionTimestamp === undefined
          ? []
          : (await client.list(resources.ipAddresses)).items.map(({ metadata }) => metadata.name);
      const plan = planCidr(cidr, others, inUse, clock.now());
      const { finalizers = [] } = cidr.metadata;
      const next = plan.do === 'finalizer' ? [...finalizers, cidrFinalizer] : finalizers.filter((one) => one !== cidrFinalizer);
      try {
        if (plan.do === 'condition')
          await client.updateStatus(resources.serviceCIDRs, { ...cidr, ...(plan.status === undefined ? {} : { status: plan.status }) });
        else if (plan.do !== 'nothing')
          await client.update(resources.serviceCIDRs, { ...cidr, metadata: { ...cidr.metadata, finalizers: next } });
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([cidrs.stop(), addresses.stop()]);
    },
  };
}
