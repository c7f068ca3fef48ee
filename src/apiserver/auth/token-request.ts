// Owns `serviceaccounts/token`: what may be asked for, what a token is bound to, and the answer.

import type { TokenRequest } from '../../api/authentication/v1.ts';
import { invalidValue } from '../../api/causes.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { StatusCause } from '../../api/meta/v1.ts';
import type { AnyObject } from '../../api/object.ts';
import { badRequest, conflict, invalid, notFound } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { ObjectSource } from './object-source.ts';
import type { PrivateClaims, Reference } from './service-account-claims.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

const kind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const defaultSeconds = 3600;
const leastSeconds = 600;
const mostSeconds = 2 ** 32;
// Pods whose software does not reread its token get a year; use after the asked-for time is only warned of. Upstream's rule for this very number.
const extendedRequestSeconds = 3607;
const extendedSeconds = 365 * 24 * 3600;

const bindable: ReadonlyMap<string, string> = new Map([
  ['Pod', 'pods'],
  ['Secret', 'secrets'],
  ['Node', 'nodes'],
]);

/** The request with its defaults: an hour, for the server's own audiences. Pure. */
export function defaultTokenRequest(request: TokenRequest, audiences: readonly string[]): TokenRequest {
  const { spec } = request;
  return {
    ...request,
    spec: {
      audiences: spec?.audiences?.length ? spec.audiences : audiences,
      boundObjectRef: spec?.boundObjectRef ?? null,
      expirationSeconds: spec?.expirationSeconds ?? defaultSeconds,
    } as TokenRequest['spec'],
  };
}

/** What is wrong with a defaulted request. Pure. */
export function tokenRequestCauses({ spec }: TokenRequest): readonly StatusCause[] {
  const seconds = spec.expirationSeconds ?? defaultSeconds;
  const field = 'spec.expirationSeconds';
  if (seconds < leastSeconds) return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > mostSeconds ? [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

function referenceTo(object: AnyObject): Reference {
  return { name: object.metadata.name, uid: object.metadata.uid };
}

function boundTo(request: TokenRequest, namespace: string, account: string, objects: ObjectSource): Partial<PrivateClaims> {
  const wanted = request.spec.boundObjectRef;
  if (wanted === undefined || wanted === null) return {};
  const resource = wanted.apiVersion === 'v1' ? bindable.get(wanted.kind ?? '') : undefined;
  if (resource === undefined) {
    const [group, version] = (wanted.apiVersion ?? '').includes('/') ? (wanted.apiVersion ?? '').split('/') : ['', wanted.apiVersion ?? ''];
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${wanted.kind ?? ''}`);
  }
  const name = wanted.name ?? '';
  const object = objects.get({ group: '', resource }, resource === 'nodes' ? '' : namespace, name);
  if (object === undefined) throw notFound({ group: '', resource }, name);
  if (wanted.uid !== undefined && wanted.uid !== '' && wanted.uid !== object.metadata.uid)
    throw conflict(
      { group: '', resource },
      name,
      `the UID in the bound object reference (${wanted.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (resource === 'secrets') return { secret: referenceTo(object) };
  if (resource === 'nodes') return { node: referenceTo(object) };
  const pod = object as unknown as Pod;
  if ((pod.spec?.serviceAccountName || 'default') !== account)
    throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`);
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) return { pod: referenceTo(object) };
  const node = objects.get({ group: '', resource: 'nodes' }, '', nodeName);
  return { pod: referenceTo(object), node: { name: nodeName, uid: node?.metadata.uid ?? '' } };
}

/** Answers a POST to `serviceaccounts/NAME/token`. Throws NotFound, Invalid, BadRequest, Conflict as upstream. */
export async function requestToken(
  parts: { readonly tokens: ServiceAccountTokens; readonly objects: ObjectSource; readonly clock: Pick<Clock, 'now'> },
  at: { readonly namespace: string; readonly name: string },
  asked: TokenRequest,
): Promise<TokenRequest> {
  const { tokens, objects, clock } = parts;
  const { namespace, name } = at;
  const account = objects.get({ group: '', resource: 'serviceaccounts' }, namespace, name);
  if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name);
  const own = asked.metadata ?? {};
  const mismatches: StatusCause[] = [];
  if (own.name && own.name !== name)
    mismatches.push(invalidValue('metadata.name', own.name, 'must match the service account name if specified'));
  if (own.namespace && own.namespace !== namespace)
    mismatches.push(invalidValue('metadata.namespace', own.namespace, 'must match the service account namespace if specified'));
  if (mismatches.length > 0) throw invalid(kind, name, mismatches);
  const request = defaultTokenRequest(asked, tokens.audiences);
  const causes = tokenRequestCauses(request);
  if (causes.length > 0) throw invalid(kind, '', causes);
  const bound = boundTo(request, namespace, name, objects);
  const nowMs = clock.now();
  const seconds = request.spec.expirationSeconds ?? defaultSeconds;
  const audiences = request.spec.audiences ?? tokens.audiences;
  const extended =
    seconds === extendedRequestSeconds && bound.pod !== undefined && audiences.every((one) => tokens.audiences.includes(one));
  const claims: PrivateClaims = {
    namespace,
    serviceaccount: referenceTo(account),
    ...bound,
    ...(extended ? { warnafter: Math.floor(nowMs / 1000) + seconds } : {}),
  };
  const token = await tokens.sign({ claims, audiences, expirationSeconds: extended ? extendedSeconds : seconds });
  return {
    ...request,
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { ...asked.metadata, name, namespace, uid: account.metadata.uid, creationTimestamp: formatTime(nowMs) },
    status: { token, expirationTimestamp: formatTime(nowMs + seconds * 1000) },
  } as TokenRequest;
}
