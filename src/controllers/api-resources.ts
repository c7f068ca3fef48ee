// Owns which resources there are to list: the built-in ones and those of custom resource definitions, as they come and go.
import type { CustomResourceDefinition } from '../api/apiextensions/v1.ts';
import { type AnyObject, apiVersionOf } from '../api/object.ts';
import type { Service } from '../base/service.ts';
import { type Resource, resource as resourceOf } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import type { SharedInformer, SharedInformers } from './shared-informers.ts';

/** Questions and answers that are never listed, and the same objects in another version. */
const unlisted = new Set(['v1/bindings', 'v1/componentstatuses', 'events.k8s.io/v1/events', 'autoscaling/v1/horizontalpodautoscalers']);
const questions = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

const known: readonly Resource<AnyObject>[] = Object.values(resources).map(
  (resource) => resource as Resource<never> as Resource<AnyObject>,
);
const builtIn = known.filter(
  ({ group, version, resource }) => !questions.has(group) && !unlisted.has(`${apiVersionOf(group, version)}/${resource}`),
);

function kindKey(apiVersion: string, kind: string): string {
  return `${apiVersion} ${kind}`;
}

const builtInKinds = new Map(known.map((resource) => [kindKey(apiVersionOf(resource.group, resource.version), resource.kind), resource]));

/** The resources of a definition that is established: one for each version that is served, the stored one first. Pure. */
export function customResources({ spec, status }: CustomResourceDefinition): readonly Resource<AnyObject>[] {
  if (!status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True')) return [];
  const { group, names, scope, versions } = spec;
  return versions
    .filter(({ served }) => served)
    .toSorted((one, other) => Number(other.storage) - Number(one.storage))
    .map(({ name }) => resourceOf<AnyObject>(`${group}/${name}`, names.plural, names.kind, scope === 'Namespaced'));
}

/** The resources as they are now. */
export class ApiResources implements Service {
  readonly #definitions: SharedInformer<CustomResourceDefinition>;

  constructor(informers: SharedInformers) {
    this.#definitions = informers.of(resources.customResourceDefinitions);
  }

  /** Resolves when the definitions are known; `changed` is called after each change of them. */
  async start(changed: () => void): Promise<void> {
    this.#definitions.on({ added: changed, updated: changed, deleted: changed });
    await this.#definitions.start().synced;
  }

  /** Each resource whose objects are stored, in one version. */
  all(): readonly Resource<AnyObject>[] {
    return [...builtIn, ...this.#definitions.list().flatMap((definition) => customResources(definition).slice(0, 1))];
  }

  /** The resource that an object's apiVersion and kind mean; undefined where nobody serves it. */
  byKind(apiVersion: string, kind: string): Resource<AnyObject> | undefined {
    const found = builtInKinds.get(kindKey(apiVersion, kind));
    if (found !== undefined) return found;
    const all = this.#definitions.list().flatMap(customResources);
    return all.find((one) => one.kind === kind && apiVersionOf(one.group, one.version) === apiVersion);
  }

  stop(): Promise<void> {
    return this.#definitions.stop();
  }
}
