// Owns the rule of resource claims: a pod waits for those it names, and goes where what is allocated to them can be reached.
import type { Pod, PodResourceClaim } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { Plugin, Refusal } from '../framework.ts';
import { cameOrChanged, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

const elsewhere: Refusal = { reasons: ['resourceclaim not available on the node'], resolvable: true };
const unavailable: Refusal = { reasons: ['cannot allocate all claims'], resolvable: true };

export const dynamicResources: Plugin = {
  name: 'DynamicResources',
  weight: 2,
  preEnqueue(pod, cluster) {
    for (const use of pod.spec.resourceClaims ?? []) {
      const found = find(use, pod, cluster);
      if (typeof found === 'string') return found;
    }
    return undefined;
  },
  signature: ({ spec, metadata }) => ((spec.resourceClaims ?? []).length === 0 ? '' : metadata.uid),
  judge(pod, cluster) {
    const uses = pod.spec.resourceClaims ?? [];
    if (uses.length === 0) return undefined;
    const claims: ResourceClaim[] = [];
    for (const use of uses) {
      const found = find(use, pod, cluster);
      if (typeof found === 'string') return { waitsFor: found };
      if (found !== undefined) claims.push(found);
    }
    const busy = claims.find(({ status }) => isFull(status?.reservedFor, pod));
    if (busy !== undefined) return { waitsFor: 'resourceclaim in use' };
    const { resourceClaims } = cluster.objects;
    const { revision } = resourceClaims;
    return {
      test({ node }) {
        for (const { status } of claims) {
          if (status?.allocation === undefined) return unavailable;
          const { nodeSelector } = status.allocation;
          if (nodeSelector !== undefined && !matchesNodeSelector(nodeSelector, node)) return elsewhere;
        }
        return undefined;
      },
      isStale: () => resourceClaims.revision !== revision,
    };
  },
  hears: unlessTaken,
  wakes: (_, event) =>
    event.on === 'own' ||
    cameOrChanged(event, 'resourceClaims', 'deviceClasses', 'resourceSlices') !== undefined ||
    nodeCameOrTaintsChanged(event),
};

/** So many pods may share a claim. */
const mostUsers = 256;

function isFull(users: readonly { readonly uid: string }[] = [], { metadata }: Pod): boolean {
  return users.length >= mostUsers && !users.some(({ uid }) => uid === metadata.uid);
}

/** The claim that is meant; what is wrong with it as text; undefined where the pod turned out to need none. */
function find({ name, resourceClaimName }: PodResourceClaim, pod: Pod, { objects }: ClusterView): ResourceClaim | string | undefined {
  const { namespace = '', uid } = pod.metadata;
  let wanted = resourceClaimName;
  if (wanted === undefined) {
    const made = pod.status?.resourceClaimStatuses?.find((one) => one.name === name);
    if (made === undefined) return `pod "${namespace}/${pod.metadata.name}": ResourceClaim not created yet`;
    if (made.resourceClaimName === undefined) return undefined;
    wanted = made.resourceClaimName;
  }
  const claim = objects.resourceClaims.get(namespace, wanted);
  if (claim === undefined) return `resourceclaim.resource.k8s.io "${wanted}" not found`;
  if (claim.metadata.deletionTimestamp !== undefined) return `resourceclaim "${wanted}" is being deleted`;
  const owned = claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
  if (resourceClaimName === undefined && !owned)
    return `ResourceClaim ${namespace}/${wanted} was not created for pod ${namespace}/${pod.metadata.name}`;
  return claim;
}
