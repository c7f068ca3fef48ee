// Owns reaching nodes of other processes for the API server: their kubelets' own servers, over TLS, as the API server's client.
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Node } from '../api/core/v1.ts';
import { hasReason, notFound, StatusError } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { ContainerAddress, LogOptions, NodeConnection, NodeReply, StreamOptions } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import { openPortForward, openProcess } from '../runtime/cri/streams.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import type { KeyPair } from './key-pair.ts';

const answerMs = 30_000;
const longestErrorBytes = 2048;
const preferred = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP'];

/** Where a node's kubelet listens, in upstream's order of preference but addresses before names. Throws where it tells no address. Pure. */
export function kubeletAddressOf(node: Node): { readonly host: string; readonly port: number } {
  const addresses = node.status?.addresses ?? [];
  const order = ['InternalIP', 'ExternalIP', ...preferred];
  const chosen = order.flatMap((type) => addresses.filter((one) => one.type === type))[0];
  if (chosen === undefined)
    throw new StatusError('', `no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`, { code: 500 });
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  return { host: chosen.address, port: port === 0 ? 10250 : port };
}

/** The connection to a node by its name. The node is looked up at each call: its address may change. */
export function remoteNode(name: string, client: Client, pair: KeyPair): NodeConnection {
  // Kubelets sign their own serving certificates; what matters is that they know us.
  const tls = { cert: pair.cert, key: pair.key, rejectUnauthorized: false } as const;
  const base = async (): Promise<string> => {
    const node = await client.get(resources.nodes, { name }).catch((error: unknown) => {
      throw hasReason(error, 'NotFound') ? notFound({ group: '', resource: 'pods' }, name) : error;
    });
    const { host, port } = kubeletAddressOf(node);
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  };
  const call = async (method: string, path: string, signal: AbortSignal | undefined): Promise<IncomingMessage> => {
    const url = `${await base()}${path}`;
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, ...tls, timeout: answerMs, ...(signal === undefined ? {} : { signal }) }, resolve);
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', (error) =>
        reject(new StatusError('', `${goVerb(method)} ${JSON.stringify(url)}: ${dialText(error)}`, { code: 500 })),
      );
      outgoing.end();
    });
  };
  return {
    async logs({ namespace, pod, container }: ContainerAddress, options: LogOptions) {
      const answer = await call('GET', `/containerLogs/${namespace}/${pod}/${container}?${logQuery(options)}`, options.signal);
      if ((answer.statusCode ?? 500) < 300) return answer;
      const text = await bodyOf(answer);
      const reason = answer.statusCode === 400 ? 'BadRequest' : answer.statusCode === 404 ? 'NotFound' : 'InternalError';
      throw new StatusError(reason, text.trim());
    },
    async exec(address, command, options) {
      const query = new URLSearchParams([...streamQuery(options), ...command.map((word): [string, string] => ['command', word])]);
      const path = `/exec/${address.namespace}/${address.pod}/${address.container}?${query}`;
      return openProcess(`${await base()}${path}`, options, tls).catch(refused);
    },
    async attach(address, options) {
      const path = `/attach/${address.namespace}/${address.pod}/${address.container}?${new URLSearchParams(streamQuery(options))}`;
      return openProcess(`${await base()}${path}`, options, tls).catch(refused);
    },
    async portForward({ namespace, pod }, port) {
      return openPortForward(`${await base()}/portForward/${namespace}/${pod}`, port, tls).catch(refused);
    },
    async proxy(method, path, signal): Promise<NodeReply> {
      const answer = await call(method, path, signal);
      return { code: answer.statusCode ?? 502, contentType: answer.headers['content-type'] ?? 'text/plain', chunks: answer };
    },
  };
}

function logQuery(options: LogOptions): string {
  const query = new URLSearchParams();
  for (const flag of ['follow', 'previous', 'timestamps'] as const) if (options[flag] === true) query.set(flag, 'true');
  for (const amount of ['tailLines', 'limitBytes'] as const) if (options[amount] !== undefined) query.set(amount, String(options[amount]));
  if (options.sinceMs !== undefined) query.set('sinceTime', new Date(options.sinceMs).toISOString());
  if (options.stream !== undefined) query.set('stream', options.stream);
  return String(query);
}

function streamQuery({ stdin, stdout, stderr, tty }: StreamOptions): [string, string][] {
  const flags = { input: stdin, output: stdout, error: stderr, tty };
  return Object.entries(flags).flatMap(([name, wanted]): [string, string][] => (wanted ? [[name, '1']] : []));
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= longestErrorBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, longestErrorBytes).toString('utf8');
}

function refused(error: unknown): never {
  if (!(error instanceof RuntimeError)) throw error;
  const text = error.message.replace(/^unable to upgrade connection: /, '');
  throw new StatusError(/not found/.test(text) ? 'NotFound' : 'InternalError', text, { plain: true });
}

const goVerb = (method: string): string => method.charAt(0) + method.slice(1).toLowerCase();

function dialText(error: Error & { readonly code?: string; readonly address?: string; readonly port?: number }): string {
  const where = `dial tcp ${error.address ?? ''}:${error.port ?? ''}`;
  if (error.code === 'ECONNREFUSED') return `${where}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `${where}: connect: no route to host`;
  if (error.code === 'ENETUNREACH') return `${where}: connect: network is unreachable`;
  return error.code === 'ETIMEDOUT' ? `${where}: i/o timeout` : error.message;
}
