// Owns the way of a request from "who asks for what" to a verb: what exists, who may, which verb. In-process and HTTP requests take it alike.
import { deprecationWarning } from '../api/deprecations.ts';
import type { KindDescription, SubresourceDescription } from '../api/kind.ts';
import type { FieldRequirement } from '../api/selectors/field-selector.ts';
import { badRequest, notFound, StatusError } from '../api/status-error.ts';
import { type Attributes, requireAllowed } from './auth/authorizer.ts';
import type { User } from './auth/user.ts';
import { serveFresh } from './freshness.ts';
import { booleanOf, type Query } from './list-options.ts';
import { methodNotAllowed, UnknownPathError, unknownResource } from './refusals.ts';
import type { Answer, ApiRequest, RequestBody } from './request.ts';
import type { RequestInfo } from './request-info.ts';
import type { Serving } from './serving.ts';
import { serveComputed } from './verbs/computed.ts';
import { create } from './verbs/create.ts';
import { deleteOne } from './verbs/delete.ts';
import { deleteCollection } from './verbs/delete-collection.ts';
import { get } from './verbs/get.ts';
import { list } from './verbs/list.ts';
import { patch } from './verbs/patch.ts';
import { review } from './verbs/review.ts';
import { serveSubresource } from './verbs/subresource.ts';
import { update } from './verbs/update.ts';
import { watch } from './verbs/watch.ts';

/** A request as it comes in: read, and its user known. */
export interface Call {
  readonly info: RequestInfo;
  readonly method: string;
  readonly headers: ApiRequest['headers'];
  readonly query: Query;
  readonly user: User;
  readonly body: RequestBody | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal | undefined;
  readonly warnings: string[];
}

/** What an authorizer is asked about a request. A field selector on the name makes a list ask for that name, as upstream. */
export function attributesOf(info: RequestInfo, query: Query): Attributes {
  if (!info.isResource) return { verb: info.verb, path: info.path };
  const { verb, group, version, resource, subresource, namespace } = info;
  const selected =
    info.name === '' && verb !== 'create'
      ? /(?:^|,)metadata\.name==?([^,=!\\]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1]
      : undefined;
  const fieldSelector = info.name === '' ? requirementsOf(query.get('fieldSelector')) : [];
  return {
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    name: selected ?? info.name,
    ...(fieldSelector.length === 0 ? {} : { fieldSelector }),
  };
}

const none: readonly FieldRequirement[] = [];

/** The terms of a field selector, as far as an authorizer needs them: those that are not plain are left to the verb to refuse. */
function requirementsOf(text: string | null): readonly FieldRequirement[] {
  if (text === null || text === '') return none;
  return text.split(',').flatMap((term) => {
    const [, field, operator, value] = /^([^=!]+)(==?|!=)([^=!\\]*)$/.exec(term) ?? [];
    return field === undefined || value === undefined ? [] : [{ field, equal: operator !== '!=', value }];
  });
}

/** Serves a request for a resource: authorises, finds the kind, carries out. Throws or rejects with StatusError or UnknownPathError. */
export function serveResource(serving: Serving, call: Call): Promise<Answer> | Answer {
  const { info, query, warnings } = call;
  return serveFresh(serving.store, info.verb, query, warnings, () => serveOnce(serving, call));
}

function serveOnce(serving: Serving, call: Call): Promise<Answer> | Answer {
  const { info, query, user } = call;
  requireAllowed(serving.authorizer, user, attributesOf(info, query));
  const { kind, subresource } = find(serving, info);
  const { body, userAgent, signal, warnings, method, headers } = call;
  const { verb, namespace, name, rest } = info;
  const deprecated = kind.custom === undefined ? deprecationWarning(kind) : kind.custom.deprecation;
  if (deprecated !== undefined) warnings.push(deprecated);
  const request: ApiRequest = {
    verb,
    user,
    kind,
    subresource: info.subresource,
    namespace: kind.namespaced ? namespace : '',
    name,
    rest,
    method,
    headers,
    query,
    body,
    userAgent,
    signal,
    warnings,
  };
  checkTimeout(query);
  if (subresource !== undefined) return serveSubresource(serving, request, subresource);
  const computed = kind.stored ? undefined : serving.computed.get(`${kind.group}/${kind.resource}`);
  if (computed !== undefined) return serveComputed(computed, request);
  switch (verb) {
    case 'get':
      return get(serving, request);
    case 'list':
      return list(serving, request);
    case 'watch':
      return watch(serving, request);
    case 'create':
      return kind.stored ? create(serving, request) : review(serving, request);
    case 'update':
      return update(serving, request);
    case 'patch':
      return patch(serving, request);
    case 'delete':
      return deleteOne(serving, request);
    case 'deletecollection':
      return deleteCollection(serving, request);
    default:
      throw methodNotAllowed();
  }
}

interface Found {
  readonly kind: KindDescription;
  readonly subresource: SubresourceDescription | undefined;
}

function find({ catalog }: Serving, info: RequestInfo): Found {
  const { group, version, resource, name, namespace, verb } = info;
  const kind = catalog.byResource(group, version, resource);
  if (kind === undefined) {
    const known = group === '' ? [] : catalog.all().filter((other) => other.group === group);
    if (group !== '' && known.every(({ custom }) => custom !== undefined)) throw new UnknownPathError();
    throw unknownResource();
  }
  if (kind.custom !== undefined) return findCustom(kind, info);
  if (!info.wellFormed || (namespace !== '' && !kind.namespaced && !(group === '' && resource === 'namespaces'))) throw unknownResource();
  if (name === '.' || name === '..') throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`);
  if (info.legacyWatch && verb !== 'watch') throw methodNotAllowed();
  if (info.subresource !== '') {
    const subresource = kind.subresources.find((one) => one.name === info.subresource);
    if (subresource === undefined || (kind.namespaced && namespace === '')) throw unknownResource();
    if (subresource.connect !== true && !(subresource.verbs as readonly string[]).includes(verb)) throw methodNotAllowed();
    return { kind, subresource };
  }
  if (kind.namespaced && namespace === '' && name !== '') throw unknownResource();
  const everywhere = kind.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch' && kind.stored;
  if (everywhere || (verb === 'create' && name !== '') || !(kind.verbs as readonly string[]).includes(verb)) throw methodNotAllowed();
  if (name === '' && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  return { kind, subresource: undefined };
}

/** Custom resources are served by another part of upstream's server, whose refusals are its own. */
function findCustom(kind: KindDescription, info: RequestInfo): Found {
  const { name, namespace, verb } = info;
  const everywhere = kind.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch';
  if (!info.wellFormed || everywhere || (!kind.namespaced && namespace !== '')) throw new UnknownPathError();
  if (name === '.' || name === '..') throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: may not be '${name}'`);
  const subresource = kind.subresources.find((one) => one.name === info.subresource);
  if (info.subresource !== '' && subresource === undefined) throw notFound(kind, name);
  const verbs: readonly string[] = subresource?.verbs ?? kind.verbs;
  const nameless = name === '' && (verb === 'update' || verb === 'patch');
  if (!verbs.includes(verb) || nameless || (verb === 'create' && name !== '')) throw unsupportedVerb(kind, verb);
  if (verb === 'create' && kind.custom?.terminating === true)
    throw unsupportedVerb(kind, verb, `${verb} not allowed while custom resource definition is terminating`);
  return { kind, subresource };
}

function unsupportedVerb({ group, resource }: KindDescription, verb: string, message?: string): StatusError {
  const what = `${verb} is not supported on resources of kind "${resource}.${group}"`;
  return new StatusError('MethodNotAllowed', message ?? what, { details: { group, kind: resource } });
}

/** The `timeout` parameter, a Go duration, is understood where it can be and refused where it cannot. */
function checkTimeout(query: Query): void {
  const timeout = query.get('timeout');
  if (
    timeout === null ||
    timeout === '' ||
    /^[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$|^0$/.test(timeout)
  )
    return;
  throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(timeout)}`);
}

/** Whether a query asks for a watch. */
export function asksForWatch(query: Query): boolean {
  return booleanOf(query.get('watch'));
}
