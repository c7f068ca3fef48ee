// Owns the way to one API: where it is served, which HTTP is spoken there (2 where it can, else 1.1), who asks, and connecting anew when a connection broke.
import { isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { systemClock } from '../base/clock.ts';
import type { Exchange, HttpTransport, Outgoing } from './http-transport.ts';
import { Http1Transport } from './http1-transport.ts';
import { Http2Transport } from './http2-transport.ts';
import type { ClientConfig } from './kubeconfig.ts';

const userAgent = 'peapod/0.1';

/** Who does not answer for so long is not there. */
const usualConnectMs = 10_000;
/** Who is silent is asked now and then whether it lives, as upstream's clients do. */
const silence = { askAfterMs: 30_000, answerWithinMs: 15_000 };

/** One API. Requests share a connection where HTTP/2 allows; one that the server ended, or on which nothing comes any more, is replaced at the next request. */
export class HttpSession {
  #access: ClientConfig;
  /** Where it is served; the first is where it was found last. */
  #origins: readonly URL[];
  readonly #first: URL;
  readonly #connectMs: number;
  #transport: Promise<HttpTransport> | undefined;
  #closed = false;

  constructor(access: ClientConfig, { connectMs = usualConnectMs }: { readonly connectMs?: number } = {}) {
    this.#access = access;
    this.#first = new URL(access.server);
    this.#origins = [this.#first];
    this.#connectMs = connectMs;
  }

  /** Where else the same API is served (`https://host:port`): these are tried, each in its turn, when one cannot be reached. */
  alsoAt(servers: readonly string[]): void {
    const [last = this.#first] = this.#origins;
    const all = new Map([last, this.#first, ...servers.map((server) => new URL(server))].map((origin) => [origin.href, origin]));
    this.#origins = [...all.values()];
  }

  /** Sends a request. Rejects when the connection fails before an answer, or with the signal's reason. */
  async request(method: string, path: string, more: Pick<Outgoing, 'headers' | 'body' | 'signal'>): Promise<Exchange> {
    more.signal?.throwIfAborted();
    const transport = await unlessAborted(this.#connected(), more.signal);
    more.signal?.throwIfAborted();
    const { token } = this.#access;
    return transport.request({
      method,
      path: `${this.#origins[0]?.pathname.replace(/\/$/, '')}${path}`,
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
    for (let left = this.#origins.length; ; left--) {
      const [origin = this.#first, ...others] = this.#origins;
      try {
        return await this.#connectTo(origin);
      } catch (error) {
        if (left <= 1 || this.#closed) throw error;
        this.#origins = [...others, origin];
      }
    }
  }

  async #connectTo(origin: URL): Promise<HttpTransport> {
    const { ca, cert, key, insecureSkipTlsVerify, serverName } = this.#access;
    const host = origin.hostname.replace(/^\[|\]$/g, '');
    const named = serverName ?? (isIP(host) === 0 ? host : undefined);
    const tls: ConnectionOptions = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
      ...(named === undefined ? {} : { servername: named }),
    };
    if (origin.protocol === 'http:') return new Http1Transport(origin, tls);
    const where = { ...tls, host, port: Number(origin.port || 443), ALPNProtocols: ['h2', 'http/1.1'] };
    const socket = await connected(where, this.#connectMs);
    if (socket.alpnProtocol === 'h2') return new Http2Transport(origin.origin, socket, { clock: systemClock, ...silence });
    socket.destroy();
    return new Http1Transport(origin, { ...tls, ALPNProtocols: ['http/1.1'] });
  }
}

function connected(options: ConnectionOptions, withinMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls(options);
    const timer = systemClock.after(withinMs, () =>
      socket.destroy(new Error(`${options.host}:${options.port} does not answer within ${withinMs} ms`)),
    );
    socket.setNoDelay(true);
    const fail = (error: Error): void => {
      timer[Symbol.dispose]();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      timer[Symbol.dispose]();
      socket.off('error', fail);
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
