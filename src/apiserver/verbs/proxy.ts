// Owns relaying HTTP to a pod's port, also that of a Service's endpoint, through the connection to its node.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { badRequest, notFound, StatusError } from '../../api/status-error.ts';
import type { Answer, ApiRequest } from '../request.ts';
import type { Serving } from '../serving.ts';
import { keyOf, rangeOf } from '../storage-key.ts';
import { objectOf } from '../stored-object.ts';
import { connectionTo, podOf } from './pod-target.ts';

interface Target {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/** Relays a request to `[scheme:]name[:port]`. Throws NotFound, BadRequest, ServiceUnavailable. */
export async function proxy(serving: Serving, request: ApiRequest): Promise<Answer> {
  const { kind } = request;
  if (kind.resource === 'nodes') return nodeProxy(serving, request);
  const target = kind.resource === 'pods' ? podTarget(serving, request) : serviceTarget(serving, request);
  const pods = serving.catalog.byResource('', 'v1', 'pods') ?? kind;
  const pod = podOf(serving, { kind: pods, namespace: target.namespace, name: target.pod });
  const nodeName = pod.spec?.nodeName ?? '';
  if (nodeName === '' || !pod.status?.podIP) throw badRequest('address not allowed');
  const host = `${pod.status.podIP}:${target.port}`;
  const duplex = await connectionTo(serving, nodeName).portForward(target, target.port);
  return relay(request, duplex, host);
}

/** Splits `[scheme:]name[:port]`. */
function splitName(name: string): { readonly name: string; readonly port: string } {
  const parts = name.split(':');
  if (parts.length === 1) return { name, port: '' };
  const [first = '', second = '', third = ''] = parts;
  return parts.length === 2 ? { name: first, port: second } : { name: second, port: third };
}

function podTarget(serving: Serving, { kind, namespace, name: full }: ApiRequest): Target {
  const { name, port } = splitName(full);
  const pod = podOf(serving, { kind, namespace, name });
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  const named = ports.find((one) => one.name === port)?.containerPort;
  const number = port === '' ? (ports[0]?.containerPort ?? 80) : /^\d+$/.test(port) ? Number(port) : named;
  if (number === undefined || number < 1 || number > 65_535) throw badRequest(`invalid pod request ${JSON.stringify(full)}`);
  return { namespace, pod: name, port: number };
}

function serviceTarget({ store, catalog }: Serving, { kind, namespace, name: full }: ApiRequest): Target {
  const { name, port } = splitName(full);
  const entry = store.get(keyOf(kind, namespace, name));
  if (entry === undefined) throw notFound(kind, name);
  const { spec } = objectOf(entry) as unknown as Service;
  const ports = spec?.ports ?? [];
  const chosen = port === '' ? ports[0] : ports.find((one) => one.name === port || String(one.port) === port);
  const unavailable = (why: string): StatusError => new StatusError('ServiceUnavailable', why);
  if (chosen === undefined) throw unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`);
  const slices = catalog.byResource('discovery.k8s.io', 'v1', 'endpointslices');
  const entries = slices === undefined ? [] : store.range(rangeOf(slices, namespace)).entries;
  for (const slice of entries.map((one) => objectOf(one) as unknown as EndpointSlice)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const number = slice.ports?.find((one) => (one.name ?? '') === (chosen.name ?? ''))?.port;
    const endpoint = slice.endpoints?.find(({ conditions, targetRef }) => conditions?.ready !== false && targetRef?.kind === 'Pod');
    if (number !== undefined && endpoint?.targetRef?.name !== undefined) return { namespace, pod: endpoint.targetRef.name, port: number };
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

/** Relays to the node's own server: its figures, metrics and logs. */
async function nodeProxy(serving: Serving, { kind, name: full, rest, query, method, signal }: ApiRequest): Promise<Answer> {
  const { name } = splitName(full);
  if (serving.store.get(keyOf(kind, '', name)) === undefined) throw notFound(kind, name);
  const connection = connectionTo(serving, name);
  if (connection.proxy === undefined) throw new StatusError('ServiceUnavailable', `node ${JSON.stringify(name)} serves no HTTP of its own`);
  const parameters = new URLSearchParams(String(query instanceof URLSearchParams ? query : '')).toString();
  const path = `/${rest}${parameters === '' ? '' : `?${parameters}`}`;
  const { code, contentType, chunks } = await connection.proxy(method || 'GET', path, signal);
  return { is: 'relayed', code, headers: { 'content-type': contentType }, chunks };
}

const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'host',
  'content-length',
  'http2-settings',
]);

function relay({ method, headers, rest, query, body, signal }: ApiRequest, duplex: Duplex, host: string): Promise<Answer> {
  const parameters = new URLSearchParams(String(query instanceof URLSearchParams ? query : '')).toString();
  const sent: Record<string, string | readonly string[]> = { host };
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopHeaders.has(name) && !name.startsWith(':')) sent[name] = value;
  const bytes = body?.is === 'bytes' ? body.bytes : undefined;
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = httpRequest({
      createConnection: () => duplex,
      method: method || 'GET',
      path: `/${rest}${parameters === '' ? '' : `?${parameters}`}`,
      headers: { ...sent, ...(bytes === undefined || bytes.length === 0 ? {} : { 'content-length': String(bytes.length) }) } as Record<
        string,
        string | string[]
      >,
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.on('response', (incoming: IncomingMessage) => resolve(relayed(incoming)));
    outgoing.on('error', (error) => {
      duplex.destroy();
      // Runtimes tell at length which of their namespaces they tried; what matters is that nobody listens.
      const why = /connect: connection refused/.test(error.message) ? `dial tcp ${host}: connect: connection refused` : error.message;
      reject(new StatusError('ServiceUnavailable', `error trying to reach service: ${why}`));
    });
    outgoing.end(bytes);
  });
}

function relayed(incoming: IncomingMessage): Answer {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers)) if (value !== undefined && !hopHeaders.has(name)) headers[name] = value;
  return { is: 'relayed', code: incoming.statusCode ?? 502, headers, chunks: incoming };
}
