// Owns Secrets of type service-account-token: fills them with a token that lasts, and removes them with their accounts.
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { keyOf, splitKey } from '../object-key.ts';
import { accountOf, planToken, tokenType, uidAnnotation, withoutSecret } from './plan.ts';

/** Signs a token that names an account and the Secret that it is kept in. */
export type SignToken = (account: ServiceAccount, secret: Secret) => string;

/** Keys are `secret/NAMESPACE/NAME` and, for a Secret that is gone, `reference/NAMESPACE/ACCOUNT/SECRET`. */
export function serviceAccountTokenController(
  { watching, informers, client, clock, log }: ControllerContext,
  caPem: string,
  sign: SignToken,
): Controller {
  const byAccount = (secret: Secret): readonly string[] => {
    const account = accountOf(secret);
    return account === undefined ? [] : [`${secret.metadata.namespace}/${account}`];
  };
  const secrets = new Informer({
    client: watching,
    resource: resources.secrets,
    clock,
    log,
    fieldSelector: `type=${tokenType}`,
    indexes: { byAccount },
  });
  const accounts = informers.of(resources.serviceAccounts);

  /** As the server has it: a token is neither made nor taken away by a picture that may be old. */
  const live = (namespace: string, name: string): Promise<ServiceAccount | undefined> =>
    client.get(resources.serviceAccounts, { namespace, name }).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    });

  const tend = async (shown: Secret): Promise<void> => {
    const { namespace = '', name, uid } = shown.metadata;
    const named = accounts.get(namespace, accountOf(shown) ?? '');
    const account = planToken(shown, named, caPem).do === 'nothing' ? named : await live(namespace, accountOf(shown) ?? '');
    const plan = planToken(shown, account, caPem);
    if (plan.do === 'remove') {
      await client.delete(resources.secrets, { namespace, name }, { preconditions: { uid } });
      return;
    }
    if (plan.do === 'nothing' || account === undefined) return;
    const token: Readonly<Record<string, string>> = plan.token ? { token: Buffer.from(sign(account, shown)).toString('base64') } : {};
    const annotations = { ...shown.metadata.annotations, [uidAnnotation]: account.metadata.uid };
    await client.update(resources.secrets, { ...shown, metadata: { ...shown.metadata, annotations }, data: { ...plan.data, ...token } });
  };

  const forget = async (namespace: string, accountName: string, secretName: string): Promise<void> => {
    if (secrets.get(namespace, secretName) !== undefined) return;
    const account = accounts.get(namespace, accountName);
    const next = account === undefined ? undefined : withoutSecret(account, secretName);
    if (next !== undefined) await client.update(resources.serviceAccounts, next);
  };

  return {
    name: 'serviceaccount-token-controller',
    mostRetries: 10,
    async start(enqueue) {
      await accounts.start().synced;
      const changed = (secret: Secret): void => {
        if (accountOf(secret) !== undefined) enqueue(`secret/${keyOf(secret)}`);
      };
      secrets.on({
        added: changed,
        updated: changed,
        deleted(secret) {
          const account = accountOf(secret);
          if (account !== undefined) enqueue(`reference/${secret.metadata.namespace}/${account}/${secret.metadata.name}`);
        },
      });
      await secrets.start().synced;
      const wake = (account: ServiceAccount): void => {
        for (const secret of secrets.byIndex('byAccount', keyOf(account))) changed(secret);
      };
      accounts.on({ added: wake, deleted: wake });
    },
    async reconcile(key) {
      const [kind, of] = splitKey(key);
      try {
        if (kind === 'secret') {
          const secret = secrets.get(...splitKey(of));
          if (secret !== undefined && accountOf(secret) !== undefined) await tend(secret);
        } else {
          const [namespace = '', account = '', name = ''] = of.split('/');
          await forget(namespace, account, name);
        }
      } catch (error) {
        // Gone or changed: what it is now has been, or will be, seen.
        if (!hasReason(error, 'NotFound', 'Conflict')) throw error;
      }
      return undefined;
    },
    async stop() {
      await Promise.all([secrets.stop(), accounts.stop()]);
    },
  };
}
