// Owns the token subresource of service accounts. What a token says is the issuer's matter.
import { methodNotAllowed } from '../refusals.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';

export async function requestToken(_serving: Serving, _request: ApiRequest): Promise<Answer> {
  throw methodNotAllowed();
}
