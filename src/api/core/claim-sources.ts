// Owns the two fields that say what a new volume starts with: the older one is filled from the newer and the other way round.
import type { PersistentVolumeClaimSpec } from './v1.ts';

type Source = NonNullable<PersistentVolumeClaimSpec['dataSource']>;

function isOld({ apiGroup, kind }: Source): boolean {
  return kind === 'PersistentVolumeClaim' ? !apiGroup : kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}

/**
 * The spec without what is off by default (sources in other namespaces) and, where the claim had no source yet, without kinds that the
 * older field never knew.
 */
export function withoutForeignSources(spec: PersistentVolumeClaimSpec, old?: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { dataSource, dataSourceRef, ...rest } = spec;
  const keepsRef = dataSourceRef !== undefined && (!dataSourceRef.namespace || old?.dataSourceRef !== undefined);
  const used = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  const keepsOld = dataSource !== undefined && (used || keepsRef || isOld(dataSource));
  return { ...rest, ...(keepsOld ? { dataSource } : {}), ...(keepsRef ? { dataSourceRef } : {}) };
}

/** The spec with both fields saying the same, where only one was given. */
export function withBothSources(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) return { ...spec, dataSourceRef: named(dataSource) };
  if (dataSourceRef === undefined || dataSource !== undefined || dataSourceRef.namespace) return spec;
  return { ...spec, dataSource: named(dataSourceRef) };
}

/** A null group is written out, as Go does. */
function named({ apiGroup, kind, name }: Source): Source {
  return { apiGroup: (apiGroup ?? null) as never, kind, name };
}
