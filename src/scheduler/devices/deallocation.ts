// Owns the question whether giving up a claim's devices would place a pod that fits nowhere: where others hold none of them and they are elsewhere. Pure.
import type { Pod } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import type { ClusterView } from '../cluster-view.ts';
import { claimsOfPod, elsewhere } from '../plugins/dynamic-resources.ts';
import type { Ranking } from '../ranking.ts';

/** What is said about it, in upstream's words, and the claim that is to be deallocated. */
export interface Deallocation {
  readonly message: string;
  readonly claim?: ResourceClaim;
}

/** Decides for a pod that no node takes. Of several claims that would do, the first. */
export function deallocationFor(pod: Pod, cluster: ClusterView, ranking: Ranking): Deallocation {
  const claims = claimsOfPod(pod, cluster);
  if (claims.length === 0) return { message: 'no new claims to deallocate' };
  const { uid } = pod.metadata;
  const candidates = claims.filter(
    ({ status: { allocation, reservedFor = [] } = {} }) =>
      allocation?.nodeSelector !== undefined && reservedFor.every((user) => user.uid === uid) && reservedFor.length <= 1,
  );
  const claim = candidates.find(({ status }) => isMissed(status?.allocation?.nodeSelector, cluster, ranking));
  return claim === undefined ? { message: 'still not schedulable' } : { message: 'deallocation of ResourceClaim completed', claim };
}

type Selector = NonNullable<NonNullable<ResourceClaim['status']>['allocation']>['nodeSelector'];

/** Whether some node was turned down for being where the claim's devices are not. */
function isMissed(selector: Selector, { slots }: ClusterView, ranking: Ranking): boolean {
  if (selector === undefined) return false;
  return slots.some(
    (info, slot) =>
      info !== undefined && ranking.rejectionAt(slot)?.reasons === elsewhere.reasons && !matchesNodeSelector(selector, info.node),
  );
}
