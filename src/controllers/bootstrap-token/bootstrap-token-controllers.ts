// Owns bootstrap tokens as time goes on: their Secrets go when they are over, and they sign what new nodes read first.
import type { Secret } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { bootstrapType, endsInMs, planSignatures } from './plan.ts';

const tokenNamespace = 'kube-system';
const infoNamespace = 'kube-public';
const infoName = 'cluster-info';

/** The tokens' Secrets alone: no other Secret stays in memory for them. */
function tokenSecrets({ watching, clock, log }: ControllerContext): Informer<Secret> {
  const which = { namespace: tokenNamespace, fieldSelector: `type=${bootstrapType}` };
  return new Informer({ client: watching, resource: resources.secrets, clock, log, ...which });
}

export function tokenCleaningController(context: ControllerContext): Controller {
  const { client, clock } = context;
  const secrets = tokenSecrets(context);
  return {
    name: 'token-cleaner-controller',
    async start(enqueue) {
      const changed = ({ metadata }: Secret): void => enqueue(metadata.name);
      secrets.on({ added: changed, updated: changed });
      await secrets.start().synced;
    },
    async reconcile(name) {
      const secret = secrets.get(tokenNamespace, name);
      if (secret?.type !== bootstrapType) return undefined;
      const leftMs = endsInMs(secret, clock.now());
      if (leftMs === undefined) return undefined;
      if (leftMs > 0) return { againMs: leftMs };
      const { uid } = secret.metadata;
      await client.delete(resources.secrets, { namespace: tokenNamespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
      });
      return undefined;
    },
    stop: () => secrets.stop(),
  };
}

export function bootstrapSigningController(context: ControllerContext): Controller {
  const { watching, client, clock, log } = context;
  const secrets = tokenSecrets(context);
  const which = { namespace: infoNamespace, fieldSelector: `metadata.name=${infoName}` };
  const maps = new Informer({ client: watching, resource: resources.configMaps, clock, log, ...which });
  return {
    name: 'bootstrap-signer-controller',
    async start(enqueue) {
      const changed = (): void => enqueue(infoName);
      maps.on({ added: changed, updated: changed });
      secrets.on({ added: changed, updated: changed, deleted: changed });
      await Promise.all([maps.start().synced, secrets.start().synced]);
    },
    async reconcile() {
      const map = maps.get(infoNamespace, infoName);
      const data = map === undefined ? undefined : planSignatures(map, secrets.list(), clock.now());
      if (map !== undefined && data !== undefined) await client.update(resources.configMaps, { ...map, data });
      return undefined;
    },
    async stop() {
      await Promise.all([secrets.stop(), maps.stop()]);
    },
  };
}
