// Owns the token subresource of service accounts as a request. What a token says is the issuer's matter.
import type { TokenRequest } from '../../api/authentication/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { StatusError } from '../../api/status-error.ts';
import { requestToken as issue } from '../auth/token-request.ts';
import { objectOfBody } from '../body.ts';
import { recordOwnership } from '../managed-fields/record-ownership.ts';
import { expectNamespace } from '../object-metadata.ts';
import { methodNotAllowed } from '../refusals.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { managerOf, writeQueryOf } from '../write-options.ts';

const defaultSeconds = 3600;

/** Answers with a token. Throws NotFound, Invalid, BadRequest; ServiceUnavailable where nobody issues tokens. */
export async function requestToken(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { catalog, tokens, objects, clock } = serving;
  const { namespace, name, warnings, subresource } = request;
  const kind = catalog.byKind('authentication.k8s.io', 'v1', 'TokenRequest');
  if (kind === undefined) throw methodNotAllowed();
  if (tokens === undefined) throw new StatusError('ServiceUnavailable', 'this server issues no tokens');
  const options = writeQueryOf(request.query, 'CreateOptions');
  const decoded = objectOfBody(request.body, kind, catalog, options.fieldValidation);
  warnings.push(...decoded.warnings);
  expectNamespace(decoded.object, namespace);
  const manager = managerOf(options.fieldManager, request.userAgent);
  const spec = (decoded.object['spec'] ?? {}) as TokenRequest['spec'];
  const next = { ...decoded.object, spec: { ...spec, expirationSeconds: spec.expirationSeconds ?? defaultSeconds } };
  const asked = recordOwnership({ kind, catalog, old: undefined, next, manager, subresource, nowMs: clock.now() });
  const answer = await issue({ tokens, objects, clock }, { namespace, name }, asked as unknown as TokenRequest);
  return { is: 'object', code: 201, kind, object: answer as unknown as AnyObject };
}
