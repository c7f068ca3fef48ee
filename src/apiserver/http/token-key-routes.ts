// Owns the documents by which others can check service-account tokens: OpenID discovery, and the keys.
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { type DocumentAnswer, type ExtensionRoute, json, strictRoute } from './documents.ts';

const keySet = 'application/jwk-set+json';
/** Whoever checks tokens may keep the keys for an hour, as upstream says. */
const cached = (document: unknown): DocumentAnswer => ({ ...json(document), headers: { 'cache-control': 'public, max-age=3600' } });

/** `/.well-known/openid-configuration` and `/openid/v1/jwks`. `address` is HOST:PORT as others reach the server. */
export function tokenKeyRoutes(tokens: ServiceAccountTokens, address: () => string): readonly ExtensionRoute[] {
  return [
    ...strictRoute('/.well-known/openid-configuration', 'application/json', () =>
      cached(tokens.discovery(`https://${address()}/openid/v1/jwks`)),
    ),
    ...strictRoute('/openid/v1/jwks', keySet, async () => ({ ...cached(await tokens.jwks()), contentType: keySet })),
  ];
}
