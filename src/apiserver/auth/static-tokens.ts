// Owns bearer tokens that are known beforehand. It refuses to keep them in the clear longer than the call that hands them in.
import { createHash } from 'node:crypto';
import type { TokenAuthenticator } from './authenticator.ts';
import type { User } from './user.ts';

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** Knows these tokens. They are looked up by digest, so that the time taken tells nothing about them. */
export function staticTokens(tokens: ReadonlyMap<string, User>, audience: readonly string[]): TokenAuthenticator {
  const users = new Map([...tokens].map(([token, user]) => [digest(token), user]));
  return {
    async authenticateToken(token, audiences) {
      const user = users.get(digest(token));
      return user === undefined ? undefined : { user, audiences: (audiences ?? audience).filter((name) => audience.includes(name)) };
    },
  };
}
