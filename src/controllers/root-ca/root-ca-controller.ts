// Owns publishing the cluster's CA as the config map kube-root-ca.crt in each namespace, and putting it back when it was changed.
import { hasReason } from '../../api/status-error.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { planRootCa, rootCaName } from './plan.ts';

export function rootCaController({ watching, informers, client, clock, log }: ControllerContext, caPem: string): Controller {
  const namespaces = informers.of(resources.namespaces);
  const maps = new Informer({ client: watching, resource: resources.configMaps, clock, log, fieldSelector: `metadata.name=${rootCaName}` });
  return {
    name: 'root-ca-certificate-publisher-controller',
    async start(enqueue) {
      namespaces.on({ added: ({ metadata }) => enqueue(metadata.name), updated: ({ metadata }) => enqueue(metadata.name) });
      const changed = ({ metadata }: { readonly metadata: { readonly namespace?: string } }): void => enqueue(metadata.namespace ?? '');
      maps.on({ updated: changed, deleted: changed });
      await Promise.all([namespaces.start().synced, maps.start().synced]);
    },
    async reconcile(name) {
      const present = maps.get(name, rootCaName);
      const plan = planRootCa(namespaces.get('', name), present, caPem);
      if (plan.do === 'nothing') return undefined;
      const object = {
        metadata: {
          ...(present?.metadata ?? {}),
          name: rootCaName,
          namespace: name,
          annotations: { ...present?.metadata.annotations, ...plan.annotations },
        },
        data: plan.data,
      };
      const write = plan.do === 'create' ? client.create(resources.configMaps, object) : client.update(resources.configMaps, object);
      await write.catch((error: unknown) => {
        if (
          !hasReason(error, 'AlreadyExists', 'NotFound') &&
          !(hasReason(error, 'Forbidden') && error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating'))
        )
          throw error;
      });
      return undefined;
    },
    async stop() {
      await Promise.all([namespaces.stop(), maps.stop()]);
    },
  };
}
