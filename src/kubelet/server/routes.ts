// Owns what the kubelet's own server answers, path by path: health, pods, figures, logs, streams. It knows no sockets and asks no rights.
import type { Pod } from '../../api/core/v1.ts';
import { StatusError } from '../../api/status-error.ts';
import type { ProcessStreams } from '../../base/process-streams.ts';
import { formatTime } from '../../base/time.ts';
import type { LogOptions, NodeConnection, StreamOptions } from '../../client/node-connection.ts';
import type { NodeFiles } from '../../runtime/files.ts';
import type { LastWords } from '../last-words/last-words.ts';
import type { FoundPod, PodLookup } from '../pod-lookup.ts';
import { metricsText } from './metrics-text.ts';
import type { NodeSummary } from './summary.ts';

/** An answer: a text or JSON body, chunks, or streams to take the connection over for. */
export type ServerAnswer =
  | { readonly is: 'body'; readonly code: number; readonly contentType: string; readonly body: string }
  | { readonly is: 'chunks'; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly is: 'process'; readonly streams: Omit<StreamOptions, 'signal'>; open(signal: AbortSignal): Promise<ProcessStreams> }
  | { readonly is: 'portForward'; open(port: number): Promise<import('node:stream').Duplex> };

export interface KubeletRoutesOptions {
  readonly connection: NodeConnection;
  readonly lookup: PodLookup;
  readonly files: NodeFiles;
  /** Figures of the node and its pods now. */
  summary(): Promise<NodeSummary>;
  /** Counters of the kubelet itself, as metric lines. */
  ownMetrics(): string;
  probeMetrics(): string;
  /** What is kept of the ends of a pod's containers. */
  lastWords(namespace: string, pod: string): Promise<readonly LastWords[]>;
  /** The settings that the kubelet runs with. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly version: string;
  now(): number;
}

export interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly signal: AbortSignal;
}

const plain = 'text/plain; charset=utf-8';
const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
const text = (body: string, code = 200, contentType = plain): ServerAnswer => ({ is: 'body', code, contentType, body });
const json = (value: unknown): ServerAnswer => text(JSON.stringify(value), 200, 'application/json');

/** Answers one request. Rejects with StatusErrors whose text is to be shown. */
export async function answerKubelet(request: ServerRequest, options: KubeletRoutesOptions): Promise<ServerAnswer> {
  const [, first = '', ...rest] = request.path.split('/');
  switch (first) {
    case 'healthz':
      return text('ok');
    case 'pods':
      return json(podList(options.lookup.all().map(({ pod }) => pod)));
    case 'runningpods':
      return json(podList(options.lookup.all().filter(runs).map(skeleton)));
    case 'configz':
      return json({ kubeletconfig: options.configuration });
    case 'stats':
      if (rest[0] === 'summary') return json(await options.summary());
      break;
    case 'metrics':
      return metrics(rest[0] ?? '', options);
    case 'containerLogs':
      return containerLogs(rest, request, options);
    case 'lastWords': {
      const [namespace = '', pod = ''] = rest;
      const found = options.lookup.find(namespace, pod);
      return json({ reasons: found?.reasons ?? [], words: await options.lastWords(namespace, pod) });
    }
    case 'logs':
      return text('the node’s own logs are not served\n', 404);
    case 'exec':
    case 'attach':
      return processOf(first, rest, request, options);
    case 'portForward': {
      const [namespace = '', pod = ''] = rest;
      return { is: 'portForward', open: (port) => options.connection.portForward({ namespace, pod }, port) };
    }
    case 'checkpoint':
      return text('checkpointing of a container is not supported by the container runtime\n', 404);
    case 'statusz':
      return text(`kubelet statusz\n\nBinary version: ${options.version}\nEmulation version: ${options.version}\n`);
    case 'flagz':
      return text(
        `kubelet flags\n\n${Object.entries(options.configuration)
          .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
          .join('\n')}\n`,
      );
  }
  return text('404 page not found\n', 404);
}

function podList(items: readonly unknown[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

function runs({ containers }: FoundPod): boolean {
  return containers.some(({ state }) => state === 'running');
}

/** A running pod as far as the runtime knows it. */
function skeleton({ pod, containers }: FoundPod): object {
  const { name, namespace, uid } = pod.metadata;
  const running = containers.filter(({ state }) => state === 'running');
  return {
    metadata: { name, namespace, uid },
    spec: { containers: running.map(({ metadata, image }) => ({ name: metadata.name, image, resources: {} })) },
    status: {},
  };
}

async function metrics(kind: string, options: KubeletRoutesOptions): Promise<ServerAnswer> {
  switch (kind) {
    case '':
      return text(options.ownMetrics(), 200, metricsType);
    case 'resource':
      return text(metricsText('resource', await options.summary()), 200, metricsType);
    case 'cadvisor':
      return text(metricsText('cadvisor', await options.summary()), 200, metricsType);
    case 'probes':
      return text(options.probeMetrics(), 200, metricsType);
  }
  return text('404 page not found\n', 404);
}

async function containerLogs(
  [namespace = '', pod = '', container = '']: readonly string[],
  { query, signal }: ServerRequest,
  { connection, lookup, now }: KubeletRoutesOptions,
): Promise<ServerAnswer> {
  if (namespace === '') return text('{"message": "Missing podNamespace."}', 400, 'application/json');
  if (pod === '') return text('{"message": "Missing podID."}', 400, 'application/json');
  if (container === '') return text('{"message": "Missing container name."}', 400, 'application/json');
  const found = lookup.find(namespace, pod);
  if (found === undefined) return text(`pod ${JSON.stringify(pod)} does not exist\n`, 404);
  if (!names(found.pod).includes(container))
    return text(`container ${JSON.stringify(container)} not found in pod ${JSON.stringify(pod)}\n`, 404);
  return { is: 'chunks', chunks: await connection.logs({ namespace, pod, container }, { ...logOptionsOf(query, now()), signal }) };
}

/** The options of a log request, as the API server hands them on. */
export function logOptionsOf(query: URLSearchParams, nowMs: number): LogOptions {
  const whole = (name: string): number | undefined => (/^\d+$/.test(query.get(name) ?? '') ? Number(query.get(name)) : undefined);
  const flag = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
  const since = whole('sinceSeconds');
  const sinceTime = Date.parse(query.get('sinceTime') ?? '');
  const sinceMs = since !== undefined ? nowMs - since * 1000 : Number.isNaN(sinceTime) ? undefined : sinceTime;
  const [tailLines, limitBytes, stream] = [whole('tailLines'), whole('limitBytes'), query.get('stream')];
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(stream === 'Stdout' || stream === 'Stderr' || stream === 'All' ? { stream } : {}),
  };
}

function names({ spec }: Pod): readonly string[] {
  return [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ name }) => name);
}

/** `/exec/NAMESPACE/POD[/UID]/CONTAINER?command=…&input=1&output=1&error=1&tty=1`. */
function processOf(
  kind: 'exec' | 'attach',
  path: readonly string[],
  { query }: ServerRequest,
  { connection }: KubeletRoutesOptions,
): ServerAnswer {
  const [namespace = '', pod = ''] = path;
  const container = path.at(-1) ?? '';
  if (path.length < 3) throw new StatusError('BadRequest', 'the container is missing', { plain: true });
  const flag = (name: string, other: string): boolean => ['1', 'true'].includes(query.get(name) ?? query.get(other) ?? '');
  const tty = flag('tty', 'tty');
  const streams = { stdin: flag('input', 'stdin'), stdout: flag('output', 'stdout'), stderr: flag('error', 'stderr') && !tty, tty };
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw new StatusError('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr', { plain: true });
  const address = { namespace, pod, container };
  const command = query.getAll('command');
  return {
    is: 'process',
    streams,
    open: (signal) =>
      kind === 'exec' ? connection.exec(address, command, { ...streams, signal }) : connection.attach(address, { ...streams, signal }),
  };
}

/** `2026-01-01T00:00:00Z` of an instant, for the figures. */
export const instant = (atMs: number): string => formatTime(atMs);
