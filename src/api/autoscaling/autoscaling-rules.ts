// Owns the defaults of horizontal autoscalers in both versions.
import { checksOf, type GroupRules, onType } from '../kind-rules.ts';
import { autoscalerCauses, autoscalerStatusCauses, autoscalerUpdateCauses } from './autoscaler-validation.ts';
import type { HorizontalPodAutoscaler as AutoscalerV1 } from './v1.ts';
import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec } from './v2.ts';

const percentPolicy = { type: 'Percent', value: 100, periodSeconds: 15 };
const upRules: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, percentPolicy],
};
const downRules: HPAScalingRules = { selectPolicy: 'Max', policies: [percentPolicy] };
const cpuMetric: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };

function defaultAutoscaler(autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { spec } = autoscaler;
  const metrics = (spec.metrics ?? []).length === 0 ? [cpuMetric] : spec.metrics;
  const behavior =
    spec.behavior === undefined
      ? {}
      : { behavior: { scaleUp: { ...upRules, ...spec.behavior.scaleUp }, scaleDown: { ...downRules, ...spec.behavior.scaleDown } } };
  return { ...autoscaler, spec: { ...spec, minReplicas: spec.minReplicas ?? 1, metrics, ...behavior } };
}

function defaultAutoscalerV1(autoscaler: AutoscalerV1): AutoscalerV1 {
  return { ...autoscaler, spec: { ...autoscaler.spec, minReplicas: autoscaler.spec.minReplicas ?? 1 } };
}

/** The rules of the group's kinds, by kind. */
export const autoscalingRules: GroupRules = {
  'HorizontalPodAutoscaler/v2': {
    generation: 'none',
    metaOnUpdate: 'update',
    default: onType(defaultAutoscaler),
    ...checksOf<HorizontalPodAutoscaler>({
      validate: autoscalerCauses,
      validateUpdate: autoscalerUpdateCauses,
      validateStatusUpdate: autoscalerStatusCauses,
    }),
  },
  'HorizontalPodAutoscaler/v1': { generation: 'none', default: onType(defaultAutoscalerV1) },
};
