// Owns reaching nodes of other processes for the API server: through their kubelets' own servers, or the control plane that has them within itself.
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Node } from '../api/core/v1.ts';
import type { Status } from '../api/meta/v1.ts';
import { hasReason, notFound, StatusError } from '../api/status-error.ts';
import type { Client } from '../client/client.ts';
import type { ContainerAddress, LogOptions, NodeConnection, NodeReply, StreamOptions } from '../client/node-connection.ts';
import { resources } from '../client/resources.ts';
import { openPortForward, openProcess } from '../runtime/cri/streams.ts';
import { RuntimeError } from '../runtime/runtime.ts';
import type { KeyPair } from './key-pair.ts';
import { kubeletTrust } from './serving-authority.ts';

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

/** Where each thing that a node does is asked for: URLs. */
interface Doors {
  logs(address: ContainerAddress, options: LogOptions): Promise<string>;
  exec(address: ContainerAddress, command: readonly string[], options: StreamOptions): Promise<string>;
  attach(address: ContainerAddress, options: StreamOptions): Promise<string>;
  portForward(pod: { readonly namespace: string; readonly pod: string }): Promise<string>;
  proxy(path: string): Promise<string>;
}

interface Tls {
  readonly cert: string;
  readonly key: string;
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
}

/** The connection to a node by its name. The node is looked up at each call: its address may change. */
export function remoteNode(name: string, client: Client, pair: KeyPair): NodeConnection {
  const found = (): Promise<Node> =>
    client.get(resources.nodes, { name }).catch((error: unknown) => {
      throw hasReason(error, 'NotFound') ? notFound({ group: '', resource: 'pods' }, name) : error;
    });
  const base = async (): Promise<string> => {
    const { host, port } = kubeletAddressOf(await found());
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  };
  const inNode = ({ namespace, pod, container }: ContainerAddress): string => `${namespace}/${pod}/${container}`;
  const doors: Doors = {
    logs: async (address, options) => `${await base()}/containerLogs/${inNode(address)}?${logQuery(options)}`,
    async exec(address, command, options) {
      const query = new URLSearchParams([
        ...streamQuery(options, kubeletFlags),
        ...command.map((word): [string, string] => ['command', word]),
      ]);
      return `${await base()}/exec/${inNode(address)}?${query}`;
    },
    attach: async (address, options) =>
      `${await base()}/attach/${inNode(address)}?${new URLSearchParams(streamQuery(options, kubeletFlags))}`,
    portForward: async ({ namespace, pod }) => `${await base()}/portForward/${namespace}/${pod}`,
    proxy: async (path) => `${await base()}${path}`,
  };
  return connectionThrough(doors, async () => ({ cert: pair.cert, key: pair.key, ...kubeletTrust(await found()) }));
}

/** The connection to a node that another control plane at `server` (`https://…`) has within itself: that one is asked, as its API has it. */
export function relayedNode(name: string, server: string, ca: string, pair: KeyPair): NodeConnection {
  const ofPod = (namespace: string, pod: string, what: string): string =>
    `${server}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/${what}`;
  const streaming = ({ container }: ContainerAddress, command: readonly string[], options: StreamOptions): URLSearchParams =>
    new URLSearchParams([
      ['container', container],
      ...streamQuery(options, apiFlags),
      ...command.map((word): [string, string] => ['command', word]),
    ]);
  const doors: Doors = {
    logs: async (address, options) =>
      `${ofPod(address.namespace, address.pod, 'log')}?container=${encodeURIComponent(address.container)}&${logQuery(options)}`,
    exec: async (address, command, options) => `${ofPod(address.namespace, address.pod, 'exec')}?${streaming(address, command, options)}`,
    attach: async (address, options) => `${ofPod(address.namespace, address.pod, 'attach')}?${streaming(address, [], options)}`,
    portForward: async ({ namespace, pod }) => ofPod(namespace, pod, 'portforward'),
    proxy: async (path) => `${server}/api/v1/nodes/${encodeURIComponent(name)}/proxy${path}`,
  };
  return connectionThrough(doors, async () => ({ cert: pair.cert, key: pair.key, ca, rejectUnauthorized: true }));
}

function connectionThrough(doors: Doors, tls: () => Promise<Tls>): NodeConnection {
  const call = async (method: string, url: string, signal: AbortSignal | undefined): Promise<IncomingMessage> => {
    const trust = await tls();
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { method, ...trust, timeout: answerMs, ...(signal === undefined ? {} : { signal }) }, resolve);
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', (error) =>
        reject(new StatusError('', `${goVerb(method)} ${JSON.stringify(url)}: ${dialText(error)}`, { code: 500 })),
      );
      outgoing.end();
    });
  };
  return {
    async logs(address, options) {
      const answer = await call('GET', await doors.logs(address, options), options.signal);
      if ((answer.statusCode ?? 500) < 300) return answer;
      const text = await bodyOf(answer);
      const reason = answer.statusCode === 400 ? 'BadRequest' : answer.statusCode === 404 ? 'NotFound' : 'InternalError';
      throw statusIn(text) ?? new StatusError(reason, text.trim());
    },
    exec: async (address, command, options) =>
      openProcess(await doors.exec(address, command, options), options, await tls()).catch(refused),
    attach: async (address, options) => openProcess(await doors.attach(address, options), options, await tls()).catch(refused),
    portForward: async (pod, port) => openPortForward(await doors.portForward(pod), port, await tls()).catch(refused),
    async proxy(method, path, signal): Promise<NodeReply> {
      const answer = await call(method, await doors.proxy(path), signal);
      return { code: answer.statusCode ?? 502, contentType: answer.headers['content-type'] ?? 'text/plain', chunks: answer };
    },
  };
}

/** The refusal that an API answered; undefined where the text is none. */
function statusIn(text: string): StatusError | undefined {
  try {
    const status = JSON.parse(text) as Status;
    return status.kind === 'Status' ? StatusError.fromStatus(status) : undefined;
  } catch {
    return undefined;
  }
}

const kubeletFlags = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;
const apiFlags = { stdin: 'stdin', stdout: 'stdout', stderr: 'stderr', tty: 'tty' } as const;

function logQuery(options: LogOptions): string {
  const query = new URLSearchParams();
  for (const flag of ['follow', 'previous', 'timestamps'] as const) if (options[flag] === true) query.set(flag, 'true');
  for (const amount of ['tailLines', 'limitBytes'] as const) if (options[amount] !== undefined) query.set(amount, String(options[amount]));
  if (options.sinceMs !== undefined) query.set('sinceTime', new Date(options.sinceMs).toISOString());
  if (options.stream !== undefined) query.set('stream', options.stream);
  return String(query);
}

function streamQuery(options: StreamOptions, names: typeof kubeletFlags | typeof apiFlags): [string, string][] {
  return (['stdin', 'stdout', 'stderr', 'tty'] as const).flatMap((flag): [string, string][] =>
    options[flag] ? [[names[flag], names === kubeletFlags ? '1' : 'true']] : [],
  );
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
  throw statusIn(text) ?? new StatusError(/not found/.test(text) ? 'NotFound' : 'InternalError', text, { plain: true });
}

const goVerb = (method: string): string => method.charAt(0) + method.slice(1).toLowerCase();

function dialText(error: Error & { readonly code?: string; readonly address?: string; readonly port?: number }): string {
  const where = `dial tcp ${error.address ?? ''}:${error.port ?? ''}`;
  if (error.code === 'ECONNREFUSED') return `${where}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `${where}: connect: no route to host`;
  if (error.code === 'ENETUNREACH') return `${where}: connect: network is unreachable`;
  return error.code === 'ETIMEDOUT' ? `${where}: i/o timeout` : error.message;
}
