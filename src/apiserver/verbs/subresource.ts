// Owns which code serves which subresource.
import type { SubresourceDescription } from '../../api/kind.ts';
import { methodNotAllowed } from '../refusals.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { bind } from './binding.ts';
import { connect } from './connect.ts';
import { evict } from './eviction.ts';
import { get } from './get.ts';
import { patch } from './patch.ts';
import { podLog } from './pod-log.ts';
import { scale } from './scale.ts';
import { requestToken } from './token.ts';
import { update } from './update.ts';

/** Serves a request for a subresource that its parent has, with a verb that it has. */
export async function serveSubresource(serving: Serving, request: ApiRequest, subresource: SubresourceDescription): Promise<Answer> {
  const { verb } = request;
  if (subresource.connect) return connect(serving, request);
  switch (subresource.name) {
    case 'scale':
      return scale(serving, request, subresource);
    case 'binding':
      return bind(serving, request);
    case 'eviction':
      return evict(serving, request);
    case 'token':
      return requestToken(serving, request);
    case 'log':
      return podLog(serving, request);
    default:
      if (verb === 'get') return get(serving, request);
      if (verb === 'update') return update(serving, request);
      if (verb === 'patch') return patch(serving, request);
      throw methodNotAllowed();
  }
}
