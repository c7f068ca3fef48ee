// Owns the list of the apps group's rules, kind by kind.
import { sameValue } from '../equal.ts';
import { type GroupRules, onType, onTypes, withoutGeneration } from '../kind-rules.ts';
import { defaultDaemonSet, defaultDeployment, defaultReplicaSet, defaultStatefulSet } from './apps-defaults.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from './v1.ts';

const templateGeneration = 'deprecated.daemonset.template.generation';

/** The count of template changes, which DaemonSets keep in an annotation. */
function withTemplateGeneration(set: DaemonSet, generation: number): DaemonSet {
  const annotations = Object.entries({ ...set.metadata.annotations, [templateGeneration]: `${generation}` }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return { ...set, metadata: { ...set.metadata, annotations: Object.fromEntries(annotations) } };
}

function templateGenerationOf(set: DaemonSet): number {
  return Number(set.metadata.annotations?.[templateGeneration] ?? 0) || 0;
}

export const appsRules: GroupRules = {
  Deployment: { default: onType<Deployment>(defaultDeployment) },
  ReplicaSet: { default: onType<ReplicaSet>(defaultReplicaSet) },
  StatefulSet: { default: onType<StatefulSet>(defaultStatefulSet) },
  DaemonSet: {
    default: onType<DaemonSet>(defaultDaemonSet),
    prepareForCreate: onType<DaemonSet>((set) => withTemplateGeneration(set, Math.max(1, templateGenerationOf(set)))),
    prepareForUpdate: onTypes<DaemonSet>((next, old) => {
      const changed = !sameValue(next.spec.template, old.spec.template);
      return withTemplateGeneration(next, templateGenerationOf(old) + (changed ? 1 : 0));
    }),
  },
  ControllerRevision: withoutGeneration,
};
