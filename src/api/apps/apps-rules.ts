// Owns the list of the apps group's rules, kind by kind.
import { templateWithoutDisabledFields } from '../core/disabled-fields.ts';
import { isNewlyAsked, podNameWarnings, templateWarnings } from '../core/pod-warnings.ts';
import type { PodTemplateSpec } from '../core/v1.ts';
import { claimSpecWarnings } from '../core/volume-warnings.ts';
import { sameValue } from '../equal.ts';
import { checksOf, type GroupRules, type OwnRules, onType, onTypes } from '../kind-rules.ts';
import { nameCheck } from '../meta/object-meta-validation.ts';
import { dnsLabelErrors } from '../names.ts';
import type { KubeObject } from '../object.ts';
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
import { revisionCauses, revisionUpdateCauses } from './revision-validation.ts';
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from './v1.ts';
import {
  daemonSetStatusCauses,
  deploymentStatusCauses,
  replicaSetStatusCauses,
  statefulSetStatusCauses,
} from './workload-status-validation.ts';

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

interface Templated extends KubeObject {
  readonly spec: { readonly template?: PodTemplateSpec };
}

/** Warnings about the template where it is new, and about a name that pods will have in theirs. */
function workloadWarnings(object: Templated, old?: Templated): readonly string[] {
  const named = old === undefined ? podNameWarnings(object.metadata.name) : [];
  return isNewlyAsked(object, old) ? [...named, ...templateWarnings(object.spec.template, 'spec.template')] : named;
}

function daemonSetWarnings(object: DaemonSet, old?: DaemonSet): readonly string[] {
  const same = old !== undefined && templateGenerationOf(object) === templateGenerationOf(old);
  return same ? [] : templateWarnings(object.spec.template, 'spec.template');
}

const keepsAll = 'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended';

/** What is said of claims and revisions is said on every update; upstream names a claim's spec in capitals there, and not at all on create. */
function statefulSetWarnings(object: StatefulSet, old?: StatefulSet): readonly string[] {
  const { template, volumeClaimTemplates = [], revisionHistoryLimit = 0 } = object.spec;
  const spec = old === undefined ? '' : '.Spec';
  return [
    ...(isNewlyAsked(object, old) ? templateWarnings(template, 'spec.template') : []),
    ...volumeClaimTemplates.flatMap((claim, index) => claimSpecWarnings(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}]${spec}`)),
    ...(revisionHistoryLimit < 0 ? [keepsAll] : []),
  ];
}

/** The object with its template freed of what is off by default. */
function trimmed<T extends Templated>(object: T): T {
  const { template } = object.spec;
  if (template === undefined) return object;
  const kept = templateWithoutDisabledFields(template);
  return kept.spec === template.spec ? object : { ...object, spec: { ...object.spec, template: kept } };
}

/** How many pods may be away while they are replaced one by one is off by default. */
function trimmedSet(set: StatefulSet): StatefulSet {
  const kept = trimmed(set);
  const strategy = kept.spec.updateStrategy;
  if (strategy?.rollingUpdate?.maxUnavailable === undefined) return kept;
  const { maxUnavailable: _off, ...rollingUpdate } = strategy.rollingUpdate;
  return { ...kept, spec: { ...kept.spec, updateStrategy: { ...strategy, rollingUpdate } } };
}

const trims: OwnRules = { prepareForCreate: onType<Templated>(trimmed), prepareForUpdate: onTypes<Templated>((next) => trimmed(next)) };

/** The rules of the group's kinds, by kind. */
export const appsRules: GroupRules = {
  Deployment: {
    metaOnUpdate: 'update',
    ...trims,
    default: onType<Deployment>(defaultDeployment),
    generation: ({ spec, metadata }) => ({ spec, annotations: metadata.annotations }),
    prepareForStatusUpdate: (next, old) => {
      const { labels: _labels, ...metadata } = next.metadata;
      return { ...next, metadata: { ...metadata, ...(old.metadata.labels === undefined ? {} : { labels: old.metadata.labels }) } };
    },
    ...checksOf<Deployment>({
      validate: deploymentCauses,
      validateUpdate: deploymentUpdateCauses,
      validateStatusUpdate: deploymentStatusCauses,
      warnings: workloadWarnings,
    }),
  },
  ReplicaSet: {
    metaOnUpdate: 'update',
    ...trims,
    default: onType<ReplicaSet>(defaultReplicaSet),
    ...checksOf<ReplicaSet>({
      validate: replicaSetCauses,
      validateUpdate: replicaSetUpdateCauses,
      validateStatusUpdate: replicaSetStatusCauses,
      warnings: workloadWarnings,
    }),
  },
  StatefulSet: {
    metaOnUpdate: 'update',
    prepareForCreate: onType<StatefulSet>(trimmedSet),
    prepareForUpdate: onTypes<StatefulSet>((next) => trimmedSet(next)),
    default: onType<StatefulSet>(defaultStatefulSet),
    nameErrors: nameCheck(dnsLabelErrors),
    ...checksOf<StatefulSet>({
      validate: statefulSetCauses,
      validateUpdate: statefulSetUpdateCauses,
      validateStatusUpdate: statefulSetStatusCauses,
      warnings: statefulSetWarnings,
    }),
  },
  DaemonSet: {
    // The count is there before anybody looks at who set what, so that whoever writes a DaemonSet owns it.
    default: onType<DaemonSet>((set) => withTemplateGeneration(defaultDaemonSet(set), templateGenerationOf(set))),
    prepareForCreate: onType<DaemonSet>((set) => withTemplateGeneration(trimmed(set), Math.max(1, templateGenerationOf(set)))),
    prepareForUpdate: onTypes<DaemonSet>((next, old) => {
      const kept = trimmed(next);
      const changed = !sameValue(kept.spec.template, old.spec.template);
      return withTemplateGeneration(kept, templateGenerationOf(old) + (changed ? 1 : 0));
    }),
    ...checksOf<DaemonSet>({
      validate: daemonSetCauses,
      validateUpdate: daemonSetUpdateCauses,
      validateStatusUpdate: daemonSetStatusCauses,
      warnings: daemonSetWarnings,
    }),
  },
  ControllerRevision: {
    generation: 'none',
    ...checksOf<ControllerRevision>({ validate: revisionCauses, validateUpdate: revisionUpdateCauses }),
  },
};
