// Owns the validation of autoscalers; the metrics' is beside it.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { type Causes, checkNotNegative, checkPositive } from '../field-checks.ts';
import type { StatusCause } from '../meta/v1.ts';
import { formatQuantity, parseQuantity } from '../quantity.ts';
import { checkMetric, checkScaleReference } from './metric-validation.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules } from './v2.ts';

const longestPeriod = 1800;
const longestWindow = 3600;
const choices = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];

function checkScaling(rules: HPAScalingRules | undefined, at: string, out: Causes): void {
  if (rules === undefined) return;
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const atWindow = `${at}.stabilizationWindowSeconds`;
  if (window !== undefined && window < 0) out.push(invalidValue(atWindow, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > longestWindow)
    out.push(invalidValue(atWindow, window, `must be less than or equal to ${longestWindow}`));
  if (selectPolicy !== undefined && !choices.includes(selectPolicy)) out.push(notSupported(`${at}.selectPolicy`, selectPolicy, choices));
  if (policies.length === 0) out.push(required(`${at}.policies`, 'must specify at least one Policy'));
  for (const [index, { type, value, periodSeconds }] of policies.entries()) {
    const here = `${at}.policies[${index}]`;
    if (!policyTypes.includes(type)) out.push(notSupported(`${here}.type`, type ?? '', policyTypes));
    checkPositive(value ?? 0, `${here}.value`, out);
    checkPositive(periodSeconds ?? 0, `${here}.periodSeconds`, out);
    if (periodSeconds > longestPeriod)
      out.push(invalidValue(`${here}.periodSeconds`, periodSeconds, `must be less than or equal to ${longestPeriod}`));
  }
  if (tolerance !== undefined && parseQuantity(tolerance).nano < 0n)
    out.push(invalidValue(`${at}.tolerance`, formatQuantity(parseQuantity(tolerance)), 'must be greater or equal to zero'));
}

function checkSpec({ spec }: HorizontalPodAutoscaler, least: number, out: Causes): void {
  const { minReplicas: min, maxReplicas: max = 0, scaleTargetRef: target, metrics = [], behavior } = spec;
  if (min !== undefined && min < least) out.push(invalidValue('spec.minReplicas', min, `must be greater than or equal to ${least}`));
  if (max === 0) out.push(required('spec.maxReplicas', 'must be set and greater than 0'));
  else if (max < 1) out.push(invalidValue('spec.maxReplicas', max, 'must be greater than 0'));
  if (min !== undefined && max < min) out.push(invalidValue('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  checkScaleReference(target ?? {}, 'spec.scaleTargetRef', out);
  const version = target?.apiVersion ?? '';
  if (!/^[^/]+\/[^/]+$/.test(version))
    out.push(invalidValue('spec.scaleTargetRef.apiVersion', version, 'apiVersion must specify API group'));
  for (const [index, metric] of metrics.entries()) checkMetric(metric, `spec.metrics[${index}]`, out);
  if (min === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
    out.push(forbiddenValue('spec.metrics', why));
  }
  checkScaling(behavior?.scaleUp, 'spec.behavior.scaleUp', out);
  checkScaling(behavior?.scaleDown, 'spec.behavior.scaleDown', out);
}

/** Complaints about a new autoscaler beyond its metadata. */
export function autoscalerCauses(autoscaler: HorizontalPodAutoscaler): StatusCause[] {
  const out: Causes = [];
  checkSpec(autoscaler, 1, out);
  return out;
}

/** Complaints about a changed autoscaler: one that went down to zero already still may. */
export function autoscalerUpdateCauses(next: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler): StatusCause[] {
  const out: Causes = [];
  checkSpec(next, old.spec.minReplicas === 0 ? 0 : 1, out);
  return out;
}

/** Complaints about an autoscaler's status. */
export function autoscalerStatusCauses({ status }: HorizontalPodAutoscaler): StatusCause[] {
  const out: Causes = [];
  checkNotNegative(status?.currentReplicas, 'status.currentReplicas', out);
  checkNotNegative(status?.desiredReplicas, 'status.desiredReplicas', out);
  return out;
}
