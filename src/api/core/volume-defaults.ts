// Owns the defaults of volumes.

import { defaultClaimSpec } from './claim-defaults.ts';
import { isLatestImage } from './image-name.ts';
import type { DownwardAPIVolumeFile, Volume, VolumeProjection } from './v1.ts';

const readable = 0o644;
const tokenSeconds = 3600;

function defaultItems(items: readonly DownwardAPIVolumeFile[] | undefined): readonly DownwardAPIVolumeFile[] | undefined {
  return items?.map((item) =>
    item.fieldRef === undefined ? item : { ...item, fieldRef: { ...item.fieldRef, apiVersion: item.fieldRef.apiVersion || 'v1' } },
  );
}

function defaultProjection(source: VolumeProjection): VolumeProjection {
  const { downwardAPI, serviceAccountToken } = source;
  return {
    ...source,
    ...(downwardAPI?.items === undefined ? {} : { downwardAPI: { ...downwardAPI, items: defaultItems(downwardAPI.items) } }),
    ...(serviceAccountToken === undefined
      ? {}
      : { serviceAccountToken: { ...serviceAccountToken, expirationSeconds: serviceAccountToken.expirationSeconds ?? tokenSeconds } }),
  };
}

/** A volume with upstream's defaults: an empty directory where no source is named. */
export function defaultVolume(volume: Volume): Volume {
  const { secret, configMap, downwardAPI, projected, hostPath, ephemeral, image, azureDisk } = volume;
  const template = ephemeral?.volumeClaimTemplate;
  if (secret !== undefined) return { ...volume, secret: { ...secret, defaultMode: secret.defaultMode ?? readable } };
  if (configMap !== undefined) return { ...volume, configMap: { ...configMap, defaultMode: configMap.defaultMode ?? readable } };
  if (downwardAPI !== undefined) {
    const items = defaultItems(downwardAPI.items);
    const mode = { defaultMode: downwardAPI.defaultMode ?? readable };
    return { ...volume, downwardAPI: { ...downwardAPI, ...(items === undefined ? {} : { items }), ...mode } };
  }
  if (projected !== undefined) {
    const sources = projected.sources?.map(defaultProjection) ?? null;
    return {
      ...volume,
      projected: { ...projected, sources: sources as readonly VolumeProjection[], defaultMode: projected.defaultMode ?? readable },
    };
  }
  if (hostPath !== undefined) return { ...volume, hostPath: { ...hostPath, type: hostPath.type ?? '' } };
  if (azureDisk !== undefined) return { ...volume, azureDisk: { ...azureDisk, readOnly: azureDisk.readOnly ?? false } };
  if (template !== undefined)
    return { ...volume, ephemeral: { ...ephemeral, volumeClaimTemplate: { ...template, spec: defaultClaimSpec(template.spec) } } };
  if (image !== undefined) {
    const pullPolicy = image.pullPolicy || (isLatestImage(image.reference ?? '') ? 'Always' : 'IfNotPresent');
    return { ...volume, image: { ...image, pullPolicy } };
  }
  for (const field in volume) if (field !== 'name') return volume;
  return { ...volume, emptyDir: {} };
}
