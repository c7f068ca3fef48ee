// Owns giving a pod its claims of devices: allocated and reserved at once in the scheduler's picture, written before the pod is bound, or taken back.
import type { Pod } from '../../api/core/v1.ts';
import type { AllocationResult, ResourceClaim } from '../../api/resource/v1.ts';
import { resources } from '../../client/resources.ts';
import type { ClusterState } from '../cluster-state.ts';
import type { CarryOut, Reservation } from '../framework.ts';

const protection = 'resource.kubernetes.io/delete-protection';

/** Claims with what they are to get; undefined: they have it already. */
export interface ClaimGrant {
  readonly claim: ResourceClaim;
  readonly allocation: AllocationResult | undefined;
}

/** A reservation of a pod's claims. */
export class DeviceReservation implements Reservation {
  readonly takesTime = false;
  readonly #cluster: ClusterState;
  readonly #pod: Pod;
  readonly #assumed: readonly { readonly before: ResourceClaim; readonly after: ResourceClaim }[];
  readonly #written: ResourceClaim[] = [];
  #client: CarryOut['client'] | undefined;

  constructor(cluster: ClusterState, pod: Pod, grants: readonly ClaimGrant[]) {
    this.#cluster = cluster;
    this.#pod = pod;
    const { uid, name } = pod.metadata;
    this.#assumed = grants.map(({ claim, allocation }) => {
      const users = claim.status?.reservedFor ?? [];
      const reservedFor = users.some((user) => user.uid === uid) ? users : [...users, { resource: 'pods', name, uid }];
      return { before: claim, after: { ...claim, status: { ...claim.status, ...(allocation && { allocation }), reservedFor } } };
    });
    for (const { after } of this.#assumed) cluster.objects.resourceClaims.put(after);
  }

  async carryOut({ client, signal }: CarryOut): Promise<void> {
    this.#client = client;
    for (const { before, after } of this.#assumed) {
      let { metadata } = before;
      if (after.status?.allocation !== undefined && !metadata.finalizers?.includes(protection)) {
        const finalizers = [...(metadata.finalizers ?? []), protection];
        ({ metadata } = await client.update(resources.resourceClaims, { ...before, metadata: { ...metadata, finalizers } }, { signal }));
      }
      this.#written.push(await client.updateStatus(resources.resourceClaims, { ...after, metadata }, { signal }));
    }
  }

  takeBack(): void {
    const { resourceClaims } = this.#cluster.objects;
    for (const { before, after } of this.#assumed) {
      const { namespace, name } = after.metadata;
      if (resourceClaims.get(namespace, name) === after) resourceClaims.put(before);
    }
    // What was written already stays allocated, for the next attempt, and is no longer reserved for this pod.
    for (const claim of this.#written) {
      const reservedFor = claim.status?.reservedFor?.filter(({ uid }) => uid !== this.#pod.metadata.uid) ?? [];
      void this.#client?.updateStatus(resources.resourceClaims, { ...claim, status: { ...claim.status, reservedFor } }).catch(() => {});
    }
  }
}
