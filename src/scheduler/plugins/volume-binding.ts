// Owns the rule that a pod's claims have volumes it can reach from its node, or can get them there.
import type { Node, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { ClusterObjects, ClusterView } from '../cluster-view.ts';
import type { NodeTest, Plugin, Refusal, Wait } from '../framework.ts';
import { claimsOf } from '../pod-facts.ts';
import { claimsKey } from '../signature-keys.ts';
import { VolumeReservation } from '../volume-reservation.ts';
import { cameOrChanged, changedNode, taintsChanged, unlessTaken } from '../wake-event.ts';
import { isBound, planClaims, reaches, waitsForConsumer } from './volume-claims.ts';

const reason = {
  affinity: "node(s) didn't match PersistentVolume's node affinity",
  topology: "node(s) didn't find available persistent volumes to bind",
  space: 'node(s) did not have enough free storage',
  missing: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
} as const;

export const volumeBinding: Plugin = {
  name: 'VolumeBinding',
  signature: claimsKey,
  judge(pod, cluster) {
    const found = claimsIn(pod, cluster);
    if (found === undefined || 'waitsFor' in found) return found;
    const { claims, volumes, storageClasses, csiDrivers, csiCapacities } = cluster.objects;
    const tables = [claims, volumes, storageClasses, csiDrivers, csiCapacities];
    const revisions = tables.map(({ revision }) => revision);
    return {
      test: testOf(found, cluster.objects),
      isStale: () => tables.some(({ revision }, at) => revision !== revisions[at]),
    };
  },
  reserve(pod, { name, node }, cluster) {
    const found = claimsIn(pod, cluster);
    if (found === undefined || 'waitsFor' in found || found.waiting.length === 0) return undefined;
    const planned = planClaims(found.waiting, node, cluster.objects);
    return 'plan' in planned ? new VolumeReservation(cluster, planned.plan, name) : undefined;
  },
  hears: unlessTaken,
  wakes(pod, event) {
    const claim = cameOrChanged(event, 'claims');
    if (claim !== undefined)
      return claim.metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => name === claim.metadata.name);
    if (cameOrChanged(event, 'volumes', 'storageClasses', 'csiNodes', 'csiDrivers', 'csiCapacities') !== undefined) return true;
    return changedNode(event, (now, old) => taintsChanged(now, old) || !sameLabels(now, old)) !== undefined;
  },
};

const sameLabels = ({ metadata: { labels: a = {} } }: Node, { metadata: { labels: b = {} } }: Node): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

interface Claims {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly waiting: readonly PersistentVolumeClaim[];
}

/** The claims of a pod, or what it must wait for; undefined where it has none. */
function claimsIn(pod: Pod, { objects }: ClusterView): Claims | Wait | undefined {
  const uses = claimsOf(pod);
  if (uses.length === 0) return undefined;
  const { namespace = '' } = pod.metadata;
  const bound: PersistentVolumeClaim[] = [];
  const waiting: PersistentVolumeClaim[] = [];
  let immediate = false;
  for (const { name, ephemeral } of uses) {
    const claim = objects.claims.get(namespace, name);
    if (claim === undefined)
      return {
        waitsFor: ephemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`,
      };
    if (claim.status?.phase === 'Lost')
      return { waitsFor: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"` };
    if (claim.metadata.deletionTimestamp !== undefined) return { waitsFor: `persistentvolumeclaim "${name}" is being deleted` };
    if (ephemeral && !claim.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid))
      return { waitsFor: `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)` };
    if (isBound(claim)) bound.push(claim);
    else if (!claim.spec?.volumeName && waitsForConsumer(claim, objects)) waiting.push(claim);
    else immediate = true;
  }
  return immediate ? { waitsFor: 'pod has unbound immediate PersistentVolumeClaims' } : { bound, waiting };
}

function testOf({ bound, waiting }: Claims, objects: ClusterObjects): NodeTest {
  const volumes = bound.map(({ spec }) => objects.volumes.get(undefined, spec?.volumeName ?? ''));
  const refusals = new Map<string, Refusal>();
  return ({ node }) => {
    const reasons: string[] = [];
    // Volumes are looked at in order: only the first that will not do is told of.
    const bad = volumes.findIndex((volume) => volume === undefined || !reaches(volume, node));
    if (bad >= 0 && volumes[bad] !== undefined) reasons.push(reason.affinity);
    const plan = waiting.length === 0 ? undefined : planClaims(waiting, node, objects);
    if (plan !== undefined && 'fails' in plan) reasons.push(reason[plan.fails]);
    if (bad >= 0 && volumes[bad] === undefined) reasons.push(reason.missing);
    if (reasons.length === 0) return undefined;
    const key = reasons.join();
    const refusal = refusals.get(key) ?? { reasons, resolvable: false };
    refusals.set(key, refusal);
    return refusal;
  };
}
