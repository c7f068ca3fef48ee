// Owns what creating, updating and deleting a pod means beyond what it means for any kind.
import type { GracefulDeletion, OwnRules } from '../kind-rules.ts';
import type { DeleteOptions, LabelSelector } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';
import { withAppArmor } from './app-armor.ts';
import { withoutDisabledFields } from './disabled-fields.ts';
import { defaultPod, qosClassOf } from './pod-defaults.ts';
import { podStatusCauses } from './pod-status-validation.ts';
import { podCreateCauses, podUpdateCauses } from './pod-validation.ts';
import { podNameWarnings, podSpecWarnings } from './pod-warnings.ts';
import type { Affinity, Pod, PodAffinityTerm, PodCondition, PodSpec, PodStatus, TopologySpreadConstraint } from './v1.ts';

type Labels = Readonly<Record<string, string>>;

function withKeys(selector: LabelSelector, keys: readonly string[], operator: 'In' | 'NotIn', labels: Labels): LabelSelector {
  const added = keys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  return added.length === 0 ? selector : { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] };
}

function expandTerm(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (labelSelector === undefined || matchLabelKeys.length + mismatchLabelKeys.length === 0) return term;
  return { ...term, labelSelector: withKeys(withKeys(labelSelector, matchLabelKeys, 'In', labels), mismatchLabelKeys, 'NotIn', labels) };
}

function expandAffinity(affinity: Affinity, labels: Labels): Affinity {
  const expanded = { ...affinity };
  for (const sort of ['podAffinity', 'podAntiAffinity'] as const) {
    const terms = affinity[sort];
    if (terms === undefined) continue;
    const { requiredDuringSchedulingIgnoredDuringExecution: must, preferredDuringSchedulingIgnoredDuringExecution: should } = terms;
    expanded[sort] = {
      ...terms,
      ...(must === undefined ? {} : { requiredDuringSchedulingIgnoredDuringExecution: must.map((term) => expandTerm(term, labels)) }),
      ...(should === undefined
        ? {}
        : {
            preferredDuringSchedulingIgnoredDuringExecution: should.map((one) => ({
              ...one,
              podAffinityTerm: expandTerm(one.podAffinityTerm, labels),
            })),
          }),
    };
  }
  return expanded;
}

function expandSpread(constraint: TopologySpreadConstraint, labels: Labels): TopologySpreadConstraint {
  const { labelSelector, matchLabelKeys = [] } = constraint;
  if (labelSelector === undefined || matchLabelKeys.length === 0) return constraint;
  return { ...constraint, labelSelector: withKeys(labelSelector, matchLabelKeys, 'In', labels) };
}

/** Label keys become part of the selectors, so that later changes of the labels do not move the pod's own terms. */
function expandLabelKeys(spec: PodSpec, labels: Labels): PodSpec {
  if (spec.affinity === undefined && spec.topologySpreadConstraints === undefined) return spec;
  return {
    ...spec,
    ...(spec.affinity === undefined ? {} : { affinity: expandAffinity(spec.affinity, labels) }),
    ...(spec.topologySpreadConstraints === undefined
      ? {}
      : { topologySpreadConstraints: spec.topologySpreadConstraints.map((one) => expandSpread(one, labels)) }),
  };
}

function firstStatus(pod: Pod): PodStatus {
  const gated: PodCondition = {
    type: 'PodScheduled',
    status: 'False',
    lastProbeTime: null as unknown as string,
    lastTransitionTime: (pod.metadata.creationTimestamp ?? null) as string,
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
  };
  const conditions = (pod.spec.schedulingGates ?? []).length > 0 ? { conditions: [gated] } : {};
  return { phase: 'Pending', ...conditions, qosClass: qosClassOf(pod.spec) };
}

/** Grace for a pod: what was asked for, else what its spec says; none for one that is on no node or has ended. */
function gracefulPodDelete(object: AnyObject, options: DeleteOptions): GracefulDeletion {
  const { spec, status } = object as unknown as Pod;
  const asked = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
  const gone = !spec.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded';
  return { graceSeconds: gone ? 0 : asked < 0 ? 1 : asked };
}

function podWarnings(pod: Pod): readonly string[] {
  return [...podNameWarnings(pod.metadata.name, "the Pod's hostname"), ...podSpecWarnings(pod.spec, pod.metadata, '')];
}

/** The rules of pods. */
export const podRules: OwnRules = {
  default: (object) => defaultPod(object as unknown as Pod) as unknown as AnyObject,
  prepareForCreate(object) {
    const { pod } = withAppArmor(object as unknown as Pod);
    const spec = expandLabelKeys(withoutDisabledFields(pod.spec), pod.metadata.labels ?? {});
    const prepared: Pod = { ...pod, spec, status: firstStatus(pod) };
    return prepared as unknown as AnyObject;
  },
  earlyWarnings: (object) => withAppArmor(object as unknown as Pod).warnings,
  prepareForStatusUpdate(next, old) {
    const status = (next as unknown as Pod).status ?? {};
    const before = (old as unknown as Pod).status;
    return { ...next, status: { ...status, qosClass: status.qosClass ?? before?.qosClass } };
  },
  validate: (object) => podCreateCauses(object as unknown as Pod),
  validateUpdate: (next, old) => podUpdateCauses(next as unknown as Pod, old as unknown as Pod),
  validateStatusUpdate: (next, old) => podStatusCauses(next as unknown as Pod, old as unknown as Pod),
  warnings: (object, old) => (old === undefined ? podWarnings(object as unknown as Pod) : []),
  gracefulDelete: gracefulPodDelete,
};
