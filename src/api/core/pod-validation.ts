// Owns the validation of pods: what a create may hold, what an update and a status update may change.
import { forbiddenValue, invalidValue, required } from '../causes.ts';
import { sameValue } from '../equal.ts';
import { type Causes, rangeMessage } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { checkTolerations } from './affinity-validation.ts';
import { checkPodAnnotations, checkPodAnnotationUpdate, checkProfileAgreement } from './pod-annotation-validation.ts';
import { checkPodSpec } from './pod-spec-validation.ts';
import type { Container, NodeAffinity, Pod, PodSpec, Toleration } from './v1.ts';

function checkOnlyPod(containers: readonly Container[] | undefined, at: string, out: Causes): void {
  for (const [index, { image = '' }] of (containers ?? []).entries())
    if (image.trim() !== image) out.push(invalidValue(`${at}[${index}].image`, image, 'must not have leading or trailing whitespace'));
}

function checkWhole(pod: Pod, out: Causes): void {
  checkPodAnnotations(pod.metadata.annotations ?? {}, pod.spec, 'metadata.annotations', out);
  checkPodSpec(pod.spec, pod.metadata, 'spec', out);
  checkOnlyPod(pod.spec.containers, 'spec.containers', out);
  checkOnlyPod(pod.spec.initContainers, 'spec.initContainers', out);
}

/** Complaints about a new pod beyond its metadata. */
export function podCreateCauses(pod: Pod): StatusCause[] {
  const out: Causes = [];
  checkWhole(pod, out);
  if ((pod.spec.ephemeralContainers ?? []).length > 0) out.push(forbiddenValue('spec.ephemeralContainers', 'cannot be set on create'));
  if (pod.spec.nodeName && (pod.spec.schedulingGates ?? []).length > 0)
    out.push(forbiddenValue('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  checkProfileAgreement(pod.metadata, pod.spec, 'spec', out);
  return out;
}

/** Images may change, containers may neither come nor go. Returns whether to stop here. */
function checkContainerUpdates(wanted: readonly Container[] | null, before: readonly Container[] | null, at: string, out: Causes): boolean {
  const [next, old] = [wanted ?? [], before ?? []];
  if (next.length !== old.length) {
    out.push(forbiddenValue(at, 'pod updates may not add or remove containers'));
    return true;
  }
  for (const [index, { image = '' }] of next.entries()) {
    if (image === '') out.push(required(`${at}[${index}].image`));
    if (image.trim() !== image) out.push(invalidValue(`${at}[${index}].image`, image, 'must not have leading or trailing whitespace'));
  }
  return false;
}

function checkDeadline(next: number | undefined, old: number | undefined, out: Causes): boolean {
  const at = 'spec.activeDeadlineSeconds';
  if (next === undefined) {
    if (old !== undefined) out.push(invalidValue(at, null, 'must not update from a positive integer to nil value'));
    return false;
  }
  if (next < 0 || next > 2 ** 31 - 1) out.push(invalidValue(at, next, rangeMessage(0, 2 ** 31 - 1)));
  else if (old !== undefined && old < next) out.push(invalidValue(at, next, 'must be less than or equal to previous value'));
  else return false;
  return true;
}

function checkAddedTolerations(next: readonly Toleration[], old: readonly Toleration[], out: Causes): void {
  const plain = ({ tolerationSeconds: _seconds, ...rest }: Toleration): unknown => rest;
  if (!old.every((one) => next.some((other) => sameValue(plain(one), plain(other)))))
    return void out.push(forbiddenValue('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  checkTolerations(next, 'spec.tolerations', out);
}

const required1 = 'requiredDuringSchedulingIgnoredDuringExecution';

/** What a gated pod may change about the nodes it may run on: only narrow it. Returns the spec with the allowed changes undone. */
function narrowed(next: PodSpec, old: PodSpec, out: Causes): PodSpec {
  const selector = next.nodeSelector ?? {};
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => selector[key] !== value))
    out.push(
      invalidValue(
        'spec.nodeSelector',
        next.nodeSelector ?? null,
        'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ),
    );
  const before = old.affinity?.nodeAffinity;
  if (!sameValue(before, next.affinity?.nodeAffinity)) checkNarrowedAffinity(next.affinity?.nodeAffinity, before, out);
  const { nodeSelector: _selector, affinity: _affinity, ...rest } = next;
  const { nodeAffinity: _nodes, ...others } = next.affinity ?? {};
  const affinity = { ...others, ...(before === undefined ? {} : { nodeAffinity: before }) };
  const keep = Object.keys(affinity).length > 0 || old.affinity !== undefined;
  return { ...rest, ...(old.nodeSelector === undefined ? {} : { nodeSelector: old.nodeSelector }), ...(keep ? { affinity } : {}) };
}

function checkNarrowedAffinity(next: NodeAffinity | undefined, old: NodeAffinity | undefined, out: Causes): void {
  const before = old?.[required1]?.nodeSelectorTerms ?? [];
  const after = next?.[required1]?.nodeSelectorTerms ?? [];
  const at = `spec.affinity.nodeAffinity.${required1}.nodeSelectorTerms`;
  if (before.length === 0) return;
  const go = (term: (typeof after)[number]): unknown => ({
    MatchExpressions:
      term.matchExpressions?.map(({ key, operator, values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ?? null,
    MatchFields: term.matchFields?.map(({ key, operator, values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ?? null,
  });
  if (before.length !== after.length)
    return void out.push(
      invalidValue(at, after.length === 0 ? null : after.map(go), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'),
    );
  for (const [index, term] of before.entries()) {
    const now = after[index] ?? {};
    const grown = (was: readonly unknown[] = [], is: readonly unknown[] = []): boolean =>
      (was.length > 0 || is.length === 0 || true) && was.length <= is.length && was.every((one, place) => sameValue(one, is[place]));
    const wasEmpty = (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0;
    const isEmpty = (now.matchExpressions ?? []).length + (now.matchFields ?? []).length === 0;
    if ((wasEmpty && !isEmpty) || !grown(term.matchExpressions, now.matchExpressions) || !grown(term.matchFields, now.matchFields))
      out.push(invalidValue(`${at}[${index}]`, go(now), 'only additions are allowed (no mutations or deletions)'));
  }
}

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

function withOldImages(next: readonly Container[] | null, old: readonly Container[] | null): readonly Container[] {
  return (next ?? []).map((container, index) => ({ ...container, image: old?.[index]?.image ?? '' }));
}

/** A spec with everything undone that an update may change. */
function withoutAllowedChanges(next: PodSpec, old: PodSpec): PodSpec {
  const { activeDeadlineSeconds: _deadline, schedulingGates: _gates, tolerations: _tolerations, ...rest } = next;
  const graceFixed = (old.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1;
  return {
    ...rest,
    containers: withOldImages(next.containers, old.containers),
    ...(next.initContainers === undefined ? {} : { initContainers: withOldImages(next.initContainers, old.initContainers ?? []) }),
    ...(old.activeDeadlineSeconds === undefined ? {} : { activeDeadlineSeconds: old.activeDeadlineSeconds }),
    ...(old.schedulingGates === undefined ? {} : { schedulingGates: old.schedulingGates }),
    ...(old.tolerations === undefined ? {} : { tolerations: old.tolerations }),
    ...(graceFixed ? { terminationGracePeriodSeconds: old.terminationGracePeriodSeconds } : {}),
  };
}

/** Complaints about a changed pod beyond the metadata's immutable fields. */
export function podUpdateCauses(next: Pod, old: Pod): StatusCause[] {
  const out: Causes = [];
  checkWhole(next, out);
  checkPodAnnotationUpdate(next.metadata.annotations ?? {}, old.metadata.annotations ?? {}, next.spec, out);
  if (checkContainerUpdates(next.spec.containers ?? [], old.spec.containers, 'spec.containers', out)) return out;
  if (checkContainerUpdates(next.spec.initContainers ?? [], old.spec.initContainers ?? [], 'spec.initContainers', out)) return out;
  if (checkDeadline(next.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds, out)) return out;
  checkAddedTolerations(next.spec.tolerations ?? [], old.spec.tolerations ?? [], out);
  const gates = new Set((old.spec.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (next.spec.schedulingGates ?? []).entries())
    if (!gates.has(name))
      out.push(forbiddenValue(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`));
  if (sameValue(next.spec, old.spec)) return out;
  const undone = withoutAllowedChanges(next.spec, old.spec);
  const rest = gates.size > 0 ? narrowed(undone, old.spec, out) : undone;
  if (!sameValue(rest, old.spec)) out.push(forbiddenValue('spec', `pod updates may not change fields other than ${updatable}`));
  return out;
}
