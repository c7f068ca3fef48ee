// Owns the rule of resource claims: a pod waits for those it names, and goes where devices for them are, or where those that they have can be reached.
import type { Pod, PodResourceClaim } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import { matchesNodeSelector } from '../../predicates/node-affinity.ts';
import type { ClusterView } from '../cluster-view.ts';
import { allocateDevices } from '../devices/allocate-devices.ts';
import { DeviceReservation } from '../devices/device-reservation.ts';
import type { Plugin, Refusal } from '../framework.ts';
import { cameOrChanged, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

/** A node where the devices of an allocated claim cannot be reached. */
export const elsewhere: Refusal = { reasons: ['resourceclaim not available on the node'], resolvable: false };
const unavailable: Refusal = { reasons: ['cannot allocate all claims'], resolvable: false };

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
    for (const one of claims) {
      const missing = one.status?.allocation === undefined ? missingClass(one, cluster) : undefined;
      if (missing !== undefined) return { waitsFor: missing };
    }
    const { resourceClaims, resourceSlices, deviceClasses } = cluster.objects;
    const tables = [resourceClaims, resourceSlices, deviceClasses];
    const revisions = tables.map(({ revision }) => revision);
    return {
      test({ node }) {
        for (const { status } of claims) {
          const selector = status?.allocation?.nodeSelector;
          if (selector !== undefined && !matchesNodeSelector(selector, node)) return elsewhere;
        }
        const open = claims.filter(({ status }) => status?.allocation === undefined);
        return open.length > 0 && allocateDevices(open, node, cluster.objects) === undefined ? unavailable : undefined;
      },
      isStale: () => tables.some(({ revision }, at) => revision !== revisions[at]),
    };
  },
  reserve(pod, { node }, cluster) {
    const claims = claimsOfPod(pod, cluster);
    if (claims.length === 0) return undefined;
    const open = claims.filter(({ status }) => status?.allocation === undefined);
    const allocations = allocateDevices(open, node, cluster.objects) ?? [];
    return new DeviceReservation(
      cluster,
      pod,
      claims.map((claim) => ({ claim, allocation: allocations[open.indexOf(claim)] })),
    );
  },
  hears: unlessTaken,
  wakes: (_, event) =>
    event.on === 'own' ||
    cameOrChanged(event, 'resourceClaims', 'deviceClasses', 'resourceSlices') !== undefined ||
    nodeCameOrTaintsChanged(event),
};

/** The claims that a pod uses and that are there. */
export function claimsOfPod(pod: Pod, cluster: ClusterView): readonly ResourceClaim[] {
  return (pod.spec.resourceClaims ?? []).map((use) => find(use, pod, cluster)).filter((one) => typeof one === 'object');
}

/** What is wrong with a claim that is not allocated: it asks for a class that is not there. */
function missingClass({ spec }: ResourceClaim, { objects }: ClusterView): string | undefined {
  for (const { name, exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    for (const { deviceClassName, name: subName } of exactly === undefined ? firstAvailable : [{ ...exactly, name }])
      if (objects.deviceClasses.get(undefined, deviceClassName) === undefined)
        return `request ${exactly === undefined ? `${name}/${subName}` : name}: device class ${deviceClassName} does not exist`;
  }
  return undefined;
}

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
