// Owns the connection under the HTTP client: one HTTP/2 session with TLS, made when needed, made anew when it broke.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { ClientConfig } from './kubeconfig.ts';

/** A request on its way: its status, and its body as it comes. */
export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: AsyncIterable<Buffer>;
}

const userAgent = 'peapod/0.1';

/** One server. Requests share a session; a session that the server ended is replaced at the next request. */
export class HttpSession {
  readonly #access: ClientConfig;
  readonly #origin: URL;
  #session: ClientHttp2Session | undefined;
  #closed = false;

  constructor(access: ClientConfig) {
    this.#access = access;
    this.#origin = new URL(access.server);
  }

  /** Sends a request. Rejects when the connection fails before an answer, or with the signal's reason. */
  request(
    method: string,
    path: string,
    more: { readonly headers?: OutgoingHttpHeaders; readonly body?: Uint8Array | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      if (more.signal?.aborted) return reject(more.signal.reason);
      const stream = this.#connected().request(
        {
          [constants.HTTP2_HEADER_METHOD]: method,
          [constants.HTTP2_HEADER_PATH]: `${this.#origin.pathname.replace(/\/$/, '')}${path}`,
          'user-agent': userAgent,
          ...(this.#access.token === undefined ? {} : { authorization: `Bearer ${this.#access.token}` }),
          ...more.headers,
        },
        { endStream: more.body === undefined },
      );
      const onAbort = (): void => {
        stream.close(constants.NGHTTP2_CANCEL);
        reject(more.signal?.reason);
      };
      more.signal?.addEventListener('abort', onAbort, { once: true });
      stream.once('close', () => more.signal?.removeEventListener('abort', onAbort));
      stream.once('error', reject);
      stream.once('response', (headers) => {
        stream.off('error', reject);
        resolve({ status: Number(headers[':status']), headers, body: bodyOf(stream, more.signal) });
      });
      stream.once('close', () => reject(new Error(`${this.#origin.host} closed the connection before it answered`)));
      if (more.body !== undefined) stream.end(more.body);
    });
  }

  /** Ends the session after the requests under way. */
  async close(): Promise<void> {
    this.#closed = true;
    const session = this.#session;
    if (session === undefined || session.destroyed) return;
    await new Promise<void>((resolve) => session.close(() => resolve()));
  }

  #connected(): ClientHttp2Session {
    if (this.#closed) throw new Error('the client is closed');
    if (this.#session !== undefined && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const { ca, cert, key, insecureSkipTlsVerify, serverName } = this.#access;
    const session = connect(this.#origin.origin, {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      ...(serverName === undefined ? {} : { servername: serverName }),
      settings: { initialWindowSize: 1 << 20 },
    });
    // Failures reach the requests through their streams; the session's own event must only not be unhandled.
    session.on('error', () => {});
    this.#session = session;
    return session;
  }
}

async function* bodyOf(stream: ClientHttp2Stream, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
  }
}
