// Owns the rule that some disks are mounted once: old kinds of disks on a node, and claims for one pod only anywhere.
import type { Pod, Volume } from '../../api/core/v1.ts';
import { type ClusterView, nodesOf } from '../cluster-view.ts';
import type { Domains, Followed, Plugin, PodMove, Refusal } from '../framework.ts';
import { claimsOf } from '../pod-facts.ts';
import { claimsKey } from '../signature-keys.ts';
import { cameOrChanged, gonePod, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';

const noDisk: Refusal = { reasons: ['node(s) had no available disk'], resolvable: true };
const inUse: Refusal = {
  reasons: ['node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'],
  resolvable: true,
};

export const volumeRestrictions: Plugin = {
  name: 'VolumeRestrictions',
  signature(pod) {
    const disks = disksOf(pod);
    return claimsKey(pod) + (disks.length === 0 ? '' : JSON.stringify(disks));
  },
  judge(pod, cluster) {
    const once = new Set<string>();
    const { namespace = '' } = pod.metadata;
    const named = claimsOf(pod).filter(({ ephemeral }) => !ephemeral);
    for (const { name } of named) {
      const claim = cluster.objects.claims.get(namespace, name);
      if (claim === undefined) return { waitsFor: `persistentvolumeclaim "${name}" not found` };
      if (claim.spec?.accessModes?.includes('ReadWriteOncePod')) once.add(name);
    }
    const disks = disksOf(pod);
    if (once.size === 0 && disks.length === 0) return named.length === 0 ? undefined : { isStale: changed(cluster) };
    const users = once.size === 0 ? undefined : new ClaimUsers(namespace, once, cluster);
    return {
      test(node) {
        if (disks.length > 0 && node.pods.some((one) => disksOf(one).some((theirs) => disks.some((own) => conflict(own, theirs)))))
          return noDisk;
        return users !== undefined && users.count > 0 ? inUse : undefined;
      },
      ...(users !== undefined && { domains: users }),
      isStale: changed(cluster),
    };
  },
  hears: unlessTaken,
  wakes(pod, event) {
    const gone = gonePod(event);
    if (gone !== undefined) {
      const theirs = new Set(claimsOf(gone).map(({ name }) => name));
      const shared = gone.metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => theirs.has(name));
      return shared || disksOf(gone).some((one) => disksOf(pod).some((own) => conflict(own, one)));
    }
    const claim = cameOrChanged(event, 'claims');
    if (claim !== undefined)
      return claim.metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => name === claim.metadata.name);
    return nodeCameOrTaintsChanged(event);
  },
};

function changed({ objects }: ClusterView): () => boolean {
  const { revision } = objects.claims;
  return () => objects.claims.revision !== revision;
}

/** How many pods use claims that one pod alone may use. */
class ClaimUsers implements Domains {
  readonly #namespace: string;
  readonly #claims: ReadonlySet<string>;
  count = 0;

  constructor(namespace: string, claims: ReadonlySet<string>, cluster: ClusterView) {
    this.#namespace = namespace;
    this.#claims = claims;
    for (const node of nodesOf(cluster)) for (const pod of node.pods) this.follow({ pod, node, delta: 1, simulated: false });
  }

  facetsOf(): readonly string[] {
    return [];
  }

  follow({ pod, delta }: PodMove): Followed {
    if (pod.metadata.namespace !== this.#namespace) return [];
    const used = claimsOf(pod).filter(({ name, ephemeral }) => !ephemeral && this.#claims.has(name)).length;
    this.count += delta * used;
    return used === 0 ? [] : 'all';
  }
}

const disksOf = ({ spec }: Pod): readonly Volume[] =>
  (spec.volumes ?? []).filter(
    ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }) => gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd,
  );

/** Whether two disks cannot be mounted on one node. */
function conflict(a: Volume, b: Volume): boolean {
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !(a.gcePersistentDisk.readOnly && b.gcePersistentDisk.readOnly);
  if (a.awsElasticBlockStore && b.awsElasticBlockStore) return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID;
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && !(a.iscsi.readOnly && b.iscsi.readOnly);
  if (a.rbd && b.rbd) {
    const theirs = b.rbd;
    const together = a.rbd.monitors.some((monitor) => theirs.monitors.includes(monitor));
    return (
      together && (a.rbd.pool ?? 'rbd') === (theirs.pool ?? 'rbd') && a.rbd.image === theirs.image && !(a.rbd.readOnly && theirs.readOnly)
    );
  }
  return false;
}
