// Owns seeing which Services' endpoints may have changed: Services, and pods by the selectors that match them.
import type { Pod, Service } from '../../api/core/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { labelSetSelector } from '../../api/selectors/label-selector.ts';
import { resources } from '../../client/resources.ts';
import type { ControllerContext } from '../controller.ts';
import type { SharedInformer } from '../shared-informers.ts';
import { sameEndpoints } from './pod-facts.ts';

/** Services and pods, watched. Keys are `namespace/name` of Services. */
export class ServiceWatch {
  readonly #services: SharedInformer<Service>;
  readonly #pods: SharedInformer<Pod>;

  constructor({ informers }: Pick<ControllerContext, 'informers'>) {
    this.#services = informers.of(resources.services);
    this.#pods = informers.of(resources.pods);
  }

  /** Resolves when both are known. */
  async start(enqueue: (key: string) => void): Promise<void> {
    const changed = (service: Service): void => enqueue(keyOf(service));
    this.#services.on({ added: changed, updated: changed, deleted: changed });
    await this.#services.start().synced;
    const touched = (pod: Pod): void => {
      const { namespace = '', labels } = pod.metadata;
      for (const service of this.#services.list(namespace)) {
        const { selector } = service.spec;
        if (selector !== undefined && labelSetSelector(selector).matches(labels ?? {})) changed(service);
      }
    };
    this.#pods.on({
      added: touched,
      deleted: touched,
      updated(pod, old) {
        if (sameEndpoints(pod, old)) return;
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
    const all = this.#pods.list(metadata.namespace ?? '').filter((pod) => selector.matches(pod.metadata.labels ?? {}));
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
