// Owns which resource a kind is, built in or custom, whether it can be scaled, and its Scale.
import type { CustomResourceDefinition } from '../api/apiextensions/v1.ts';
import type { Scale } from '../api/autoscaling/v1.ts';
import { type KubeObject, parseApiVersion } from '../api/object.ts';
import type { Client } from '../client/client.ts';
import type { Resource } from '../client/resource.ts';
import { resources } from '../client/resources.ts';
import type { SharedInformer, SharedInformers } from './shared-informers.ts';

/** A kind's resource. */
export interface KnownKind {
  readonly resource: Resource<KubeObject>;
  readonly scalable: boolean;
}

const builtIn: readonly Resource<KubeObject>[] = Object.values(resources);
const scalable = new Set(['deployments.apps', 'replicasets.apps', 'statefulsets.apps', 'replicationcontrollers']);

/** The plural and the group, as messages have it. */
export function groupResource({ group, resource }: Pick<Resource<KubeObject>, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`;
}

/** Finds kinds and reads and writes their scales. */
export class ScalableKinds {
  readonly #definitions: SharedInformer<CustomResourceDefinition>;
  readonly #client: Client;

  constructor(informers: SharedInformers, client: Client) {
    this.#definitions = informers.of(resources.customResourceDefinitions);
    this.#client = client;
  }

  async start(): Promise<void> {
    await this.#definitions.start().synced;
  }

  stop(): Promise<void> {
    return this.#definitions.stop();
  }

  /** Undefined where the server knows no such kind. */
  find(apiVersion: string, kind: string): KnownKind | undefined {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
    const own = builtIn.find((one) => one.group === group && one.version === version && one.kind === kind);
    if (own !== undefined) return { resource: own, scalable: scalable.has(groupResource(own)) };
    for (const { spec } of this.#definitions.list()) {
      if (spec.group !== group || spec.names.kind !== kind) continue;
      const served = spec.versions.find((one) => one.name === version && one.served);
      if (served === undefined) continue;
      const resource = { group, version, resource: spec.names.plural, kind, namespaced: spec.scope === 'Namespaced' };
      return { resource, scalable: served.subresources?.scale !== undefined };
    }
    return undefined;
  }

  /** The resource of a kind in whatever version of its group there is; undefined where the server knows no such kind. */
  findInGroup(group: string, kind: string): Resource<KubeObject> | undefined {
    const own = builtIn.find((one) => one.group === group && one.kind === kind);
    if (own !== undefined) return own;
    const custom = this.#definitions.list().find(({ spec }) => spec.group === group && spec.names.kind === kind);
    const version = custom?.spec.versions.find(({ served }) => served)?.name;
    return version === undefined ? undefined : this.find(`${group}/${version}`, kind)?.resource;
  }

  /** Rejects with the server's refusal. */
  async scaleOf(resource: Resource<KubeObject>, namespace: string, name: string): Promise<Scale> {
    return (await this.#client.get(resource, { namespace, name }, { subresource: 'scale' })) as Scale;
  }

  async write(resource: Resource<KubeObject>, scale: Scale): Promise<void> {
    await this.#client.update(resource, scale, { subresource: 'scale' });
  }
}
