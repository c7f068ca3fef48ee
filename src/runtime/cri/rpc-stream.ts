// Owns one gRPC call on an HTTP/2 session: its headers, its messages out of the bytes as they come, and how it ended. It knows no messages of anybody.
import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';

/** The status codes of gRPC that are told apart here. */
export const rpcCodes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** A call that failed: gRPC's code, and the server's words. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What comes of a call. `end` is called once, after the last message; without a failure all went well. */
export interface RpcListener {
  message(bytes: Buffer): void;
  end(failure: RpcFailure | undefined): void;
}

/** A call under way. */
export interface RpcCall {
  /** Ends it now with this failure. */
  fail(failure: RpcFailure): void;
  pause(): void;
  resume(): void;
}

const headBytes = 5;
const largestMessageBytes = 16 * 1024 * 1024;
const empty = Buffer.alloc(0);

/** Puts a message into gRPC's frame. */
function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, headBytes);
  return frame;
}

function words(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return text ?? '';
  }
}

/** What headers or trailers say of the call's end; undefined where they say nothing. */
function endOf(headers: IncomingHttpHeaders): RpcFailure | 'ok' | undefined {
  const status = headers['grpc-status'];
  if (status === undefined) return undefined;
  const code = Number(status);
  return code === rpcCodes.ok ? 'ok' : new RpcFailure(code, words(headers['grpc-message'] as string | undefined));
}

/** A number of the header has eight digits at most: longer times are told in seconds. */
function timeoutText(timeoutMs: number): string {
  const wholeMs = Math.ceil(timeoutMs);
  return wholeMs < 1e8 ? `${wholeMs}m` : `${Math.ceil(wholeMs / 1000)}S`;
}

/**
 * Sends one message to `path` (`/SERVICE/METHOD`) and listens to what comes back. `timeoutMs`: what the server is told of the deadline, which the
 * caller keeps. Messages of more than 16 MiB and compressed ones are failures.
 */
export function rpcCall(
  session: ClientHttp2Session,
  path: string,
  message: Uint8Array,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number | undefined,
  listener: RpcListener,
): RpcCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(timeoutMs === undefined ? {} : { 'grpc-timeout': timeoutText(timeoutMs) }),
    ...headers,
  });
  const reading = new RpcReading(stream, listener);
  stream.on('response', (answer) => reading.headers(answer));
  stream.on('trailers', (trailers) => reading.trailers(trailers));
  stream.on('data', (chunk: Buffer) => reading.data(chunk));
  stream.on('error', (error: NodeJS.ErrnoException) => reading.end(lossOf(error)));
  stream.on('close', () => reading.closed());
  stream.end(framed(message));
  return { fail: (failure) => reading.cut(failure), pause: () => void stream.pause(), resume: () => void stream.resume() };
}

/** Node tells calls of a session that never was that they are cancelled, and why only as the cause of that. */
function lossOf(told: NodeJS.ErrnoException): RpcFailure {
  const error = told.cause instanceof Error ? (told.cause as NodeJS.ErrnoException) : told;
  if (error.syscall !== 'connect') return new RpcFailure(rpcCodes.unavailable, `error reading from server: ${error.message}`);
  const why = { ENOENT: 'no such file or directory', ECONNREFUSED: 'connection refused' }[error.code ?? ''] ?? error.message;
  const address = (error as { readonly address?: string }).address ?? '';
  const text = `connection error: desc = "transport: Error while dialing: dial unix ${address}: connect: ${why}"`;
  return new RpcFailure(rpcCodes.unavailable, text);
}

class RpcReading {
  readonly #stream: ClientHttp2Stream;
  readonly #listener: RpcListener;
  #rest: Buffer = empty;
  #status: RpcFailure | 'ok' | undefined;
  #ended = false;

  constructor(stream: ClientHttp2Stream, listener: RpcListener) {
    this.#stream = stream;
    this.#listener = listener;
  }

  headers(headers: IncomingHttpHeaders & { readonly ':status'?: number }): void {
    this.#status = endOf(headers);
    const code = headers[':status'];
    if (this.#status === undefined && code !== 200) this.cut(new RpcFailure(rpcCodes.unknown, `unexpected HTTP status code ${code}`));
    else this.#settle();
  }

  trailers(trailers: IncomingHttpHeaders): void {
    this.#status ??= endOf(trailers);
    this.#settle();
  }

  data(chunk: Buffer): void {
    if (this.#ended) return;
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= headBytes) {
      const length = bytes.readUInt32BE(1);
      if (bytes[0] !== 0) return this.cut(new RpcFailure(rpcCodes.internal, 'a compressed message was received'));
      if (length > largestMessageBytes)
        return this.cut(
          new RpcFailure(rpcCodes.resourceExhausted, `received message larger than max (${length} vs. ${largestMessageBytes})`),
        );
      if (bytes.length < headBytes + length) break;
      this.#listener.message(bytes.subarray(headBytes, headBytes + length));
      bytes = bytes.subarray(headBytes + length);
    }
    this.#rest = bytes;
  }

  /** The status may be here before the last message. */
  #settle(): void {
    if (this.#status !== undefined && (this.#status !== 'ok' || this.#stream.readableEnded)) this.closed();
    else if (this.#status !== undefined) this.#stream.once('end', () => this.closed());
  }

  closed(): void {
    if (this.#status === undefined) return this.end(new RpcFailure(rpcCodes.unavailable, 'error reading from server: EOF'));
    if (this.#status !== 'ok') return this.end(this.#status);
    this.end(this.#rest.length === 0 ? undefined : new RpcFailure(rpcCodes.internal, 'the last message is cut short'));
  }

  cut(failure: RpcFailure): void {
    this.end(failure);
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  end(failure: RpcFailure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rest = empty;
    this.#listener.end(failure);
  }
}
