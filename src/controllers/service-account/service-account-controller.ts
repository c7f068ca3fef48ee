// Owns giving each namespace its `default` service account, and again when somebody deletes it.
import { hasReason } from '../../api/status-error.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { missingAccounts } from './plan.ts';

export function serviceAccountController({ watching, informers, client, clock, log }: ControllerContext): Controller {
  const namespaces = informers.of(resources.namespaces);
  const accounts = new Informer({
    client: watching,
    resource: resources.serviceAccounts,
    clock,
    log,
    fieldSelector: 'metadata.name=default',
  });
  return {
    name: 'serviceaccount-controller',
    async start(enqueue) {
      namespaces.on({ added: ({ metadata }) => enqueue(metadata.name), updated: ({ metadata }) => enqueue(metadata.name) });
      accounts.on({ deleted: ({ metadata }) => enqueue(metadata.namespace ?? '') });
      await Promise.all([namespaces.start().synced, accounts.start().synced]);
    },
    async reconcile(name) {
      const present = accounts.list(name).map(({ metadata }) => metadata.name);
      for (const account of missingAccounts(namespaces.get('', name), present)) {
        await client.create(resources.serviceAccounts, { metadata: { name: account, namespace: name } }).catch(ignoreExisting);
      }
      return undefined;
    },
    async stop() {
      await Promise.all([namespaces.stop(), accounts.stop()]);
    },
  };
}

/** Somebody else made it, or the namespace is going: both are as it should be. */
function ignoreExisting(error: unknown): void {
  if (
    !hasReason(error, 'AlreadyExists', 'NotFound') &&
    !(hasReason(error, 'Forbidden') && error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating'))
  )
    throw error;
}
