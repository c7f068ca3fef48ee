// Owns the documents by which others can check service-account tokens: OpenID discovery, and the keys.
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { type ExtensionRoute, json } from './documents.ts';

/** `/.well-known/openid-configuration` and `/openid/v1/jwks`. `address` is HOST:PORT as others reach the server. */
export function tokenKeyRoutes(tokens: ServiceAccountTokens, address: () => string): readonly ExtensionRoute[] {
  return [
    { path: '/.well-known/openid-configuration', answer: () => json(tokens.discovery(`https://${address()}/openid/v1/jwks`)) },
    { path: '/openid/v1/jwks', answer: async () => json(await tokens.jwks()) },
  ];
}
