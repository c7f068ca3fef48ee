// Owns requests over HTTP/1.1, for servers and proxies that speak nothing newer: each on a connection of its own, which is kept for the next.
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { bodyOf, type Exchange, type HttpTransport, type Outgoing } from './http-transport.ts';

/** Bound: watches and other requests at once; more wait for one to end. */
const maxSockets = 256;

/** HTTP/1.1 to an `http:` or `https:` origin. */
export class Http1Transport implements HttpTransport {
  readonly usable = true;
  readonly #origin: URL;
  readonly #agent: PlainAgent;
  readonly #underWay = new Set<Promise<void>>();

  constructor(origin: URL, tls: ConnectionOptions) {
    this.#origin = origin;
    const options = { keepAlive: true, maxSockets };
    this.#agent = origin.protocol === 'http:' ? new PlainAgent(options) : new SecureAgent({ ...tls, ...options });
  }

  request({ method, path, headers, body, signal }: Outgoing): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const { protocol, hostname, port } = this.#origin;
      const send = protocol === 'http:' ? plainRequest : secureRequest;
      const host = hostname.replace(/^\[|\]$/g, '');
      const sent = send({ host, port, method, path, headers, agent: this.#agent });
      const onAbort = (): void => {
        sent.destroy();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const closed = Promise.withResolvers<void>();
      this.#underWay.add(closed.promise);
      sent.once('close', () => {
        signal?.removeEventListener('abort', onAbort);
        this.#underWay.delete(closed.promise);
        closed.resolve();
        reject(new Error('the server closed the connection before it answered'));
      });
      sent.on('error', (error) => reject(signal?.aborted ? signal.reason : error));
      sent.once('response', (answer) => {
        const cut = (): void => {
          if (!answer.complete) sent.destroy();
        };
        resolve({ status: answer.statusCode ?? 0, body: bodyOf(answer, signal, cut) });
      });
      sent.end(body);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  cut(): void {
    this.#agent.destroy();
  }
}
