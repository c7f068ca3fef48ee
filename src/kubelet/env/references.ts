// Owns the config maps and secrets that pods of this node refer to: read when first needed, watched as long as a pod needs them.
import type { ConfigMap, Secret } from '../../api/core/v1.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Service } from '../../base/service.ts';
import type { Client } from '../../client/client.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { Reference } from './environment.ts';

interface Held {
  readonly users: Set<string>;
  readonly informer: Informer<ConfigMap> | Informer<Secret>;
}

/** Objects by kind, namespace and name. Bound: those that pods of this node refer to, each watched once. */
export class References implements Service {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #held = new Map<string, Held>();
  readonly #onChange: (podUids: ReadonlySet<string>) => void;

  /** `onChange` is told the uids of the pods that refer to what has changed. */
  constructor(client: Client, clock: Clock, log: Log, onChange: (podUids: ReadonlySet<string>) => void) {
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Waits until all of `references` were read once; from then on they are followed until `release`. */
  async acquire(podUid: string, namespace: string, references: readonly Reference[]): Promise<void> {
    await Promise.all(
      references.map(async ({ kind, name }) => {
        const key = `${kind}/${namespace}/${name}`;
        const held = this.#held.get(key) ?? this.#follow(key, kind, namespace, name);
        held.users.add(podUid);
        await held.informer.synced;
      }),
    );
  }

  release(podUid: string): void {
    for (const [key, held] of this.#held) {
      if (!held.users.delete(podUid) || held.users.size > 0) continue;
      this.#held.delete(key);
      void held.informer.stop();
    }
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#held.get(`configMap/${namespace}/${name}`)?.informer.get(namespace, name) as ConfigMap | undefined;
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#held.get(`secret/${namespace}/${name}`)?.informer.get(namespace, name) as Secret | undefined;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#held.values()].map(({ informer }) => informer.stop()));
  }

  #follow(key: string, kind: Reference['kind'], namespace: string, name: string): Held {
    const shared = { client: this.#client, clock: this.#clock, log: this.#log, namespace, fieldSelector: `metadata.name=${name}` };
    const users = new Set<string>();
    const tell = (): void => {
      if (informer.hasSynced) this.#onChange(users);
    };
    const informer =
      kind === 'configMap'
        ? new Informer({ ...shared, resource: resources.configMaps })
        : new Informer({ ...shared, resource: resources.secrets });
    informer.on({ added: tell, updated: tell, deleted: tell });
    informer.start();
    const held: Held = { users, informer };
    this.#held.set(key, held);
    return held;
  }
}
