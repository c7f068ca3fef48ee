// Owns tokens that are kept in Secrets and never end by themselves: signing them, and telling whose they are as long as the Secret is there.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { Secret } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { signClaims } from './jws.ts';
import type { ObjectSource } from './object-source.ts';
import { staleReason } from './service-account-claims.ts';
import { claimedIssuer } from './service-account-tokens.ts';
import { serviceAccountUser, serviceAccountUserPrefix } from './user.ts';

/** Whose token it is, and which Secret it is kept in. */
export interface LegacyClaims {
  readonly namespace: string;
  readonly account: { readonly name: string; readonly uid: string };
  readonly secret: string;
}

const legacyIssuer = 'kubernetes/serviceaccount';
const claim = (name: string): string => `kubernetes.io/serviceaccount/${name}`;

/** A token, signed with a private key (PEM; P-256 or RSA). */
export function signLegacyToken(privateKeyPem: string, { namespace, account, secret }: LegacyClaims): string {
  const privateKey = createPrivateKey(privateKeyPem);
  const claims = {
    [claim('namespace')]: namespace,
    [claim('secret.name')]: secret,
    [claim('service-account.name')]: account.name,
    [claim('service-account.uid')]: account.uid,
  };
  return signClaims(privateKey, { ...claims, iss: legacyIssuer, sub: `${serviceAccountUserPrefix}${namespace}:${account.name}` });
}

const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';

/** Knows the tokens of Secrets that are there, and whose accounts are. `audiences` are the server's own. */
export function legacyTokens(options: {
  readonly privateKey: string;
  readonly audiences: readonly string[];
  readonly objects: ObjectSource;
  readonly clock: Pick<Clock, 'now'>;
  /** Called with the labels that a Secret must have as its token was used today; once a day and Secret, or until it has them. */
  readonly noteUse?: (secret: Secret, labels: Readonly<Record<string, string>>) => void;
}): TokenAuthenticator {
  const { objects, clock } = options;
  const publicKey = createPublicKey(createPrivateKey(options.privateKey));
  return {
    async authenticateToken(token, audiences) {
      if (claimedIssuer(token) !== legacyIssuer) return undefined;
      const { payload } = await jwtVerify(token, publicKey, { issuer: legacyIssuer, currentDate: new Date(clock.now()) });
      const text = (name: string): string => String(payload[claim(name)] ?? '');
      const [namespace, name, uid] = [text('namespace'), text('service-account.name'), text('service-account.uid')];
      const stale = staleReason({ namespace, serviceaccount: { name, uid } }, objects, clock.now());
      if (stale !== undefined) throw new Error(stale);
      const secret = objects.get({ group: '', resource: 'secrets' }, namespace, text('secret.name')) as unknown as Secret | undefined;
      const kept = secret === undefined || secret.metadata.deletionTimestamp !== undefined ? undefined : secret.data?.['token'];
      if (kept === undefined || Buffer.from(kept, 'base64').toString() !== token)
        throw new Error('service account token has been invalidated');
      const today = new Date(clock.now()).toISOString().slice(0, 10);
      if (secret !== undefined && secret.metadata.labels?.[lastUsedLabel] !== today) options.noteUse?.(secret, { [lastUsedLabel]: today });
      if (secret?.metadata.labels?.[invalidSinceLabel])
        throw new Error(
          `the token in secret ${namespace}/${secret.metadata.name} for service account ${namespace}/${name} has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
        );
      return {
        user: serviceAccountUser(namespace, name, uid),
        audiences: (audiences ?? options.audiences).filter((one) => options.audiences.includes(one)),
      };
    },
  };
}
