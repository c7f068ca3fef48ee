// Owns one HTTP request and its answer, the same for HTTP/2 streams and HTTP/1.1. It refuses to know Kubernetes.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { type Carried, serveUpgrade } from '../streaming/upgrade.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Thrown where a body is longer than it may be. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
}

/** An answer under way. */
export interface Outlet {
  /** False where the reader is behind: wait for `drained` before writing on. */
  write(chunk: Uint8Array): boolean;
  /** Resolves when there is room again, or the client has gone. */
  drained(): Promise<void>;
  end(): void;
  readonly closed: boolean;
}

/** One request. Exactly one of `answer` and `begin` is to be called, once. */
export interface Exchange {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: Headers;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
  /** Aborted once the client has gone or the answer is complete. */
  readonly signal: AbortSignal;
  /** The whole body. Rejects with BodyTooLargeError beyond `bound` bytes, and with an error where the client goes away. */
  body(bound: number): Promise<Buffer>;
  /** The rest of the body is not waited for, it rejects with `why`: once the answer is out, the stream (of HTTP/1.1 the connection) is closed. */
  abandonBody(why: Error): void;
  answer(code: number, headers: Headers, body: Uint8Array | undefined): void;
  begin(code: number, headers: Headers): Outlet;
  /** There where the client asked for the connection itself. Rejects before anything was sent; afterwards never. */
  readonly takeOver?: (carried: Carried) => Promise<void>;
}

/** A body under way. `abandon` gives it up: it rejects then, unless all of it has come. */
interface Gathering {
  readonly whole: Promise<Buffer>;
  abandon(why: Error): void;
}

/**
 * Listens itself: iterating over a stream costs more than all else about a small body. Where it gives up it calls `letGo` first, for the rest of the body.
 */
function gather(readable: Readable, bound: number, letGo: () => void): Gathering {
  const settled = Promise.withResolvers<Buffer>();
  const { promise: whole } = settled;
  // V8 keeps Node's streams, with all that hangs on them, long after they are closed: what a body was must not hang on its stream.
  let open: typeof settled | undefined = settled;
  let chunks: Buffer[] = [];
  let size = 0;
  const abandon = (why: Error): void => {
    if (open === undefined) return;
    const { reject } = open;
    [open, chunks] = [undefined, []];
    letGo();
    reject(why);
  };
  if (readable.destroyed) abandon(new Error('the client has gone before its body was read'));
  // The listeners stay, which costs less than taking them away: a stream has one body.
  readable
    .on('data', (chunk: Buffer) => {
      if (open === undefined) return;
      size += chunk.length;
      // Giving up on the body must not cut the stream: the refusal is still to be sent on it.
      if (size > bound) abandon(new BodyTooLargeError(`body of more than ${bound} bytes`));
      else chunks.push(chunk);
    })
    .on('end', () => {
      if (open === undefined) return;
      const { resolve } = open;
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size));
      [open, chunks] = [undefined, []];
    })
    .on('close', () => {
      if (open !== undefined) abandon(new Error('the client has gone before the end of its body'));
    });
  return { whole, abandon };
}

/** Waits until a stream takes more, or is closed. */
function drained(stream: NodeJS.EventEmitter & { readonly writableNeedDrain?: boolean; readonly destroyed?: boolean }): Promise<void> {
  if (stream.destroyed || stream.writableNeedDrain === false) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

const noBytes = Buffer.alloc(0);

/** A stream of HTTP/2 as an exchange. */
export class Http2Exchange implements Exchange {
  readonly #stream: ServerHttp2Stream;
  #gathering: Gathering | undefined;
  readonly headers: Headers;
  readonly rawHeaders: readonly string[];
  #abort: AbortController | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.#stream = stream;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
  }

  get method(): string {
    return String(this.headers[':method'] ?? 'GET');
  }

  get url(): string {
    return String(this.headers[':path'] ?? '/');
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.#stream.closed) abort.abort();
      else this.#stream.once('close', () => abort.abort(new DOMException('the client has gone', 'AbortError')));
    }
    return this.#abort.signal;
  }

  body(bound: number): Promise<Buffer> {
    const stream = this.#stream;
    if (stream.readableEnded || stream.endAfterHeaders) return Promise.resolve(noBytes);
    this.#gathering = gather(stream, bound, () => void stream.resume());
    return this.#gathering.whole;
  }

  abandonBody(why: Error): void {
    const stream = this.#stream;
    stream.once('finish', () => stream.close());
    this.#gathering?.abandon(why);
  }

  answer(code: number, headers: Headers, body: Uint8Array | undefined): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    // Names and values in turn: objects would be copied and checked twice on the way.
    const fields = [':status', String(code)];
    for (const name in headers) {
      const value = headers[name];
      if (typeof value === 'string') fields.push(name, value);
      else for (const one of value ?? []) fields.push(name, one);
    }
    if (body !== undefined) fields.push('content-length', String(body.length));
    if (body === undefined || body.length === 0) stream.respond(fields, { endStream: true });
    else {
      stream.respond(fields);
      stream.end(body);
    }
  }

  begin(code: number, headers: Headers): Outlet {
    const stream = this.#stream;
    if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': code, ...headers });
    return {
      write: (chunk) => !stream.destroyed && stream.write(chunk),
      drained: () => drained(stream),
      end: () => void stream.end(),
      get closed() {
        return stream.destroyed || stream.closed;
      },
    };
  }
}

/** A request of HTTP/1.1 as an exchange. */
export class Http1Exchange implements Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #gathering: Gathering | undefined;
  #abort: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get url(): string {
    return this.#request.url ?? '/';
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.#response.destroyed) abort.abort();
      else this.#response.once('close', () => abort.abort(new DOMException('the client has gone', 'AbortError')));
    }
    return this.#abort.signal;
  }

  body(bound: number): Promise<Buffer> {
    this.#gathering = gather(this.#request, bound, () => {
      // What is still to come is let go by, or the client would never look at the answer; then the connection ends.
      this.#request.resume();
      this.#response.shouldKeepAlive = false;
    });
    return this.#gathering.whole;
  }

  abandonBody(why: Error): void {
    const response = this.#response;
    response.shouldKeepAlive = false;
    response.once('finish', () => this.#request.socket.destroySoon());
    this.#gathering?.abandon(why);
  }

  answer(code: number, headers: Headers, body: Uint8Array | undefined): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    response.writeHead(code, mutable({ ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) }));
    response.end(body);
  }

  begin(code: number, headers: Headers): Outlet {
    const response = this.#response;
    if (!response.destroyed && !response.headersSent) {
      response.writeHead(code, mutable(headers));
      response.flushHeaders();
    }
    return {
      write: (chunk) => !response.destroyed && response.write(chunk),
      drained: () => drained(response),
      end: () => void response.end(),
      get closed() {
        return response.destroyed;
      },
    };
  }
}

/** A request of HTTP/1.1 that asks for the connection. Where it does not get it, it is answered like any other, and the connection closed. */
export class UpgradeExchange extends Http1Exchange {
  readonly takeOver: (carried: Carried) => Promise<void>;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    super(request, response);
    this.takeOver = (carried) => {
      response.detachSocket(socket as Socket);
      return serveUpgrade(request, socket, head, carried).catch((error: unknown) => {
        response.assignSocket(socket as Socket);
        throw error;
      });
    };
  }

  override async body(): Promise<Buffer> {
    return Buffer.alloc(0);
  }
}

function mutable(headers: Headers): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) fields[name] = typeof value === 'string' ? value : [...value];
  return fields;
}
