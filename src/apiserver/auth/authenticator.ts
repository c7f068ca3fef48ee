// Owns the question "who is this?": the credentials a request can carry and the order in which they are looked at.
import type { X509Certificate } from 'node:crypto';
import { StatusError } from '../../api/status-error.ts';
import { anonymousUser, authenticatedGroup, type User } from './user.ts';

/** What a request brings to say who it is. Everything absent: anonymous. */
export interface Credentials {
  /** The TLS peer's certificate: DER, PEM text, or Node's own form. */
  readonly clientCertificate?: Uint8Array | string | X509Certificate;
  /** The Authorization header. */
  readonly authorization?: string;
  /** The Sec-WebSocket-Protocol header, where a browser or client may hide a bearer token. */
  readonly webSocketProtocols?: string;
}

/** Tells who a request is from. Rejects with StatusError Unauthorized (401) for credentials that are there and wrong. */
export interface Authenticator {
  /** No credentials: `system:anonymous`. The answer's groups include system:authenticated for anybody who is known. */
  authenticate(credentials: Credentials): Promise<User> | User;
}

/** Whose token this is. Undefined: not a token of this sort; a rejection: of this sort, and not valid (its message says why). */
export interface TokenAuthenticator {
  /** `audiences`: the token must be for one of them; absent: the server's own. */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenIdentity | undefined>;
}

/** A token's user, and which of the wanted audiences it is for. */
export interface TokenIdentity {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** Whose certificate this is; undefined where it does not come from a trusted authority, is out of its validity or not for clients. */
export interface CertificateAuthenticator {
  authenticateCertificate(certificate: NonNullable<Credentials['clientCertificate']>): User | undefined;
}

/** 401, in upstream's words. */
export function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}

const webSocketTokenPrefix = 'base64url.bearer.authorization.k8s.io.';

/** The bearer token of a request: from the Authorization header, else from a websocket's protocols; undefined where there is none. */
export function bearerToken(credentials: Credentials): string | undefined {
  const [scheme, token] = (credentials.authorization ?? '').trim().split(' ');
  if (scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '') return token;
  for (const protocol of (credentials.webSocketProtocols ?? '').split(',')) {
    const name = protocol.trim();
    if (name.startsWith(webSocketTokenPrefix)) return Buffer.from(name.slice(webSocketTokenPrefix.length), 'base64url').toString('utf8');
  }
  return undefined;
}

/** Adds system:authenticated to anybody who is known and does not have it yet. */
export function withAuthenticatedGroup(user: User): User {
  const known = completed.get(user);
  if (known !== undefined) return known;
  const complete = user.groups.includes(authenticatedGroup) || user.name === anonymousUser.name;
  const whole = complete ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
  completed.set(user, whole);
  return whole;
}

// Users are remembered with their certificates and tokens: the same one comes again and again.
const completed = new WeakMap<User, User>();

/** Certificate first, then token, by each authenticator in turn; a token that nobody knows is a 401, no credentials are anonymous. */
export function createAuthenticator(options: {
  readonly certificates?: CertificateAuthenticator;
  readonly tokens: readonly TokenAuthenticator[];
  /** False refuses requests without credentials (401). Default: allowed. */
  readonly anonymous?: boolean;
}): Authenticator {
  const byToken = async (credentials: Credentials): Promise<User> => {
    const token = bearerToken(credentials);
    if (token !== undefined) {
      const identity = await identifyToken(options.tokens, token);
      if (identity === undefined) throw unauthorized();
      return withAuthenticatedGroup(identity.user);
    }
    if (credentials.clientCertificate !== undefined || options.anonymous === false) throw unauthorized();
    return anonymousUser;
  };
  return {
    authenticate(credentials) {
      const { clientCertificate } = credentials;
      const user = clientCertificate === undefined ? undefined : options.certificates?.authenticateCertificate(clientCertificate);
      return user === undefined ? byToken(credentials) : withAuthenticatedGroup(user);
    },
  };
}

/** The first answer of several token authenticators; undefined where none accepts the token, whatever their reasons. */
export async function identifyToken(
  authenticators: readonly TokenAuthenticator[],
  token: string,
  audiences?: readonly string[],
): Promise<TokenIdentity | undefined> {
  for (const authenticator of authenticators) {
    try {
      const identity = await authenticator.authenticateToken(token, audiences);
      if (identity !== undefined) return identity;
    } catch {
      // A token of this sort that is not valid may still be one of the next sort.
    }
  }
  return undefined;
}
