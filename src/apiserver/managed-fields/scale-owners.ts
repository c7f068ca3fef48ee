// Owns what of an object's managers its scale shows, and what becomes of them when the scale was written. Upstream's rules; pure.
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { difference, type FieldSet, hasPath, isEmptySet, pathSet } from './field-set.ts';
import { entriesOf, type FieldManager, identityOf, ownersOf } from './owner-entries.ts';

type Entries = readonly ManagedFieldsEntry[];

const scaleVersion = 'autoscaling/v1';
const replicasOfScale = ['f:spec', 'f:replicas'];

/** The path to the replicas in each version of a kind, as path elements; undefined for a version that it does not have. */
export type ReplicasPaths = (apiVersion: string) => readonly string[] | undefined;

/** The managers of the replicas, as managers of the scale. */
export function ownersOfScale(parent: Entries | undefined, paths: ReplicasPaths): Entries {
  const owners = (ownersOf(parent) ?? []).flatMap((one) => {
    const path = paths(one.apiVersion);
    return path !== undefined && hasPath(one.fields, path) ? [{ ...one, apiVersion: scaleVersion, fields: pathSet(replicasOfScale) }] : [];
  });
  return entriesOf(owners);
}

/** The managers of the parent once those of its scale are `scale`. Who came to own the replicas by it has no time, as upstream has it. */
export function ownersOfParent(parent: Entries | undefined, scale: Entries | undefined, paths: ReplicasPaths, apiVersion: string): Entries {
  const known = ownersOf(parent) ?? [];
  const times = new Map(known.map((one) => [identityOf(one), one.time]));
  const scaling = new Map((ownersOf(scale) ?? []).map((one) => [identityOf(one), one]));
  const kept = known.flatMap((one): readonly FieldManager[] => {
    const path = paths(one.apiVersion);
    if (path === undefined) return [];
    if (!hasPath(one.fields, path)) return [one];
    if (scaling.delete(identityOf(one))) return [one];
    return [{ ...one, fields: difference(one.fields, pathSet(path)) }];
  });
  const replicas: FieldSet = pathSet(paths(apiVersion) ?? replicasOfScale);
  const added = [...scaling].flatMap(([identity, one]) =>
    hasPath(one.fields, replicasOfScale) ? [{ ...one, apiVersion, time: times.get(identity), fields: replicas }] : [],
  );
  return entriesOf([...kept, ...added].filter(({ fields }) => !isEmptySet(fields)));
}
