// Owns one HTTP request from its first byte to its last: who, what, the body, the pipeline, the answer, the refusals.
import { StatusError } from '../../api/status-error.ts';
import type { Authenticator, Credentials } from '../auth/authenticator.ts';
import { requireAllowed } from '../auth/authorizer.ts';
import { impersonate, headersOf as rawHeadersOf } from '../auth/impersonation.ts';
import type { User } from '../auth/user.ts';
import type { Flow, FlowBook } from '../flow-control/flow-book.ts';
import { serveFresh } from '../freshness.ts';
import { noQuery, type Query } from '../list-options.ts';
import { type Media, mediaOf, requireType } from '../negotiation.ts';
import { asksForWatch, attributesOf, serveResource } from '../pipeline.ts';
import { methodNotAllowed, UnknownPathError } from '../refusals.ts';
import type { Answer, RequestBody } from '../request.ts';
import { type RequestInfo, requestInfoOf } from '../request-info.ts';
import type { Serving } from '../serving.ts';
import type { BodyDeadlines } from './body-deadlines.ts';
import { type ExtensionRoute, routeOf } from './documents.ts';
import { BodyTooLargeError, type Exchange } from './exchange.ts';
import { render, renderStatus, type View, whole } from './render.ts';
import type { CountedRequest, RequestMetrics } from './request-metrics.ts';
import { headersOf, respond } from './respond.ts';
import { includeObjectOf } from './table-answer.ts';
import { errorEvent, streamWatch } from './watch-stream.ts';

/** What the HTTP side needs beside the verbs' parts. */
export interface HttpParts {
  readonly serving: Serving;
  readonly authenticator: Authenticator;
  readonly routes: readonly ExtensionRoute[];
  readonly metrics: RequestMetrics;
  readonly flows: FlowBook;
  readonly bodies: BodyDeadlines;
}

const bodyBound = 3 * 1024 * 1024;
/** However slowly a body comes, it is there by then. */
export const bodyMs = 60_000;
const inFlightBound = 1000;
const longSubresources = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);
const health = /^\/(healthz|livez|readyz)(\/|$)/;
const jsonMedia: Media = { format: 'json', transform: undefined };
const withBody = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const methods = new Set(['GET', ...withBody]);

/** A request as it was read, before anybody decided on it. */
export interface Incoming {
  readonly exchange: Exchange;
  readonly info: RequestInfo;
  readonly query: Query;
  readonly warnings: string[];
  readonly auditId: string;
  /** Known once it is known who asks. */
  flow: Flow | undefined;
}

/** Reads the request line. */
export function incomingOf(exchange: Exchange, serving: Serving): Incoming {
  const { url, method, headers } = exchange;
  const at = url.indexOf('?');
  const query = at < 0 ? noQuery : new URLSearchParams(url.slice(at + 1));
  const info = requestInfoOf(method, at < 0 ? url : url.slice(0, at), at >= 0 && asksForWatch(query));
  const given = headers['audit-id'];
  const auditId = typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : serving.entropy.uuid();
  return { exchange, info, query, warnings: [], auditId, flow: undefined };
}

/** Serves a request. Never rejects: what goes wrong is answered, and logged where it is our fault. */
export async function handle(parts: HttpParts, exchange: Exchange, certificate: Credentials['clientCertificate']): Promise<void> {
  const { serving, metrics } = parts;
  const { clock } = serving;
  const began = clock.now();
  const incoming = incomingOf(exchange, serving);
  const { info } = incoming;
  // What lasts is bounded by connections, not by turns; and whoever asks how the server is must be told when it is busy.
  const long = info.verb === 'watch' || longSubresources.has(info.subresource) || health.test(info.path);
  let code = 200;
  if (!long) metrics.begin(exchange.method);
  try {
    if (!long && metrics.inFlight > inFlightBound)
      throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', { details: { retryAfterSeconds: 1 } });
    code = await serve(parts, incoming, certificate);
  } catch (error) {
    code = await refuse(parts, incoming, error);
  } finally {
    if (!long) metrics.end(exchange.method);
    metrics.record(countedOf(incoming), code, clock.now() - began);
  }
}

/** What a request counts as. Paths that are no resources are told apart by their first part only, or strangers would make the counters grow. */
function countedOf({ info, query }: Incoming): CountedRequest {
  const { verb, group, version, resource, subresource, name, namespace } = info;
  const scope = !info.isResource ? '' : name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster';
  return { verb, group, version, resource, subresource, scope, dryRun: query.get('dryRun') !== null };
}

/** Who a request is from, and as whom it is to be served. Rejects with Unauthorized, BadRequest or Forbidden. */
function userOf(parts: HttpParts, incoming: Incoming, certificate: Credentials['clientCertificate']): Promise<User> | User {
  const { authorization, 'sec-websocket-protocol': protocols } = incoming.exchange.headers;
  const asker = parts.authenticator.authenticate({
    ...(certificate === undefined ? {} : { clientCertificate: certificate }),
    ...(typeof authorization === 'string' ? { authorization } : {}),
    ...(typeof protocols === 'string' ? { webSocketProtocols: protocols } : {}),
  });
  return asker instanceof Promise ? asker.then((user) => actingAs(parts, incoming, user)) : actingAs(parts, incoming, asker);
}

function actingAs({ serving }: HttpParts, { exchange, info, query }: Incoming, asker: User): User {
  const { headers, rawHeaders } = exchange;
  for (const name in headers)
    if (name.startsWith('impersonate-')) return impersonate(serving.authorizer, asker, rawHeadersOf(rawHeaders), attributesOf(info, query));
  return asker;
}

async function serve(parts: HttpParts, incoming: Incoming, certificate: Credentials['clientCertificate']): Promise<number> {
  const { exchange, info, query, warnings, auditId } = incoming;
  const asker = serveFresh(parts.serving.store, '', query, warnings, () => userOf(parts, incoming, certificate));
  const user = asker instanceof Promise ? await asker : asker;
  // What lasts, other than watches, is no flow's.
  if (!longSubresources.has(info.subresource)) incoming.flow = parts.flows.flowOf(user, info);
  if (!info.isResource) return serveDocument(parts, incoming, user);
  if (!methods.has(exchange.method)) throw methodNotAllowed();
  const { serving, metrics } = parts;
  const view = viewOf(incoming, serving.clock.now());
  const body = withBody.has(exchange.method) ? await bodyOf(exchange, parts.bodies) : undefined;
  const answering = serveResource(serving, {
    info,
    method: exchange.method,
    headers: exchange.headers,
    query,
    user,
    body,
    userAgent: String(exchange.headers['user-agent'] ?? ''),
    signal: info.subresource === '' || exchange.takeOver !== undefined ? undefined : exchange.signal,
    warnings,
  });
  const answer = answering instanceof Promise ? await answering : answering;
  const headers = headersOf(auditId, warnings, incoming.flow);
  switch (answer.is) {
    case 'watch': {
      using _running = metrics.running(countedOf(incoming));
      await streamWatch(exchange, answer, view, headers, serving.clock);
      return 200;
    }
    case 'chunks':
      await pipe(exchange, answer.code, { ...headers, 'content-type': answer.contentType }, answer.chunks);
      return answer.code;
    case 'relayed':
      await pipe(exchange, answer.code, answer.headers, answer.chunks);
      return answer.code;
    case 'bytes':
      exchange.answer(answer.code, { ...headers, 'content-type': answer.contentType }, answer.bytes);
      return answer.code;
    case 'nothing':
      exchange.answer(answer.code, headers, undefined);
      return answer.code;
    case 'process':
    case 'portForward':
      if (exchange.takeOver === undefined) throw new StatusError('BadRequest', 'Upgrade request required');
      await exchange.takeOver(answer);
      return 101;
    default: {
      const rendered = render(answer, view);
      const sent = respond(exchange, rendered, headers);
      if (sent !== undefined) await sent;
      return rendered.code;
    }
  }
}

function viewOf({ exchange, info, query }: Incoming, nowMs: number): View {
  const { accept } = exchange.headers;
  const free = info.subresource === 'log' || info.subresource === 'proxy';
  const media = free ? jsonMedia : mediaOf(typeof accept === 'string' ? accept : undefined);
  const includeObject = media.transform?.kind === 'Table' ? includeObjectOf(query.get('includeObject')) : 'Metadata';
  return { media, pretty: wantsPretty(exchange, query), includeObject, nowMs };
}

function wantsPretty({ headers }: Exchange, query: Query): boolean {
  const pretty = query.get('pretty');
  if (pretty !== null) return pretty === '1' || pretty === 'true';
  const agent = headers['user-agent'];
  return typeof agent === 'string' && /^(curl|Wget|Mozilla\/5\.0)/.test(agent);
}

async function bodyOf(exchange: Exchange, bodies: BodyDeadlines): Promise<Extract<RequestBody, { is: 'bytes' }>> {
  const type = exchange.headers['content-type'];
  bodies.begin(exchange, () => exchange.abandonBody(tooLate()));
  try {
    const bytes = await exchange.body(bodyBound);
    return { is: 'bytes', contentType: typeof type === 'string' ? type : undefined, bytes };
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${bodyBound}`);
  } finally {
    bodies.end(exchange);
  }
}

function tooLate(): StatusError {
  return new StatusError('Timeout', 'Timeout: the body of the request did not come within the allotted timeout');
}

async function serveDocument(parts: HttpParts, { exchange, info, query, auditId, warnings, flow }: Incoming, user: User): Promise<number> {
  const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path;
  requireAllowed(parts.serving.authorizer, user, attributesOf(info, query));
  const route = routeOf(parts.routes, path);
  if (route === undefined) throw new UnknownPathError();
  const { method, headers } = exchange;
  if (route.methods !== 'any' && method !== 'GET') throw methodNotAllowed();
  if (route.produces !== undefined) requireType(headers['accept'], route.produces);
  const body = async (): Promise<Uint8Array> => {
    if (!withBody.has(exchange.method)) return new Uint8Array();
    const { bytes } = await bodyOf(exchange, parts.bodies);
    return bytes;
  };
  const answer = await route.answer({ method, path, query, headers, user, body });
  const content = method === 'HEAD' ? Buffer.alloc(0) : typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const fields = { ...headersOf(auditId, warnings, flow), ...answer.headers };
  await respond(exchange, whole(answer.code, answer.contentType, content), fields);
  return answer.code;
}

async function pipe(exchange: Exchange, code: number, headers: Answerable, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const outlet = exchange.begin(code, headers);
  for await (const chunk of chunks) {
    if (outlet.closed) return;
    if (!outlet.write(chunk)) await outlet.drained();
  }
  outlet.end();
}

type Answerable = Extract<Answer, { is: 'relayed' }>['headers'];

/** Answers an error. */
async function refuse({ serving }: HttpParts, incoming: Incoming, error: unknown): Promise<number> {
  const { exchange, info, warnings, auditId } = incoming;
  const headers = headersOf(auditId, warnings, incoming.flow);
  const bodiless = exchange.method === 'HEAD';
  if (error instanceof UnknownPathError) {
    const body = bodiless ? undefined : Buffer.from('404 page not found\n');
    exchange.answer(404, { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body);
    return 404;
  }
  const status = statusErrorOf(error, serving, info);
  if (bodiless) {
    exchange.answer(status.code, headers, undefined);
    return status.code;
  }
  if (info.verb === 'watch' && status.reason === 'Expired') {
    const { contentType, bytes } = errorEvent(status.toStatus(), errorView(incoming));
    exchange.answer(200, { ...headers, 'content-type': contentType }, bytes);
    return 200;
  }
  const retry = status.details?.retryAfterSeconds;
  const fields = retry === undefined ? headers : { ...headers, 'retry-after': String(retry) };
  if (status.plain) {
    exchange.answer(status.code, { ...fields, 'content-type': 'text/plain; charset=utf-8' }, Buffer.from(status.message));
    return status.code;
  }
  await respond(exchange, renderStatus(status.toStatus(), errorView(incoming), status.code), fields);
  return status.code;
}

/** An error as the client sees it: what nobody foresaw is an internal error, and ours to read in the log. */
export function statusErrorOf(error: unknown, { log }: Serving, info: RequestInfo): StatusError {
  if (error instanceof StatusError) return error;
  if (!(error instanceof Error && error.name === 'AbortError')) log.error('a request failed', { error, path: info.path, verb: info.verb });
  const why = error instanceof Error ? error.message : String(error);
  return new StatusError('InternalError', `Internal error occurred: ${why}`, { details: { causes: [{ message: why }] } });
}

/** Errors are shown in the format that was asked for, but never as a table; where the header itself is refused, as JSON. */
function errorView(incoming: Incoming): View {
  let media = jsonMedia;
  try {
    const { accept } = incoming.exchange.headers;
    media = { ...mediaOf(typeof accept === 'string' ? accept : undefined), transform: undefined };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
  return { media, pretty: wantsPretty(incoming.exchange, incoming.query), includeObject: 'None', nowMs: 0 };
}
