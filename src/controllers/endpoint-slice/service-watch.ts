// Owns seeing which Services' endpoints may have changed: Services, and pods by the selectors that match them.
import type { Pod, Service } from '../../api/core/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSetSelector } from '../../api/selectors/label-selector.ts';
import { Informer } from '../../client/informer.ts';
import { resources } from '../../client/resources.ts';
import type { ControllerContext } from '../controller.ts';
import { fingerprint } from './pod-facts.ts';

const byNamespace = { namespace: ({ metadata }: KubeObject): readonly string[] => [metadata.namespace ?? ''] };

/** Services and pods, watched. Keys are `namespace/name` of Services. */
export class ServiceWatch {
  readonly #services: Informer<Service>;
  readonly #pods: Informer<Pod>;

  constructor({ watching, clock, log }: Pick<ControllerContext, 'watching' | 'clock' | 'log'>) {
    this.#services = new Informer({ client: watching, resource: resources.services, clock, log, indexes: byNamespace });
    this.#pods = new Informer({ client: watching, resource: resources.pods, clock, log, indexes: byNamespace });
  }

  /** Resolves when both are known. */
  async start(enqueue: (key: string) => void): Promise<void> {
    const changed = (service: Service): void => enqueue(keyOf(service));
    this.#services.on({ added: changed, updated: changed, deleted: changed });
    await this.#services.start().synced;
    const touched = (pod: Pod): void => {
      const { namespace = '', labels } = pod.metadata;
      for (const service of this.#services.byIndex('namespace', namespace)) {
        const { selector } = service.spec;
        if (selector !== undefined && labelSetSelector(selector).matches(labels ?? {})) changed(service);
      }
    };
    this.#pods.on({
      added: touched,
      deleted: touched,
      updated(pod, old) {
        if (fingerprint(pod) === fingerprint(old)) return;
        touched(old);
        touched(pod);
      },
    });
    await this.#pods.start().synced;
  }

  service(key: string): Service | undefined {
    const [namespace, name = ''] = key.split('/');
    return this.#services.get(namespace, name);
  }

  /** The pods that the Service selects, by name. */
  pods({ metadata, spec }: Service): readonly Pod[] {
    const selector = labelSetSelector(spec.selector);
    const all = this.#pods.byIndex('namespace', metadata.namespace ?? '').filter((pod) => selector.matches(pod.metadata.labels ?? {}));
    return [...all].sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#services.stop(), this.#pods.stop()]);
  }
}

/** `namespace/name`. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
