// Owns the sockets: HTTP/2 and HTTP/1.1 on one port with TLS, plain HTTP/1.1 for tests, and closing it all down.
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DEFAULT_CIPHERS, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Credentials } from '../auth/authenticator.ts';
import { vouchForChain } from '../auth/client-certificates.ts';
import { type Exchange, Http1Exchange, Http2Exchange, UpgradeExchange } from './exchange.ts';
import { firstRequestMs, QuietConnections } from './quiet-connections.ts';

/** Keys and certificates, PEM. `ca`: whose client certificates are asked for, the authenticator's own authorities. It refuses wrong ones, not the handshake. */
export interface TlsOptions {
  readonly key: string | Uint8Array;
  readonly cert: string | Uint8Array;
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
}

export interface ListenOptions {
  /** Absent: plain HTTP/1.1, for tests on loopback. */
  readonly tls?: TlsOptions;
  /** Loopback where absent. */
  readonly hosts?: readonly string[];
  /** 0: any free port, the same for all hosts. */
  readonly port: number;
}

/** What to do with a request; one that asks for the connection itself has an exchange that can hand it over. Must not throw. */
export type RequestHandler = (exchange: Exchange, certificate: Credentials['clientCertificate']) => void;

/** A server that listens. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections, and cuts those that are there. */
  close(): Promise<void>;
}

/** Peers that are gone without a word are noticed by then, or some probes later. */
const keepAliveMs = 30_000;
/** Upstream's bound for the head of a request, which Go's servers give the handshake as well. */
const handshakeMs = 32_000;
/** How long a connection of HTTP/1.1 may idle between requests: as long as upstream's; Node's five seconds met clients that were just asking again. */
const idleMs = 90_000;
const mostConnections = 20_000;
/** How much of bodies a connection may have under way. HTTP/2 begins with 64 KiB, which makes every client wait at some thirty creates. */
const sessionWindow = 4 * 1024 * 1024;

const certificates = new WeakMap<object, Credentials['clientCertificate']>();

function certificateOf(socket: object | undefined): Credentials['clientCertificate'] {
  if (socket === undefined) return undefined;
  if (certificates.has(socket)) return certificates.get(socket);
  // An HTTP/2 session hands out a proxy of its socket, which answers `get` but not `in`.
  const { getPeerX509Certificate, authorized } = socket as Partial<TLSSocket>;
  const certificate = getPeerX509Certificate?.call(socket);
  if (certificate !== undefined && authorized === true) vouchForChain(certificate);
  certificates.set(socket, certificate);
  return certificate;
}

type AnyServer = Server | Http2SecureServer;

/** Listens on every host. Rejects with the system's error where a port is taken. */
export async function listen(
  { tls, hosts = ['127.0.0.1'], port }: ListenOptions,
  handler: RequestHandler,
  clock: Clock,
): Promise<Listener> {
  const quiet = new QuietConnections(clock);
  const servers: AnyServer[] = [];
  const open = new Set<{ destroy(): void }>();
  const sockets = new Set<Socket>();
  let chosen = port;
  for (const host of hosts) {
    const server = tls === undefined ? plainServer(handler, quiet) : secureServer(tls, handler, quiet, open);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      socket.once('close', () => sockets.delete(socket));
    });
    // An HTTP/2 server has the property as well, for the HTTP/1.1 that it speaks; the types do not know.
    Object.assign(server, { keepAliveTimeout: idleMs, headersTimeout: firstRequestMs });
    server.maxConnections = mostConnections;
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(chosen, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    chosen = (server.address() as AddressInfo).port;
  }
  return {
    port: chosen,
    async close() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const session of open) session.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function plainServer(handler: RequestHandler, quiet: QuietConnections): Server {
  const server = createHttpServer((request, response) => {
    quiet.spoke(request.socket);
    handler(new Http1Exchange(request, response), undefined);
  });
  server.on('connection', (socket: Socket) => quiet.opened(socket));
  server.on('upgrade', (request, socket, head) => {
    quiet.spoke(request.socket);
    handler(new UpgradeExchange(request, socket, head), undefined);
  });
  server.on('connect', (_request, socket) => socket.destroy());
  return server;
}

/** OpenSSL's own list with 128-bit AES first, as Go's servers have it: half again as many bytes a second on long lists. */
const fastest = 'TLS_AES_128_GCM_SHA256';
const ciphers = [fastest, ...DEFAULT_CIPHERS.split(':').filter((name) => name !== fastest)].join(':');

function destroyed(this: { destroy(): void }): void {
  this.destroy();
}

function secureServer(
  { key, cert, ca }: TlsOptions,
  handler: RequestHandler,
  quiet: QuietConnections,
  open: Set<{ destroy(): void }>,
): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    key: key as string,
    cert: cert as string,
    ...(ca === undefined ? {} : { ca: ca as string[] }),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 },
    maxSessionMemory: 100,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') quiet.opened(socket);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    quiet.spoke(request.socket);
    handler(new Http1Exchange(request, response), certificateOf(request.socket));
  });
  // The request event made the server wrap every HTTP/2 stream as well; streams are served as they are.
  server.removeAllListeners('stream');
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
    stream.on('error', destroyed);
    handler(new Http2Exchange(stream, headers, rawHeaders), certificateOf(stream.session?.socket));
  });
  server.on('session', (session: ServerHttp2Session) => {
    open.add(session);
    session.setLocalWindowSize(sessionWindow);
    quiet.began(session);
    session.once('close', () => open.delete(session));
    session.on('error', () => session.destroy());
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    quiet.spoke(request.socket);
    handler(new UpgradeExchange(request, socket, head), certificateOf(request.socket));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}
