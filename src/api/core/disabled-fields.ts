// Owns which fields of pods are dropped because what they ask for is off by default in 1.36.
import type { PodSpec, PodTemplateSpec, Volume } from './v1.ts';

function withoutDisabledSources(volume: Volume): Volume {
  const sources = volume.projected?.sources;
  if (!sources?.some((source) => 'clusterTrustBundle' in source || 'podCertificate' in source)) return volume;
  const kept = sources.map(({ clusterTrustBundle: _bundle, podCertificate: _certificate, ...source }) => source);
  return { ...volume, projected: { ...volume.projected, sources: kept } };
}

/** The spec without what is off: projected trust bundles and pod certificates. The same object where nothing is dropped. */
export function withoutDisabledFields(spec: PodSpec): PodSpec {
  const { volumes } = spec;
  if (volumes === undefined) return spec;
  const kept = volumes.map(withoutDisabledSources);
  return kept.every((volume, index) => volume === volumes[index]) ? spec : { ...spec, volumes: kept };
}

/** The same for a template. */
export function templateWithoutDisabledFields(template: PodTemplateSpec): PodTemplateSpec {
  return template.spec === undefined ? template : { ...template, spec: withoutDisabledFields(template.spec) };
}
