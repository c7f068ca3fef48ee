// Owns the rule that a volume's zone and region labels are those of the node.
import type { PersistentVolume, Pod } from '../../api/core/v1.ts';
import type { ClusterView } from '../cluster-view.ts';
import type { Plugin, Refusal, Wait } from '../framework.ts';
import { claimsOf } from '../pod-facts.ts';
import { claimsKey } from '../signature-keys.ts';
import { cameOrChanged, nodeCameOrTaintsChanged, unlessTaken } from '../wake-event.ts';
import { claimClass } from './volume-claims.ts';

const refusal: Refusal = { reasons: ['node(s) had no available volume zone'], resolvable: false };

/** Labels by which volumes and nodes say where they are; the older names stand for the newer ones. */
const keys: ReadonlyMap<string, string> = new Map([
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['topology.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['topology.kubernetes.io/region', 'topology.kubernetes.io/region'],
]);

interface Place {
  readonly key: string;
  readonly values: ReadonlySet<string>;
}

export const volumeZone: Plugin = {
  name: 'VolumeZone',
  signature: claimsKey,
  judge(pod, cluster) {
    const places = placesOf(pod, cluster);
    if ('waitsFor' in places) return places;
    const { claims, volumes, storageClasses } = cluster.objects;
    const tables = [claims, volumes, storageClasses];
    const revisions = tables.map(({ revision }) => revision);
    const isStale = (): boolean => tables.some(({ revision }, at) => revision !== revisions[at]);
    if (places.length === 0) return claimsOf(pod).length === 0 ? undefined : { isStale };
    return {
      isStale,
      test({ labels }) {
        if (![...keys.keys()].some((key) => labels[key] !== undefined)) return undefined;
        const there = ({ key, values }: Place): boolean => {
          const value = labels[key] ?? labels[keys.get(key) ?? key];
          return value !== undefined && values.has(value);
        };
        return places.every(there) ? undefined : refusal;
      },
    };
  },
  hears: unlessTaken,
  wakes(pod, event) {
    const claim = cameOrChanged(event, 'claims');
    if (claim !== undefined)
      return claim.metadata.namespace === pod.metadata.namespace && claimsOf(pod).some(({ name }) => name === claim.metadata.name);
    return cameOrChanged(event, 'volumes', 'storageClasses') !== undefined || nodeCameOrTaintsChanged(event);
  },
};

function placesOf(pod: Pod, { objects }: ClusterView): readonly Place[] | Wait {
  const places: Place[] = [];
  for (const { name, ephemeral } of claimsOf(pod)) {
    if (ephemeral) continue;
    const claim = objects.claims.get(pod.metadata.namespace, name);
    if (claim === undefined) return { waitsFor: `persistentvolumeclaim "${name}" not found` };
    const { volumeName } = claim.spec ?? {};
    if (!volumeName) {
      const className = claimClass(claim);
      if (className === '') return { waitsFor: 'PersistentVolumeClaim had no pv name and storageClass name' };
      const storageClass = objects.storageClasses.get(undefined, className);
      if (storageClass === undefined) return { waitsFor: `storageclass.storage.k8s.io "${className}" not found` };
      if (storageClass.volumeBindingMode === 'WaitForFirstConsumer') continue;
      return { waitsFor: 'PersistentVolume had no name' };
    }
    const volume = objects.volumes.get(undefined, volumeName);
    if (volume === undefined) return { waitsFor: `persistentvolume "${volumeName}" not found` };
    places.push(...labelled(volume));
  }
  return places;
}

/** Several zones in one label are separated by two underscores. */
function labelled({ metadata: { labels = {} } }: PersistentVolume): readonly Place[] {
  return [...keys.keys()].flatMap((key) => {
    const values = labels[key]?.split('__').map((value) => value.trim());
    return values === undefined || values.includes('') ? [] : [{ key, values: new Set(values) }];
  });
}
