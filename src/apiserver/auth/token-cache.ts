// Owns remembering accepted tokens for a moment, so that a signature is checked once in a while and not at every request.
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { TokenAuthenticator, TokenIdentity } from './authenticator.ts';

/** Upstream's ten seconds: so long an accepted token may outlive what it is bound to. */
export const acceptedMs = 10_000;
const mostEntries = 4096;

/** Remembers acceptances (never refusals) for `acceptedMs`, at most 4,096 of them; tokens are kept as digests. */
export function cachedTokens(inner: TokenAuthenticator, clock: Pick<Clock, 'now'>): TokenAuthenticator {
  const known = new Map<string, { readonly identity: TokenIdentity; readonly untilMs: number }>();
  return {
    async authenticateToken(token, audiences) {
      const key = createHash('sha256')
        .update(JSON.stringify([token, audiences ?? null]))
        .digest('base64');
      const hit = known.get(key);
      if (hit !== undefined && clock.now() < hit.untilMs) return hit.identity;
      known.delete(key);
      const identity = await inner.authenticateToken(token, audiences);
      if (identity === undefined) return undefined;
      if (known.size >= mostEntries) known.delete(known.keys().next().value ?? '');
      known.set(key, { identity, untilMs: clock.now() + acceptedMs });
      return identity;
    },
  };
}
