// Owns the way to one API server: which HTTP it speaks (2 where it can, else 1.1), who asks, and connecting anew when the connection broke.
import { isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Exchange, HttpTransport, Outgoing } from './http-transport.ts';
import { Http1Transport } from './http1-transport.ts';
import { Http2Transport } from './http2-transport.ts';
import type { ClientConfig } from './kubeconfig.ts';

const userAgent = 'peapod/0.1';

/** One server. Requests share a connection where HTTP/2 allows; one that the server ended is replaced at the next request. */
export class HttpSession {
  #access: ClientConfig;
  readonly #origin: URL;
  #transport: Promise<HttpTransport> | undefined;
  #closed = false;

  constructor(access: ClientConfig) {
    this.#access = access;
    this.#origin = new URL(access.server);
  }

  /** Sends a request. Rejects when the connection fails before an answer, or with the signal's reason. */
  async request(method: string, path: string, more: Pick<Outgoing, 'headers' | 'body' | 'signal'>): Promise<Exchange> {
    more.signal?.throwIfAborted();
    const transport = await unlessAborted(this.#connected(), more.signal);
    more.signal?.throwIfAborted();
    const { token } = this.#access;
    return transport.request({
      method,
      path: `${this.#origin.pathname.replace(/\/$/, '')}${path}`,
      headers: { 'user-agent': userAgent, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more.headers },
      body: more.body,
      signal: more.signal,
    });
  }

  /**
   * Speaks as somebody else to the same server from the next request on. What is under way goes on over the old connection until the function that is
   * answered is called, which cuts it: watches then begin anew.
   */
  renew(access: ClientConfig): () => void {
    const old = this.#transport;
    this.#access = { ...access, server: this.#access.server };
    this.#transport = undefined;
    return () =>
      void old?.then(
        (transport) => transport.cut(),
        () => {},
      );
  }

  /** Ends the connection after the requests under way. */
  async close(): Promise<void> {
    this.#closed = true;
    const transport = await this.#transport?.catch(() => undefined);
    await transport?.close();
  }

  async #connected(): Promise<HttpTransport> {
    for (;;) {
      if (this.#closed) throw new Error('the client is closed');
      const connecting = this.#transport ?? this.#connect();
      this.#transport = connecting;
      const forget = (): void => {
        if (this.#transport === connecting) this.#transport = undefined;
      };
      try {
        const transport = await connecting;
        if (transport.usable) return transport;
      } catch (error) {
        forget();
        throw error;
      }
      forget();
    }
  }

  async #connect(): Promise<HttpTransport> {
    const { ca, cert, key, insecureSkipTlsVerify, serverName } = this.#access;
    const host = this.#origin.hostname.replace(/^\[|\]$/g, '');
    const named = serverName ?? (isIP(host) === 0 ? host : undefined);
    const tls: ConnectionOptions = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      ...(named === undefined ? {} : { servername: named }),
    };
    if (this.#origin.protocol === 'http:') return new Http1Transport(this.#origin, tls);
    const socket = await connected({ ...tls, host, port: Number(this.#origin.port || 443), ALPNProtocols: ['h2', 'http/1.1'] });
    if (socket.alpnProtocol === 'h2') return new Http2Transport(this.#origin.origin, socket);
    socket.destroy();
    return new Http1Transport(this.#origin, { ...tls, ALPNProtocols: ['http/1.1'] });
  }
}

function connected(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(options);
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** What `promise` gives, unless the signal comes first: then it rejects with its reason. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
