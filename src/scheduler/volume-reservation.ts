// Owns giving a pod's claims their volumes: assumed at once, asked of the API before the pod is bound, taken back where that fails.
import type { PersistentVolume, PersistentVolumeClaim } from '../api/core/v1.ts';
import { resources } from '../client/resources.ts';
import type { ClusterState } from './cluster-state.ts';
import type { CarryOut, Reservation } from './framework.ts';
import { type ClaimPlan, isBound, selectedNode } from './plugins/volume-claims.ts';

const pollMs = 100;

/** A plan that counts already. Disposing it without having been carried out takes it back. */
export class VolumeReservation implements Reservation {
  readonly #cluster: ClusterState;
  readonly #plan: ClaimPlan;
  readonly #node: string;
  readonly #assumedVolumes: readonly PersistentVolume[];
  readonly #assumedClaims: readonly PersistentVolumeClaim[];

  constructor(cluster: ClusterState, plan: ClaimPlan, node: string) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#node = node;
    this.#assumedVolumes = plan.bindings.map(({ claim, volume }) => promised(volume, claim));
    this.#assumedClaims = plan.provisions.map((claim) => annotated(claim, node));
    for (const volume of this.#assumedVolumes) cluster.objects.volumes.put(volume);
    for (const claim of this.#assumedClaims) cluster.objects.claims.put(claim);
  }

  /** Where a volume is still to be made. */
  get takesTime(): boolean {
    return this.#plan.provisions.length > 0;
  }

  /** Makes what was assumed again what the API shows, as far as nobody has changed it since. */
  takeBack(): void {
    const { volumes, claims } = this.#cluster.objects;
    for (const [at, { volume }] of this.#plan.bindings.entries())
      if (volumes.get(undefined, volume.metadata.name) === this.#assumedVolumes[at]) volumes.put(volume);
    for (const [at, claim] of this.#plan.provisions.entries())
      if (claims.get(claim.metadata.namespace, claim.metadata.name) === this.#assumedClaims[at]) claims.put(claim);
  }

  /**
   * Asks for it all and waits until every claim is bound. Rejects where the API refuses, where it is not done within `bindTimeoutMs`, or where
   * the choice of the node was taken back.
   */
  async carryOut({ client, clock, bindTimeoutMs, signal }: CarryOut): Promise<void> {
    for (const [at, { claim }] of this.#plan.bindings.entries()) {
      const volume = this.#assumedVolumes[at];
      if (volume !== undefined && volume.spec?.claimRef?.uid === claim.metadata.uid)
        await client.update(resources.persistentVolumes, volume, { signal });
    }
    for (const claim of this.#assumedClaims) await client.update(resources.persistentVolumeClaims, claim, { signal });
    const wanted = [...this.#plan.bindings.map(({ claim }) => claim), ...this.#plan.provisions];
    const endMs = clock.now() + bindTimeoutMs;
    for (;;) {
      const now = wanted.map(({ metadata }) => this.#cluster.objects.claims.get(metadata.namespace, metadata.name));
      if (now.every((claim) => claim !== undefined && isBound(claim))) return;
      for (const [index, claim] of now.entries()) {
        if (claim === undefined) throw new Error(`persistentvolumeclaim "${wanted[index]?.metadata.name}" not found`);
        const provisioned = index >= this.#plan.bindings.length;
        const chosen = claim.metadata.annotations?.[selectedNode];
        if (provisioned && !isBound(claim) && chosen !== this.#node)
          throw new Error(`provisioning failed for PVC "${claim.metadata.name}": selected node annotation was reset`);
      }
      if (clock.now() >= endMs) throw new Error('binding volumes: context deadline exceeded');
      await clock.sleep(pollMs, signal);
    }
  }
}

function promised(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): PersistentVolume {
  const claimRef = {
    ...volume.spec?.claimRef,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
  };
  const annotations = { ...volume.metadata.annotations, 'pv.kubernetes.io/bound-by-controller': 'yes' };
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } };
}

function annotated(claim: PersistentVolumeClaim, node: string): PersistentVolumeClaim {
  return { ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [selectedNode]: node } } };
}
