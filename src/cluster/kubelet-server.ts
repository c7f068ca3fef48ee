// Owns the kubelet's own server on its node: TLS, who asks (certificate or token), whether they may (the API server says), and carrying the answers.

import type { TokenReview } from '../api/authentication/v1.ts';
import type { SubjectAccessReview } from '../api/authorization/v1.ts';
import { StatusError } from '../api/status-error.ts';
import type { Credentials } from '../apiserver/auth/authenticator.ts';
import { clientCertificates } from '../apiserver/auth/client-certificates.ts';
import { BodyTooLargeError, type Exchange } from '../apiserver/http/exchange.ts';
import { listen } from '../apiserver/http/listener.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Service } from '../base/service.ts';
import type { Client } from '../client/client.ts';
import { resources } from '../client/resources.ts';
import { accessOf } from '../kubelet/server/authorization.ts';
import { answerKubelet, type KubeletRoutesOptions } from '../kubelet/server/routes.ts';
import type { KeyPair } from './key-pair.ts';

export interface KubeletServerOptions {
  readonly routes: KubeletRoutesOptions;
  /** Asks the API server about tokens and rights, as the node. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  readonly host: string;
  readonly port: number;
  readonly serving: KeyPair;
  /** Whose client certificates are believed. */
  readonly caPem: string;
}

interface Someone {
  readonly name: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const rememberedMs = 60_000;
const mostRemembered = 1000;

/** Answers asked of the API server, kept for a minute. */
class Memory<T> {
  readonly #known = new Map<string, { readonly atMs: number; readonly value: T }>();

  async get(key: string, nowMs: number, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    if (known !== undefined && nowMs - known.atMs < rememberedMs) return known.value;
    const value = await ask();
    this.#known.delete(key);
    this.#known.set(key, { atMs: nowMs, value });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostRemembered) break;
      this.#known.delete(oldest);
    }
    return value;
  }
}

/** Listens. Rejects with the system's error where the port is taken. */
export async function openKubeletServer(options: KubeletServerOptions): Promise<Service> {
  const { routes, client, clock, log, nodeName, host, port, serving, caPem } = options;
  const certificates = clientCertificates([caPem], clock);
  const tokens = new Memory<Someone | undefined>();
  const rights = new Memory<boolean>();

  const who = async (exchange: Exchange, certificate: Credentials['clientCertificate']): Promise<Someone | undefined> => {
    const known = certificate === undefined ? undefined : certificates.authenticateCertificate(certificate);
    if (known !== undefined) return known;
    const token = /^Bearer (\S+)$/i.exec(String(exchange.headers['authorization'] ?? ''))?.[1];
    if (token === undefined) return undefined;
    return tokens.get(token, clock.now(), async () => {
      const review = await client.create(resources.tokenReviews, { metadata: {}, spec: { token } } as unknown as TokenReview);
      const { authenticated, user } = review.status ?? {};
      return authenticated === true && user?.username !== undefined ? { ...user, name: user.username } : undefined;
    });
  };

  const may = (user: Someone, method: string, path: string): Promise<boolean> => {
    const { verb, subresources } = accessOf(method, path);
    return rights.get(JSON.stringify([user, verb, subresources]), clock.now(), async () => {
      for (const subresource of subresources) {
        const resourceAttributes = { verb, group: '', version: 'v1', resource: 'nodes', subresource, name: nodeName };
        const { name, groups, uid, extra } = user;
        const spec = { user: name, groups, uid, extra, resourceAttributes };
        const review = await client.create(resources.subjectAccessReviews, { metadata: {}, spec } as unknown as SubjectAccessReview);
        if (review.status?.allowed === true) return true;
      }
      return false;
    });
  };

  const serve = async (exchange: Exchange, certificate: Credentials['clientCertificate']): Promise<void> => {
    const url = new URL(exchange.url, 'https://node');
    const { method, signal } = exchange;
    const path = url.pathname;
    const user = await who(exchange, certificate);
    if (user === undefined) return refuse(exchange, 401, 'Unauthorized');
    if (!(await may(user, method, path))) {
      const { verb, subresources } = accessOf(method, path);
      return refuse(
        exchange,
        403,
        `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`,
      );
    }
    const answer = await answerKubelet({ method, path, query: url.searchParams, signal }, routes);
    switch (answer.is) {
      case 'body':
        return exchange.answer(answer.code, { 'content-type': answer.contentType }, Buffer.from(answer.body));
      case 'chunks': {
        const outlet = exchange.begin(200, { 'content-type': 'text/plain' });
        for await (const chunk of answer.chunks) {
          if (outlet.closed) return;
          if (!outlet.write(chunk)) await outlet.drained();
        }
        return outlet.end();
      }
      default:
        if (exchange.takeOver === undefined) return refuse(exchange, 400, 'Upgrade request required');
        await exchange.takeOver(answer);
    }
  };

  return {
    stop: (
      await listen(
        { tls: { key: serving.key, cert: serving.cert, ca: caPem }, hosts: [host], port },
        (exchange, certificate) => {
          void serve(exchange, certificate).catch((error: unknown) => {
            if (exchange.signal.aborted) return;
            const known = error instanceof StatusError || error instanceof BodyTooLargeError;
            if (!known) log.warn('a request to the kubelet failed', { path: exchange.url, error });
            const message = error instanceof Error ? error.message : String(error);
            try {
              refuse(exchange, error instanceof StatusError ? error.code : 500, message);
            } catch {
              // The answer had begun: what is left is to break it off.
              log.debug('an answer broke off', { path: exchange.url });
            }
          });
        },
        clock,
      )
    ).close,
  };
}

function refuse(exchange: Exchange, code: number, text: string): void {
  exchange.answer(code, { 'content-type': 'text/plain; charset=utf-8' }, Buffer.from(text));
}
