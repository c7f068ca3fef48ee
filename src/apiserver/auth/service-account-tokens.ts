// Owns service-account tokens: signing them (ES256), telling whose they are, and the documents by which others can check them.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { exportJWK, jwtVerify } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { Entropy } from '../../base/entropy.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { signClaims } from './jws.ts';
import { keyId } from './key-id.ts';
import type { ObjectSource } from './object-source.ts';
import { type PrivateClaims, staleReason, userOfClaims } from './service-account-claims.ts';
import { serviceAccountUserPrefix } from './user.ts';

/** What a token is to say. `expirationSeconds` counts from now. */
export interface TokenSpec {
  readonly claims: PrivateClaims;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
}

/** Signs and checks service-account tokens of one cluster. */
export interface ServiceAccountTokens extends TokenAuthenticator {
  readonly issuer: string;
  /** The server's own audiences: those of a token that asks for none. */
  readonly audiences: readonly string[];
  sign(spec: TokenSpec): Promise<string>;
  /** The keys, as `/openid/v1/jwks` shows them. */
  jwks(): Promise<{ readonly keys: readonly object[] }>;
  /** `/.well-known/openid-configuration`; `jwksUri` is the address of the keys as others reach it. */
  discovery(jwksUri: string): object;
}

const privateClaim = 'kubernetes.io';

/** The issuer, unchecked: enough to tell whether a token is meant for this authenticator. */
export function claimedIssuer(token: string): string | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null && 'iss' in claims && typeof claims.iss === 'string' ? claims.iss : undefined;
  } catch {
    return undefined;
  }
}

function quotedList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
}

/** Tokens of `issuer`, signed with `privateKey` (a P-256 key as PEM). The default audience is the issuer's name. */
export function serviceAccountTokens(options: {
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  readonly privateKey: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly entropy: Pick<Entropy, 'uuid'>;
  readonly objects: ObjectSource;
}): ServiceAccountTokens {
  const { clock, entropy, objects } = options;
  const issuer = options.issuer ?? 'https://kubernetes.default.svc';
  const own = options.audiences ?? [issuer];
  const privateKey = createPrivateKey(options.privateKey);
  const publicKey = createPublicKey(privateKey);
  const kid = keyId(publicKey);
  return {
    issuer,
    audiences: own,
    async sign({ claims, audiences, expirationSeconds }) {
      const nowSeconds = Math.floor(clock.now() / 1000);
      const { namespace, serviceaccount } = claims;
      return signClaims(privateKey, {
        [privateClaim]: claims,
        iss: issuer,
        sub: `${serviceAccountUserPrefix}${namespace}:${serviceaccount.name}`,
        aud: [...audiences],
        jti: entropy.uuid(),
        iat: nowSeconds,
        nbf: nowSeconds,
        exp: nowSeconds + expirationSeconds,
      });
    },
    async authenticateToken(token, audiences) {
      if (claimedIssuer(token) !== issuer) return undefined;
      const wanted = audiences ?? own;
      const { payload } = await jwtVerify(token, publicKey, { issuer, algorithms: ['ES256'], currentDate: new Date(clock.now()) });
      const named = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []);
      const both = wanted.filter((audience) => named.includes(audience));
      if (both.length === 0)
        throw new Error(`token audiences ${quotedList(named)} is invalid for the target audiences ${quotedList(wanted)}`);
      const claims = payload[privateClaim] as PrivateClaims | undefined;
      if (claims?.serviceaccount === undefined) throw new Error('the token has no service account');
      const stale = staleReason(claims, objects, clock.now());
      if (stale !== undefined) throw new Error(stale);
      return { user: userOfClaims(claims, payload.jti), audiences: both };
    },
    async jwks() {
      return { keys: [{ use: 'sig', ...(await exportJWK(publicKey)), kid, alg: 'ES256' }] };
    },
    discovery: (jwksUri) => ({
      issuer,
      jwks_uri: jwksUri,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    }),
  };
}
