// Owns the validation of pod templates and of what every kind that runs pods from one has in common.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkNotNegative } from '../field-checks.ts';
import { annotationCauses, labelCauses } from '../meta/object-meta-validation.ts';
import type { LabelSelector, StatusCause } from '../meta/v1.ts';
import { labelSelectorOf, labelSetSelector, SelectorError } from '../selectors/label-selector.ts';
import { checkPodAnnotations, checkProfileAgreement } from './pod-annotation-validation.ts';
import { checkPodSpec } from './pod-spec-validation.ts';
import type { PodTemplateSpec, ReplicationController } from './v1.ts';

/** A template. */
export function checkTemplate(template: PodTemplateSpec | undefined, at: string, out: Causes): void {
  if (template === undefined) return void out.push(required(at));
  out.push(
    ...labelCauses(template.metadata?.labels, `${at}.labels`),
    ...annotationCauses(template.metadata?.annotations, `${at}.annotations`),
  );
  checkPodAnnotations(template.metadata?.annotations ?? {}, template.spec ?? { containers: [] }, `${at}.annotations`, out);
  if (template.spec === undefined) return void out.push(required(`${at}.spec.containers`));
  checkPodSpec(template.spec, undefined, `${at}.spec`, out);
  checkProfileAgreement(template.metadata ?? {}, template.spec, `${at}.spec`, out);
  if ((template.spec.ephemeralContainers ?? []).length > 0)
    out.push(forbiddenValue(`${at}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
}

/** Templates of what runs for good: pods are always restarted and have no deadline. `kind` names the kind in the refusal. */
export function checkLastingTemplate(template: PodTemplateSpec | undefined, kind: string, at: string, out: Causes): void {
  checkTemplate(template, at, out);
  checkLasting(template, kind, at, out);
}

/** How long the pods of a template live: restarted for ever, without a deadline. */
export function checkLasting(template: PodTemplateSpec | undefined, kind: string, at: string, out: Causes): void {
  const policy = template?.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always') out.push(notSupported(`${at}.spec.restartPolicy`, policy, ['Always']));
  if (kind !== '' && template?.spec?.activeDeadlineSeconds !== undefined)
    out.push(forbiddenValue(`${at}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
}

/** The labels of a template must be among those that the selector selects. */
export function checkSelected(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined, at: string, out: Causes): void {
  const labels = template?.metadata?.labels;
  let selected = false;
  try {
    const matcher = labelSelectorOf(selector);
    selected = matcher.everything || matcher.matches(labels);
  } catch (error) {
    if (error instanceof SelectorError) return;
    throw error;
  }
  if (!selected) out.push(invalidValue(`${at}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`'));
}

/** Complaints about a replication controller beyond its metadata. */
export function controllerCauses({ spec = {} }: ReplicationController): StatusCause[] {
  const out: Causes = [];
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', out);
  const empty = Object.keys(spec.selector ?? {}).length === 0;
  if (empty) out.push(required('spec.selector'));
  checkNotNegative(spec.replicas, 'spec.replicas', out);
  if (spec.template === undefined) return [...out, required('spec.template')];
  if (!empty && !labelSetSelector(spec.selector).matches(spec.template.metadata?.labels))
    out.push(
      invalidValue('spec.template.metadata.labels', spec.template.metadata?.labels ?? null, '`selector` does not match template `labels`'),
    );
  checkLastingTemplate(spec.template, 'ReplicationController', 'spec.template', out);
  return out;
}
