// Owns the list of the apps group's rules, kind by kind.
import { podSpecWarnings } from '../core/pod-warnings.ts';
import type { PodTemplateSpec } from '../core/v1.ts';
import { sameValue } from '../equal.ts';
import { type GroupRules, onType, onTypes, withoutGeneration } from '../kind-rules.ts';
import { nameCheck } from '../meta/object-meta-validation.ts';
import { dnsLabelErrors } from '../names.ts';
import { defaultDaemonSet, defaultDeployment, defaultReplicaSet, defaultStatefulSet } from './apps-defaults.ts';
import {
  daemonSetCauses,
  daemonSetUpdateCauses,
  deploymentCauses,
  deploymentUpdateCauses,
  replicaSetCauses,
  replicaSetUpdateCauses,
  statefulSetCauses,
  statefulSetUpdateCauses,
} from './apps-validation.ts';
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

interface Templated {
  readonly spec?: { readonly template?: PodTemplateSpec };
}

/** Warnings about the template, where it is new. */
function templateWarnings(object: unknown, old?: unknown): readonly string[] {
  const template = (object as Templated).spec?.template;
  if (template?.spec === undefined || (old !== undefined && sameValue(template, (old as Templated).spec?.template))) return [];
  return podSpecWarnings(template.spec, template.metadata ?? {}, 'spec.template.');
}

/** The rules of the group's kinds, by kind. */
export const appsRules: GroupRules = {
  Deployment: {
    warnings: templateWarnings,
    default: onType<Deployment>(defaultDeployment),
    validate: (object) => deploymentCauses(object as unknown as Deployment),
    validateUpdate: (next, old) => deploymentUpdateCauses(next as unknown as Deployment, old as unknown as Deployment),
    generation: ({ spec, metadata }) => ({ spec, annotations: metadata.annotations }),
    prepareForStatusUpdate: (next, old) => {
      const { labels: _labels, ...metadata } = next.metadata;
      return { ...next, metadata: { ...metadata, ...(old.metadata.labels === undefined ? {} : { labels: old.metadata.labels }) } };
    },
  },
  ReplicaSet: {
    warnings: templateWarnings,
    default: onType<ReplicaSet>(defaultReplicaSet),
    validate: (object) => replicaSetCauses(object as unknown as ReplicaSet),
    validateUpdate: (next, old) => replicaSetUpdateCauses(next as unknown as ReplicaSet, old as unknown as ReplicaSet),
  },
  StatefulSet: {
    warnings: templateWarnings,
    default: onType<StatefulSet>(defaultStatefulSet),
    nameErrors: nameCheck(dnsLabelErrors),
    validate: (object) => statefulSetCauses(object as unknown as StatefulSet),
    validateUpdate: (next, old) => statefulSetUpdateCauses(next as unknown as StatefulSet, old as unknown as StatefulSet),
  },
  DaemonSet: {
    warnings: templateWarnings,
    // The count is there before anybody looks at who set what, so that whoever writes a DaemonSet owns it.
    default: onType<DaemonSet>((set) => withTemplateGeneration(defaultDaemonSet(set), templateGenerationOf(set))),
    validate: (object) => daemonSetCauses(object as unknown as DaemonSet),
    validateUpdate: (next, old) => daemonSetUpdateCauses(next as unknown as DaemonSet, old as unknown as DaemonSet),
    prepareForCreate: onType<DaemonSet>((set) => withTemplateGeneration(set, Math.max(1, templateGenerationOf(set)))),
    prepareForUpdate: onTypes<DaemonSet>((next, old) => {
      const changed = !sameValue(next.spec.template, old.spec.template);
      return withTemplateGeneration(next, templateGenerationOf(old) + (changed ? 1 : 0));
    }),
  },
  ControllerRevision: withoutGeneration,
};
