// Owns which revision a StatefulSet goes to, which one it has, and which are too many. Pure.
import type { ControllerRevision, StatefulSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { controllerReference } from '../ownership.ts';
import { byRevision, revisionHash, revisionName, sameRevision, templatePatch } from '../revisions/revision.ts';
import { revisionLabel } from './identity.ts';

const hashLabel = 'controller.kubernetes.io/hash';

/** The revision to go to: there already, there with an older number that must be the newest, or to be made. */
export type UpdateRevision =
  | { readonly do: 'keep'; readonly revision: ControllerRevision }
  | { readonly do: 'renumber'; readonly revision: ControllerRevision; readonly number: number }
  | { readonly do: 'create'; readonly number: number };

/** Decides it. */
export function planUpdateRevision({ spec }: StatefulSet, revisions: readonly ControllerRevision[]): UpdateRevision {
  const sorted = [...revisions].sort(byRevision);
  const wanted = { data: templatePatch(spec.template) };
  const last = sorted.at(-1);
  const equal = sorted.filter((one) => sameRevision(one, wanted)).at(-1);
  if (equal === undefined) return { do: 'create', number: (last?.revision ?? 0) + 1 };
  if (last !== undefined && sameRevision(last, equal)) return { do: 'keep', revision: last };
  return { do: 'renumber', revision: equal, number: (last?.revision ?? 0) + 1 };
}

/** A new revision of the present template, after so many names were taken. */
export function newRevision(set: StatefulSet, number: number, collisions: number): Draft<ControllerRevision> {
  const { namespace, name, annotations } = set.metadata;
  const data = templatePatch(set.spec.template);
  const hash = revisionHash(data, collisions);
  return {
    metadata: {
      name: revisionName(name, hash),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(set, 'apps/v1', 'StatefulSet')],
    },
    data,
    revision: number,
  };
}

/** The oldest revisions beyond the history limit that nothing is of any more. `live`: the names of those that the set has and goes to. */
export function outlived(
  { spec }: StatefulSet,
  revisions: readonly ControllerRevision[],
  live: readonly string[],
  pods: readonly Pod[],
): readonly ControllerRevision[] {
  const used = new Set([...live, ...pods.map(({ metadata }) => metadata.labels?.[revisionLabel])]);
  const idle = [...revisions].sort(byRevision).filter(({ metadata }) => !used.has(metadata.name));
  return idle.slice(0, Math.max(0, idle.length - (spec.revisionHistoryLimit ?? 10)));
}
