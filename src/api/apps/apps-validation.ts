// Owns the validation of Deployments, ReplicaSets, DaemonSets and StatefulSets.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { checkClaimSpec } from '../core/claim-validation.ts';
import { checkPodAnnotations } from '../core/pod-annotation-validation.ts';
import { checkLasting, checkLastingTemplate, checkSelected } from '../core/template-validation.ts';
import { sameValue } from '../equal.ts';
import { type Causes, checkDnsLabel, checkLabelSelector, checkNotNegative, checkShare, checkUnderWhole } from '../field-checks.ts';
import { annotationCauses, immutable, labelCauses } from '../meta/object-meta-validation.ts';
import type { LabelSelector, StatusCause } from '../meta/v1.ts';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from './v1.ts';

type Share = number | string;

function isEmpty(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}

function checkSelector(selector: LabelSelector | undefined, kind: string, out: Causes): void {
  if (selector === undefined || selector === null) return void out.push(required('spec.selector'));
  checkLabelSelector(selector, 'spec.selector', out);
  if (isEmpty(selector)) out.push(invalidValue('spec.selector', {}, `empty selector is invalid for ${kind}`));
}

/** What is neither a percentage nor a number counts as none. */
function isZero(share: Share): boolean {
  if (typeof share === 'number') return share === 0;
  const count = /^([0-9]+)%$/.exec(share)?.[1] ?? (/^[+-]?[0-9]+$/.test(share) ? share : '0');
  return Number(count) === 0;
}

function checkDeploymentStrategy(deployment: Deployment, out: Causes): void {
  const at = 'spec.strategy';
  const { type = '', rollingUpdate } = deployment.spec.strategy ?? {};
  if (type === 'Recreate') {
    if (rollingUpdate !== undefined)
      out.push(forbiddenValue(`${at}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (type === 'RollingUpdate') {
    const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
    checkShare(maxUnavailable, `${at}.rollingUpdate.maxUnavailable`, out);
    checkShare(maxSurge, `${at}.rollingUpdate.maxSurge`, out);
    if (isZero(maxUnavailable) && isZero(maxSurge))
      out.push(invalidValue(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
    checkUnderWhole(maxUnavailable, `${at}.rollingUpdate.maxUnavailable`, out);
  } else out.push(notSupported(at, { Type: type, RollingUpdate: null }, ['Recreate', 'RollingUpdate']));
}

/** Complaints about a deployment beyond its metadata. */
export function deploymentCauses(deployment: Deployment): StatusCause[] {
  const out: Causes = [];
  const { spec } = deployment;
  checkNotNegative(spec.replicas, 'spec.replicas', out);
  checkSelector(spec.selector, 'deployment', out);
  checkReplicated(spec, out);
  checkDeploymentStrategy(deployment, out);
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', out);
  checkNotNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', out);
  const deadline = spec.progressDeadlineSeconds;
  checkNotNegative(deadline, 'spec.progressDeadlineSeconds', out);
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0))
    out.push(invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  return out;
}

function isReadable(causes: Causes): boolean {
  return causes.every(({ field }) => field === undefined || !field.startsWith('spec.selector.'));
}

/** The template of what becomes ReplicaSets; it is not looked at where the selector, which was judged before, cannot be read. */
function checkReplicated({ selector, template }: Deployment['spec'] | ReplicaSet['spec'], out: Causes): void {
  if (!isReadable(out)) return void out.push(invalidValue('spec.selector', selector, 'invalid label selector'));
  if (selector === undefined || selector === null) mismatch(template?.metadata?.labels, out);
  else checkSelected(selector, template, 'spec.template', out);
  checkLastingTemplate(template, 'ReplicaSet', 'spec.template', out);
}

/** A missing selector selects nothing, so that no labels fit. */
function mismatch(labels: Readonly<Record<string, string>> | undefined, out: Causes): Causes {
  out.push(invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'));
  return [];
}

function sameSelector(next: LabelSelector | undefined, old: LabelSelector | undefined): StatusCause[] {
  return sameValue(next, old) ? [] : [invalidValue('spec.selector', next ?? null, immutable)];
}

/** Complaints about a change of a deployment beyond the metadata's immutable fields. */
export function deploymentUpdateCauses(next: Deployment, old: Deployment): StatusCause[] {
  return [...deploymentCauses(next), ...sameSelector(next.spec.selector, old.spec.selector)];
}

/** Complaints about a replica set beyond its metadata. */
export function replicaSetCauses({ spec }: ReplicaSet): StatusCause[] {
  const out: Causes = [];
  checkNotNegative(spec.replicas, 'spec.replicas', out);
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', out);
  checkSelector(spec.selector, 'deployment', out);
  checkReplicated(spec, out);
  return out;
}

/** Complaints about a change of a replica set beyond the metadata's immutable fields. */
export function replicaSetUpdateCauses(next: ReplicaSet, old: ReplicaSet): StatusCause[] {
  return [...replicaSetCauses(next), ...sameSelector(next.spec.selector, old.spec.selector)];
}

/** Complaints about a daemon set beyond its metadata. */
export function daemonSetCauses({ spec }: DaemonSet): StatusCause[] {
  const out: Causes = [];
  checkLabelSelector(spec.selector, 'spec.selector', out);
  if (spec.selector === undefined || spec.selector === null) mismatch(spec.template?.metadata?.labels, out);
  else {
    checkSelected(spec.selector, spec.template, 'spec.template', out);
    if (isEmpty(spec.selector)) out.push(invalidValue('spec.selector', {}, 'empty selector is invalid for daemonset'));
  }
  checkLastingTemplate(spec.template, 'DaemonSet', 'spec.template', out);
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', out);
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const at = 'spec.updateStrategy';
  if (type === 'RollingUpdate') {
    if (rollingUpdate === undefined) out.push(required(`${at}.rollingUpdate`));
    else {
      const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
      const here = `${at}.rollingUpdate`;
      checkShare(maxUnavailable, `${here}.maxUnavailable`, out);
      checkUnderWhole(maxUnavailable, `${here}.maxUnavailable`, out);
      checkShare(maxSurge, `${here}.maxSurge`, out);
      checkUnderWhole(maxSurge, `${here}.maxSurge`, out);
      if (!isZero(maxUnavailable) && !isZero(maxSurge))
        out.push(invalidValue(`${here}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
      if (isZero(maxUnavailable) && isZero(maxSurge)) out.push(required(`${here}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
    }
  } else if (type !== 'OnDelete') out.push(notSupported(at, { Type: type, RollingUpdate: null }, ['RollingUpdate', 'OnDelete']));
  checkNotNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', out);
  return out;
}

/** Complaints about a changed daemon set. Upstream checks the whole of it as on a create, and once more as part of the change. */
export function daemonSetUpdateCauses(next: DaemonSet, old: DaemonSet): StatusCause[] {
  const causes = daemonSetCauses(next);
  return [...causes, ...causes, ...sameSelector(next.spec.selector, old.spec.selector)];
}

function goRolling(rolling: NonNullable<StatefulSet['spec']['updateStrategy']>['rollingUpdate']): unknown {
  return rolling === undefined ? null : { Partition: rolling.partition ?? 0, MaxUnavailable: rolling.maxUnavailable ?? null };
}

function checkStatefulStrategy({ spec }: StatefulSet, out: Causes): void {
  const at = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  if (type === '') out.push(required(at));
  else if (type === 'OnDelete') {
    if (rollingUpdate !== undefined)
      out.push(invalidValue(`${at}.rollingUpdate`, goRolling(rollingUpdate), "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (type === 'RollingUpdate') {
    checkNotNegative(rollingUpdate?.partition, `${at}.rollingUpdate.partition`, out);
    const unavailable = rollingUpdate?.maxUnavailable;
    if (unavailable !== undefined) checkShare(unavailable, `${at}.rollingUpdate.maxUnavailable`, out);
  } else out.push(invalidValue(at, { Type: type, RollingUpdate: goRolling(rollingUpdate) }, "must be 'RollingUpdate' or 'OnDelete'"));
}

/** Complaints about a stateful set beyond its metadata. */
export function statefulSetCauses(set: StatefulSet): StatusCause[] {
  const out: Causes = [];
  const { spec } = set;
  const policy = spec.podManagementPolicy ?? '';
  if (policy === '') out.push(required('spec.podManagementPolicy'));
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    out.push(invalidValue('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  checkStatefulStrategy(set, out);
  for (const field of ['whenDeleted', 'whenScaled'] as const) {
    const value = spec.persistentVolumeClaimRetentionPolicy?.[field];
    if (value !== undefined && value !== 'Retain' && value !== 'Delete')
      out.push(notSupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, value, ['Retain', 'Delete']));
  }
  checkNotNegative(spec.replicas, 'spec.replicas', out);
  checkNotNegative(spec.minReadySeconds, 'spec.minReadySeconds', out);
  checkNotNegative(spec.ordinals?.start, 'spec.ordinals.start', out);
  if (spec.serviceName) checkDnsLabel(spec.serviceName, 'spec.serviceName', out);
  checkSelector(spec.selector, 'statefulset', out);
  checkStatefulTemplate(set, out);
  for (const [index, claim] of (spec.volumeClaimTemplates ?? []).entries())
    checkClaimSpec(claim.spec ?? {}, `spec.volumeClaimTemplates[${index}].spec`, out);
  return out;
}

/** The template; of one whose selector cannot be read only how long its pods live. */
function checkStatefulTemplate(set: StatefulSet, out: Causes): void {
  const { selector, template } = set.spec;
  if (!isReadable(out)) {
    out.push(invalidValue('spec.selector', selector, ''));
    return checkLasting(template, 'StatefulSet', 'spec.template', out);
  }
  if (selector === undefined || selector === null) mismatch(template?.metadata?.labels, out);
  else checkSelected(selector, template, 'spec.template', out);
  checkLastingTemplate(withClaimVolumes(set), 'StatefulSet', 'spec.template', out);
  // Upstream looks at the labels and annotations once more.
  const { labels, annotations = {} } = template?.metadata ?? {};
  out.push(...labelCauses(labels, 'spec.template.labels'), ...annotationCauses(annotations, 'spec.template.annotations'));
  checkPodAnnotations(annotations, template?.spec ?? { containers: [] }, 'spec.template.annotations', out);
}

/** The template with the volumes that its claims will become, so that containers may mount them. */
function withClaimVolumes({ spec }: StatefulSet): StatefulSet['spec']['template'] {
  const { template, volumeClaimTemplates = [] } = spec;
  if (template?.spec === undefined || volumeClaimTemplates.length === 0) return template;
  const claims = volumeClaimTemplates.map(({ metadata }) => ({
    name: metadata?.name ?? '',
    persistentVolumeClaim: { claimName: metadata?.name ?? '' },
  }));
  const names = new Set(claims.map(({ name }) => name));
  return {
    ...template,
    spec: { ...template.spec, volumes: [...claims, ...(template.spec.volumes ?? []).filter(({ name }) => !names.has(name))] },
  };
}

const changeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

/** Complaints about a change of a stateful set beyond the metadata's immutable fields. */
export function statefulSetUpdateCauses(next: StatefulSet, old: StatefulSet): StatusCause[] {
  const fixed = ({ spec }: StatefulSet): unknown =>
    Object.fromEntries(Object.entries(spec).filter(([field]) => !changeable.includes(field)));
  const out = statefulSetCauses(next);
  if (sameValue(fixed(next), fixed(old))) return out;
  const list = `${changeable
    .slice(0, -1)
    .map((field) => `'${field}'`)
    .join(', ')} and '${changeable.at(-1)}'`;
  return [...out, forbiddenValue('spec', `updates to statefulset spec for fields other than ${list} are forbidden`)];
}
