// Owns bringing images onto the node: credentials from pull secrets, one pull of an image at a time, few pulls at once. It decides no policy.
import type { Pod, Secret } from '../../api/core/v1.ts';
import { hasReason } from '../../api/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { resources } from '../../client/resources.ts';
import type { RegistryAuth, Runtime } from '../../runtime/runtime.ts';
import type { ImagePuller } from '../pod/ports.ts';
import { authsFor, credentialsOf } from './registry-auth.ts';

/** So many images are pulled at once; others wait in the order they were asked for. */
const pullsAtOnce = 4;

export interface ImagePullerOptions {
  readonly client: Client;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Told once a pull when secrets that the pod names are not there. */
  readonly onMissingSecrets?: (pod: Pod, names: readonly string[]) => void;
}

/** What the event says of pull secrets that are not there. Pure. */
export function missingSecretsMessage(names: readonly string[]): string {
  return `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`;
}

interface Pull {
  readonly done: Promise<{ readonly id: string; readonly startedMs: number; readonly endedMs: number }>;
  readonly abort: AbortController;
  waiting: number;
}

/** A puller for one node. Overlapping pulls of one image with the same credentials are one; it is given up when nobody waits for it any more. */
export function imagePuller(options: ImagePullerOptions): ImagePuller {
  return new Puller(options);
}

class Puller implements ImagePuller {
  readonly #options: ImagePullerOptions;
  readonly #pulls = new Map<string, Pull>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: ImagePullerOptions) {
    this.#options = options;
  }

  async pull(
    image: string,
    pod: Pod,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly pullMs: number; readonly waitedMs: number }> {
    const { clock } = this.#options;
    const askedMs = clock.now();
    const auths = await this.#auths(image, pod, signal);
    signal.throwIfAborted();
    const key = JSON.stringify([image, auths]);
    const pull = this.#pulls.get(key) ?? this.#start(key, image, auths);
    pull.waiting += 1;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { id, startedMs, endedMs } = await Promise.race([pull.done, aborted.promise]);
      // Who joins a pull that is under way has not waited for the whole of it.
      return { id, pullMs: endedMs - Math.max(startedMs, askedMs), waitedMs: endedMs - askedMs };
    } finally {
      signal.removeEventListener('abort', onAbort);
      pull.waiting -= 1;
      if (pull.waiting === 0) {
        if (this.#pulls.get(key) === pull) this.#pulls.delete(key);
        pull.abort.abort(new DOMException('nobody waits for the image any more', 'AbortError'));
      }
    }
  }

  async remind(pod: Pod): Promise<void> {
    if ((pod.spec?.imagePullSecrets ?? []).length > 0) await this.#auths('', pod, new AbortController().signal);
  }

  #start(key: string, image: string, auths: readonly RegistryAuth[]): Pull {
    const { clock } = this.#options;
    const abort = new AbortController();
    const work = async (): Promise<{ readonly id: string; readonly startedMs: number; readonly endedMs: number }> => {
      await this.#turn();
      try {
        abort.signal.throwIfAborted();
        const startedMs = clock.now();
        const id = await this.#tryAll(image, auths, abort.signal);
        return { id, startedMs, endedMs: clock.now() };
      } finally {
        this.#release();
      }
    };
    const pull: Pull = { done: work(), abort, waiting: 0 };
    pull.done.catch(() => {});
    this.#pulls.set(key, pull);
    return pull;
  }

  /** Resolves with one of the places taken. */
  async #turn(): Promise<void> {
    if (this.#running < pullsAtOnce) this.#running += 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  /** Hands the place on to who has waited longest. */
  #release(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  /** Each credential in turn; the last failure counts. Without any the image is pulled openly. */
  async #tryAll(image: string, auths: readonly RegistryAuth[], signal: AbortSignal): Promise<string> {
    const { runtime } = this.#options;
    const [first, ...rest] = auths;
    try {
      return await runtime.pullImage(image, first, signal);
    } catch (error) {
      if (rest.length === 0 || signal.aborted) throw error;
      return this.#tryAll(image, rest, signal);
    }
  }

  async #auths(image: string, pod: Pod, signal: AbortSignal): Promise<readonly RegistryAuth[]> {
    const { client, onMissingSecrets } = this.#options;
    const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name }) => (name === undefined || name === '' ? [] : [name]));
    if (names.length === 0) return [];
    const { namespace = '' } = pod.metadata;
    const missing: string[] = [];
    const secrets = await Promise.all(
      names.map(async (name): Promise<Secret | undefined> => {
        try {
          return await client.get(resources.secrets, { namespace, name }, { signal });
        } catch (error) {
          if (!hasReason(error, 'NotFound', 'Forbidden')) throw error;
          missing.push(name);
          return undefined;
        }
      }),
    );
    if (missing.length > 0) onMissingSecrets?.(pod, missing.sort());
    return authsFor(
      image,
      secrets.flatMap((secret) => (secret === undefined ? [] : credentialsOf(secret))),
    );
  }
}
