// Owns the real ProbeDialer: plain HTTP by hand, node:https, node:net and node:http2. It refuses to judge what comes back.
import type { IncomingMessage } from 'node:http';
import { connect as http2Connect, type IncomingHttpHeaders } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { plainHttp, probeBodyBytes } from './plain-http.ts';
import { DialError, type HttpProbeRequest, type HttpProbeResponse, type ProbeDialer, urlOf } from './probe-dialer.ts';

const servingStatus = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

function dialText(error: Error & { readonly code?: string }, host: string, port: number): string {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: network is unreachable`;
    case 'ETIMEDOUT':
      return `dial tcp ${address}: i/o timeout`;
    case 'ECONNRESET':
      return error.message === 'socket hang up' ? 'EOF' : 'read: connection reset by peer';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'http: server gave HTTP response to HTTPS client';
    default:
      return error.message;
  }
}

function https(request: HttpProbeRequest): Promise<HttpProbeResponse> {
  const { host, port, path, headers, timeoutMs } = request;
  const { promise, resolve, reject } = Promise.withResolvers<HttpProbeResponse>();
  const fail = (text: string): void => reject(new DialError(`Get "${urlOf(request)}": ${text}`));
  const onResponse = (response: IncomingMessage): void => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (): void => {
      const body = Buffer.concat(chunks).subarray(0, probeBodyBytes).toString('utf8');
      resolve({ status: response.statusCode ?? 0, location: response.headers.location, body });
      response.destroy();
    };
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size >= probeBodyBytes) finish();
    });
    response.on('end', finish);
    response.on('error', (error) => fail(dialText(error, host, port)));
  };
  const options = { host, port, path: path.startsWith('/') ? path : `/${path}`, headers, agent: false, timeout: timeoutMs };
  const signal = AbortSignal.timeout(timeoutMs);
  const sent = httpsRequest({ ...options, signal, rejectUnauthorized: false }, onResponse);
  sent.on('error', (error) => {
    if (signal.aborted) fail('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
    else fail(dialText(error, host, port));
  });
  sent.end();
  return promise;
}

function tcp(host: string, port: number, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host, port, timeout: timeoutMs });
  socket.once('connect', () => {
    socket.destroy();
    resolve();
  });
  socket.once('timeout', () => {
    socket.destroy();
    reject(new DialError(dialText(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }), host, port)));
  });
  socket.once('error', (error) => reject(new DialError(dialText(error, host, port))));
  return promise;
}

/** A health check by hand: one message with the service's name (field 1), one answer with the status (field 1, an enum). */
function grpc(host: string, port: number, service: string, timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const late = `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`;
  const session = http2Connect(`http://${address}`);
  const done = (): void => session.destroy();
  const signal = AbortSignal.timeout(timeoutMs);
  signal.addEventListener('abort', () => {
    done();
    reject(new DialError(late));
  });
  // A refused connection is tried again until the time is up, as gRPC clients do.
  session.on('error', () => {});
  const name = Buffer.from(service);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'kube-probe/1.36',
  });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => {
    if (chunks.length < 16) chunks.push(chunk);
  });
  stream.on('error', () => {});
  // A server that refuses at once tells so in its first headers.
  const refuse = (headers: IncomingHttpHeaders): void => {
    const code = headers['grpc-status'];
    if (code === undefined || code === '0') return;
    reject(new DialError(grpcRefusal(Number(code), decodeURIComponent(String(headers['grpc-message'] ?? '')), timeoutMs)));
  };
  stream.on('response', refuse);
  stream.on('trailers', refuse);
  stream.on('end', () => {
    const answer = Buffer.concat(chunks).subarray(5);
    resolve(servingStatus[answer[0] === 0x08 ? (answer[1] ?? 0) : 0] ?? 'UNKNOWN');
    done();
  });
  stream.end(Buffer.concat([head, message]));
  return promise;
}

const grpcCodes =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

/** What a probe says of a call that the server refused. Pure. */
export function grpcRefusal(code: number, message: string, timeoutMs: number): string {
  const name = grpcCodes[code] ?? `Code(${code})`;
  if (name === 'Unimplemented') return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`;
  if (name === 'DeadlineExceeded') return `timeout: health rpc did not complete within ${timeoutMs / 1000}s`;
  return `error: health rpc probe failed: rpc error: code = ${name} desc = ${message}`;
}

/** Probes over the node's own network. */
export function networkDialer(clock: Pick<Clock, 'after'>): ProbeDialer {
  return {
    http: (request) =>
      request.scheme === 'https' ? https(request) : plainHttp(request, clock, (error) => dialText(error, request.host, request.port)),
    tcp,
    grpc,
  };
}
