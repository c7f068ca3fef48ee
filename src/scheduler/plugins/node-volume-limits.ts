// Owns the rule that a node takes only so many volumes of each CSI driver.
import type { Pod } from '../../api/core/v1.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { Plugin, Refusal } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { claimsOf } from '../pod-facts.ts';
import { claimsKey } from '../signature-keys.ts';
import { cameOrChanged, gonePod, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';
import { claimClass } from './volume-claims.ts';

const exceeded: Refusal = { reasons: ['node(s) exceed max volume count'], resolvable: true };

export const nodeVolumeLimits: Plugin = {
  name: 'NodeVolumeLimits',
  signature: claimsKey,
  judge(pod, cluster) {
    const wanted = volumesOf(pod, cluster);
    if (wanted.size === 0) return undefined;
    const { csiNodes, attachments, claims, volumes, storageClasses } = cluster.objects;
    const tables = [csiNodes, attachments, claims, volumes, storageClasses];
    const revisions = tables.map(({ revision }) => revision);
    return {
      test: (node) => (fits(node, wanted, cluster) ? undefined : exceeded),
      isStale: () => tables.some(({ revision }, at) => revision !== revisions[at]),
    };
  },
  hears: unlessTaken,
  wakes(pod, event) {
    const gone = gonePod(event);
    if (gone !== undefined) return claimsOf(gone).length > 0;
    if (event.on === 'attachments') return true;
    const claim = cameOrChanged(event, 'claims');
    if (claim !== undefined)
      return claim.metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => name === claim.metadata.name);
    return cameOrChanged(event, 'csiNodes', 'volumes', 'storageClasses') !== undefined || nodeCameOrTaintsChanged(event);
  },
};

function fits({ name, pods }: NodeInfo, wanted: ReadonlyMap<string, string>, cluster: ClusterView): boolean {
  const { csiNodes, attachments, volumes } = cluster.objects;
  const limits = new Map(
    (csiNodes.get(undefined, name)?.spec.drivers ?? []).flatMap((driver) =>
      driver.allocatable?.count === undefined ? [] : [[driver.name, driver.allocatable.count] as const],
    ),
  );
  if (limits.size === 0) return true;
  const there = new Map<string, string>();
  for (const pod of pods) for (const [volume, driver] of volumesOf(pod, cluster)) there.set(volume, driver);
  for (const { spec } of attachments.all()) {
    const volume = spec.nodeName === name ? volumes.get(undefined, spec.source.persistentVolumeName ?? '') : undefined;
    if (volume?.spec?.csi !== undefined) there.set(`${volume.spec.csi.driver}/${volume.spec.csi.volumeHandle}`, volume.spec.csi.driver);
  }
  const used = new Map<string, number>();
  for (const driver of there.values()) used.set(driver, (used.get(driver) ?? 0) + 1);
  const more = [...wanted].filter(([volume]) => !there.has(volume)).map(([, driver]) => driver);
  for (const driver of new Set(more)) {
    const limit = limits.get(driver);
    if (limit !== undefined && (used.get(driver) ?? 0) + more.filter((one) => one === driver).length > limit) return false;
  }
  return true;
}

/** The CSI volumes that a pod needs: what each is called on a node, and its driver. One still to be made counts by its claim. */
function volumesOf(pod: Pod, { objects }: ClusterView): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const { namespace = '' } = pod.metadata;
  for (const { name } of claimsOf(pod)) {
    const claim = objects.claims.get(namespace, name);
    if (claim === undefined) continue;
    const volume = claim.spec?.volumeName ? objects.volumes.get(undefined, claim.spec.volumeName) : undefined;
    if (volume !== undefined) {
      const { csi } = volume.spec ?? {};
      if (csi !== undefined) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
      continue;
    }
    const provisioner = objects.storageClasses.get(undefined, claimClass(claim))?.provisioner;
    if (provisioner !== undefined) found.set(`${provisioner}/claim ${namespace}/${name}`, provisioner);
  }
  return found;
}
