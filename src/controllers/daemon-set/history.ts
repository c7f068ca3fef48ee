// Owns a DaemonSet's revisions: which is the present one, what it is to be numbered, which are too many. Pure.
import type { ControllerRevision, DaemonSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Draft } from '../../api/object.ts';
import { controllerReference } from '../ownership.ts';
import { byRevision, sameRevision, templatePatch } from '../revisions/revision.ts';
import { templateHash } from '../revisions/template-hash.ts';
import { hashLabel } from './placement.ts';

/** The revisions apart. `present`: of the present template, the newest; `twice`: others of it; `number`: what it must be numbered at least. */
export interface History {
  readonly present: ControllerRevision | undefined;
  readonly twice: readonly ControllerRevision[];
  readonly old: readonly ControllerRevision[];
  readonly number: number;
}

export function historyOf({ spec }: DaemonSet, revisions: readonly ControllerRevision[]): History {
  const wanted = { data: templatePatch(spec.template) };
  const sorted = [...revisions].sort(byRevision);
  const same = sorted.filter((one) => sameRevision(one, wanted));
  const old = sorted.filter((one) => !same.includes(one));
  return { present: same.at(-1), twice: same.slice(0, -1), old, number: (old.at(-1)?.revision ?? 0) + 1 };
}

/** A new revision of the present template. */
export function newRevision(set: DaemonSet, number: number): Draft<ControllerRevision> {
  const { namespace, name, annotations } = set.metadata;
  const hash = templateHash(set.spec.template, set.status?.collisionCount);
  return {
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(set, 'apps/v1', 'DaemonSet')],
    },
    data: templatePatch(set.spec.template),
    revision: number,
  };
}

/** The oldest of the old revisions beyond the history limit of which there are no pods. */
export function outlived({ spec }: DaemonSet, old: readonly ControllerRevision[], pods: readonly Pod[]): readonly ControllerRevision[] {
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[hashLabel]));
  const surplus = Math.max(0, old.length - (spec.revisionHistoryLimit ?? 10));
  return old.filter(({ metadata }) => !live.has(metadata.labels?.[hashLabel])).slice(0, surplus);
}
