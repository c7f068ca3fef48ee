// Owns how many pods the controllers of a budget's pods want together: Deployments before their ReplicaSets, and whatever else has a scale.
import type { Pod } from '../../api/core/v1.ts';
import type { OwnerReference } from '../../api/meta/v1.ts';
import type { KubeObject } from '../../api/object.ts';
import { hasReason } from '../../api/status-error.ts';
import { resources } from '../../client/resources.ts';
import { controllerOf } from '../ownership.ts';
import { groupResource, type ScalableKinds } from '../scalable-kinds.ts';
import type { SharedInformers } from '../shared-informers.ts';
import type { ExpectedScale } from './plan.ts';

interface Sized extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

interface LocalCopy {
  get(namespace: string | undefined, name: string): Sized | undefined;
  start(): { readonly synced: Promise<void> };
  stop(): Promise<void>;
}

interface Found {
  readonly uid: string;
  readonly replicas: number;
}

/** Reads sizes from local copies, and from the server where there is none. */
export class PodScale {
  readonly #kinds: ScalableKinds;
  readonly #deployments: LocalCopy;
  readonly #local: Readonly<Record<string, LocalCopy>>;

  constructor(informers: SharedInformers, kinds: ScalableKinds) {
    this.#kinds = kinds;
    this.#deployments = informers.of(resources.deployments);
    this.#local = {
      'apps/v1 ReplicaSet': informers.of(resources.replicaSets),
      'apps/v1 StatefulSet': informers.of(resources.statefulSets),
      'v1 ReplicationController': informers.of(resources.replicationControllers),
    };
  }

  async start(): Promise<void> {
    await Promise.all([this.#deployments, ...Object.values(this.#local)].map((informer) => informer.start().synced));
    await this.#kinds.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#deployments, ...Object.values(this.#local), this.#kinds].map((one) => one.stop()));
  }

  /** Rejects where a pod's controller cannot be found or cannot be scaled. */
  async of(pods: readonly Pod[]): Promise<ExpectedScale> {
    const unmanaged: string[] = [];
    const seen = new Set<string>();
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) unmanaged.push(pod.metadata.name);
      if (reference === undefined || seen.has(reference.uid)) continue;
      seen.add(reference.uid);
      const found = await this.#find(reference, pod.metadata.namespace ?? '');
      if (found === undefined) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
      scales.set(found.uid, found.replicas);
    }
    return { count: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
  }

  async #find(reference: OwnerReference, namespace: string): Promise<Found | undefined> {
    const local = this.#local[`${reference.apiVersion} ${reference.kind}`];
    if (local === undefined) return this.#findByScale(reference, namespace);
    const set = ofUid(local.get(namespace, reference.name), reference);
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner?.kind !== 'Deployment') return sizeOf(set);
    return sizeOf(ofUid(this.#deployments.get(namespace, owner.name), owner));
  }

  async #findByScale({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Promise<Found | undefined> {
    const known = this.#kinds.find(apiVersion, kind);
    if (known === undefined) throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    if (!known.scalable) throw new Error(`${groupResource(known.resource)} does not implement the scale subresource`);
    try {
      const { metadata, spec } = await this.#kinds.scaleOf(known.resource, namespace, name);
      return metadata.uid === uid ? { uid, replicas: spec.replicas ?? 0 } : undefined;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

function ofUid(object: Sized | undefined, { uid }: OwnerReference): Sized | undefined {
  return object?.metadata.uid === uid ? object : undefined;
}

function sizeOf(object: Sized | undefined): Found | undefined {
  return object === undefined ? undefined : { uid: object.metadata.uid, replicas: object.spec.replicas ?? 1 };
}
