// Owns the warnings about volumes of pods and templates, and about claims: what no longer works, files that hide one another, broken bytes.
import { quoted } from '../causes.ts';
import { parseQuantity } from '../quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec, Volume, VolumeProjection } from './v1.ts';

const outOfUse: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
const betaClass = 'volume.beta.kubernetes.io/storage-class';

/** Amounts of bytes that are not whole. */
export function fractionWarnings(
  list: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
  at: string,
): readonly string[] {
  return names.flatMap((name) => {
    const amount = list?.[name];
    if (amount === undefined || parseQuantity(amount).nano % 1_000_000_000n === 0n) return [];
    return [`${at}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`];
  });
}

/** What a claim asks for. */
export function claimSpecWarnings(spec: PersistentVolumeClaimSpec, at: string): readonly string[] {
  return [
    ...fractionWarnings(spec.resources?.requests, ['storage'], `${at}.resources.requests`),
    ...fractionWarnings(spec.resources?.limits, ['storage'], `${at}.resources.limits`),
  ];
}

/** A claim. */
export function claimWarnings({ metadata, spec = {} }: PersistentVolumeClaim): readonly string[] {
  const old = metadata.annotations?.[betaClass] !== undefined;
  const told = `metadata.annotations[${betaClass}]: deprecated since v1.8; use "storageClassName" attribute instead`;
  return [...(old ? [told] : []), ...claimSpecWarnings(spec, 'spec')];
}

function overlap(known: Iterable<string>, path: string): string | undefined {
  for (const other of known) {
    if (other === '' || path === '') return undefined;
    if (other === path || `${other}/`.startsWith(path) || `${path}/`.startsWith(other)) return other;
  }
  return undefined;
}

/** Paths beyond which nobody is told: each is compared with all others, and no header would hold the answers. */
const pathsBound = 300;

function overlapWarnings(paths: readonly string[], whose: string): readonly string[] {
  if (paths.length > pathsBound) return [];
  const seen = new Set<string>();
  const out: string[] = [];
  for (const given of paths) {
    const path = given.replace(/\/+$/, '');
    const other = overlap(seen, path);
    if (other) out.push(`${whose}: overlapping paths: ${quoted(path)} with ${quoted(other)}`);
    seen.add(path);
  }
  return out;
}

const pathsOf = (items: readonly { readonly path: string }[]): readonly string[] => items.map(({ path }) => path);

function projectedPaths(source: VolumeProjection): { readonly sort: string; readonly paths: readonly string[] } | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items !== undefined) return { sort: `ConfigMap ${quoted(configMap.name ?? '')}`, paths: pathsOf(configMap.items) };
  if (secret?.items !== undefined) return { sort: `Secret ${quoted(secret.name ?? '')}`, paths: pathsOf(secret.items) };
  if (downwardAPI?.items !== undefined) return { sort: 'DownwardAPI', paths: pathsOf(downwardAPI.items) };
  if (serviceAccountToken !== undefined) return { sort: 'ServiceAccountToken', paths: [serviceAccountToken.path] };
  if (clusterTrustBundle === undefined) return undefined;
  const name = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
  return { sort: `ClusterTrustBundle ${quoted(name)}`, paths: [clusterTrustBundle.path] };
}

function projectedWarnings(volume: Volume): readonly string[] {
  const whose = `volume ${quoted(volume.name)}`;
  const out: string[] = [];
  const all = new Set<string>();
  for (const source of volume.projected?.sources ?? []) {
    if (Object.keys(source).length === 0) {
      out.push(`${whose} (Projected) has no sources provided`);
      continue;
    }
    const known = projectedPaths(source);
    if (known === undefined || known.paths.length === 0) continue;
    const named = `${whose} (Projected ${known.sort})`;
    const unique = new Set(known.paths);
    out.push(...overlapWarnings(known.paths, named));
    if (all.size <= pathsBound) out.push(...overlapWarnings([...unique, ...all].sort(), named));
    for (const path of unique) all.add(path);
  }
  return out;
}

/** Volumes of a pod or a template. `at` is the field that holds them. */
export function volumeWarnings(volumes: readonly Volume[], at: string): readonly string[] {
  const out: string[] = [];
  for (const [index, volume] of volumes.entries()) {
    const here = `${at}[${index}]`;
    for (const [source, told] of outOfUse) {
      if (volume[source] !== undefined) out.push(`${here}.${source === 'storageos' ? 'storageOS' : source}: ${told}`);
      if (source !== 'glusterfs' || volume.ephemeral?.volumeClaimTemplate === undefined) continue;
      out.push(...claimSpecWarnings(volume.ephemeral.volumeClaimTemplate.spec, `${here}.ephemeral.volumeClaimTemplate.spec`));
    }
  }
  for (const volume of volumes) {
    const { configMap, secret, downwardAPI } = volume;
    const whose = `volume ${quoted(volume.name)}`;
    if (configMap?.items !== undefined)
      out.push(...overlapWarnings(pathsOf(configMap.items), `${whose} (ConfigMap ${quoted(configMap.name ?? '')})`));
    if (secret?.items !== undefined)
      out.push(...overlapWarnings(pathsOf(secret.items), `${whose} (Secret ${quoted(secret.secretName ?? '')})`));
    if (downwardAPI?.items !== undefined) out.push(...overlapWarnings(pathsOf(downwardAPI.items), `${whose} (DownwardAPI)`));
    out.push(...projectedWarnings(volume));
  }
  return out;
}
