// Owns the service-account tokens of pods on this node: requested, kept, and renewed before they run out.
import type { Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import { parseTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { TokenRequest } from './projection.ts';

interface Kept {
  readonly token: string;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

const longestUseMs = 24 * 3_600_000;

/** Tokens by pod and request. Bound: one entry for each token volume of a pod on this node; `forget` drops a pod's. */
export class ServiceAccountTokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A token that is good for a while: renewed after 80 % of its life or a day. An old one serves as long as it is valid. */
  async get(pod: Pod, request: TokenRequest): Promise<string> {
    const key = `${pod.metadata.uid}/${request.audience ?? ''}/${request.expirationSeconds}`;
    const kept = this.#kept.get(key);
    const nowMs = this.#clock.now();
    if (kept !== undefined && nowMs < kept.renewAtMs) return kept.token;
    try {
      const fresh = await this.#request(pod, request);
      this.#kept.set(key, fresh);
      return fresh.token;
    } catch (error) {
      if (kept !== undefined && nowMs < kept.expiresAtMs) return kept.token;
      throw error;
    }
  }

  /** When the first token of a pod wants to be renewed. */
  renewAtMs(uid: string): number | undefined {
    const times = [...this.#kept].flatMap(([key, { renewAtMs }]) => (key.startsWith(`${uid}/`) ? [renewAtMs] : []));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  forget(uid: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(`${uid}/`)) this.#kept.delete(key);
  }

  async #request(pod: Pod, { audience, expirationSeconds }: TokenRequest): Promise<Kept> {
    const { name, namespace, uid } = pod.metadata;
    const account = { namespace: namespace ?? '', name: pod.spec?.serviceAccountName ?? 'default' };
    const answer = await this.#client.createSubresource(resources.serviceAccounts, account, 'token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        ...(audience === undefined || audience === '' ? {} : { audiences: [audience] }),
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    });
    const status = answer['status'] as { readonly token?: string; readonly expirationTimestamp?: string } | undefined;
    const nowMs = this.#clock.now();
    const expiresAtMs = parseTime(status?.expirationTimestamp) ?? nowMs + expirationSeconds * 1000;
    const renewAtMs = nowMs + Math.min(longestUseMs, (expiresAtMs - nowMs) * 0.8);
    return { token: status?.token ?? '', renewAtMs, expiresAtMs };
  }
}
