// Owns what a pod asks of the API beyond itself: a static pod may not, as it runs where there is no API too. Pure.
import type { Pod, Volume, VolumeProjection } from '../api/core/v1.ts';
import { allContainers } from './all-containers.ts';
import { environmentReferences } from './env/environment.ts';
import { volumeReferences } from './volumes/projection.ts';

const bySource = [
  ['serviceAccountToken', 'serviceaccounts (via projected volumes)'],
  ['clusterTrustBundle', 'clustertrustbundles'],
  ['podCertificate', 'podcertificates'],
] as const satisfies readonly (readonly [keyof VolumeProjection, string])[];

const byVolume = [
  ['csi', 'csidrivers (via CSI volumes)'],
  ['glusterfs', 'endpoints (via glusterFS volumes)'],
  ['persistentVolumeClaim', 'persistentvolumeclaims'],
  ['ephemeral', 'persistentvolumeclaims (via ephemeral volumes)'],
  ['azureFile', 'secrets (via azureFile volumes)'],
] as const satisfies readonly (readonly [keyof Volume, string])[];

/** What the pod refers to, as messages name it; undefined for one that needs nothing but its node. */
export function apiReference(pod: Pod): string | undefined {
  const { spec } = pod;
  const { volumes = [], serviceAccountName = '', imagePullSecrets = [], resourceClaims = [] } = spec;
  const kinds = new Set(
    [...allContainers(pod).flatMap(environmentReferences), ...volumes.flatMap(volumeReferences)].map(({ kind }) => kind),
  );
  if (serviceAccountName !== '') return 'serviceaccounts';
  if (imagePullSecrets.length > 0 || kinds.has('secret')) return 'secrets';
  if (kinds.has('configMap')) return 'configmaps';
  if (resourceClaims.length > 0) return 'resourceclaims';
  for (const volume of volumes) {
    const named = byVolume.find(([source]) => volume[source] !== undefined);
    if (named !== undefined) return named[1];
    for (const projection of volume.projected?.sources ?? []) {
      const projected = bySource.find(([source]) => projection[source] !== undefined);
      if (projected !== undefined) return projected[1];
    }
  }
  return undefined;
}
