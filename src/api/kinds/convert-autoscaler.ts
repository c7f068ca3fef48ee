// Owns what autoscaling/v1 cannot say of an autoscaling/v2 autoscaler: v1 keeps it in annotations, and v2 takes it back from there.
import type { ObjectMeta } from '../meta/v1.ts';
import type { AnyObject } from '../object.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './convert-autoscaler-metrics.ts';

type Fields = Readonly<Record<string, unknown>>;

const prefix = 'autoscaling.alpha.kubernetes.io/';
const metricsKey = `${prefix}metrics`;
const currentMetricsKey = `${prefix}current-metrics`;
const conditionsKey = `${prefix}conditions`;
const behaviorKey = `${prefix}behavior`;
const defaultCpuUtilization = 80;
const keys: readonly string[] = [metricsKey, currentMetricsKey, conditionsKey, behaviorKey];

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // What a person has broken by hand counts as not there, as upstream has it.
    return undefined;
  }
}

function withAnnotations(metadata: ObjectMeta, change: (annotations: Record<string, string>) => void): ObjectMeta {
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) if (!keys.includes(key)) annotations[key] = value;
  change(annotations);
  const { annotations: _, ...rest } = metadata;
  const sorted = Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)));
  return Object.keys(sorted).length === 0 ? rest : { ...rest, annotations: sorted };
}

const isCpu = (metric: Fields): boolean => metric['type'] === 'Resource' && fieldsOf(metric['resource'])['name'] === 'cpu';
const cpuUtilization = (metric: Fields, at: 'target' | 'current'): number | undefined =>
  isCpu(metric) ? (fieldsOf(fieldsOf(metric['resource'])[at])['averageUtilization'] as number | undefined) : undefined;

/** The behaviour as the annotation spells it: Go's own field names, absent values as null. */
function behaviorToAnnotation(behavior: Fields): string {
  const rules = (value: unknown): unknown => {
    if (value === undefined || value === null) return null;
    const { stabilizationWindowSeconds, selectPolicy, policies, tolerance } = fieldsOf(value);
    return {
      StabilizationWindowSeconds: stabilizationWindowSeconds ?? null,
      SelectPolicy: selectPolicy ?? null,
      Policies: Array.isArray(policies)
        ? listOf(policies).map((policy) => ({
            Type: policy['type'] ?? '',
            Value: policy['value'] ?? 0,
            PeriodSeconds: policy['periodSeconds'] ?? 0,
          }))
        : null,
      Tolerance: tolerance ?? null,
    };
  };
  return JSON.stringify({ ScaleUp: rules(behavior['scaleUp']), ScaleDown: rules(behavior['scaleDown']) });
}

function behaviorFromAnnotation(value: unknown): Fields | undefined {
  // Go reads field names whatever their case.
  const folded = (fields: unknown): Fields =>
    Object.fromEntries(Object.entries(fieldsOf(fields)).map(([key, entry]) => [key.toLowerCase(), entry]));
  const rules = (raw: unknown): Fields | undefined => {
    if (raw === undefined || raw === null) return undefined;
    const { stabilizationwindowseconds: window, selectpolicy, policies, tolerance } = folded(raw);
    return {
      ...(window === undefined || window === null ? {} : { stabilizationWindowSeconds: window }),
      ...(selectpolicy === undefined || selectpolicy === null ? {} : { selectPolicy: selectpolicy }),
      ...(Array.isArray(policies)
        ? {
            policies: policies
              .map(folded)
              .map((policy) => ({ type: policy['type'], value: policy['value'], periodSeconds: policy['periodseconds'] })),
          }
        : {}),
      ...(tolerance === undefined || tolerance === null ? {} : { tolerance }),
    };
  };
  if (typeof value !== 'object' || value === null) return undefined;
  const { scaleup, scaledown } = folded(value);
  const [up, down] = [rules(scaleup), rules(scaledown)];
  return { ...(up === undefined ? {} : { scaleUp: up }), ...(down === undefined ? {} : { scaleDown: down }) };
}

/** An autoscaling/v2 autoscaler as autoscaling/v1 shows it. */
export function autoscalerV1FromV2(object: AnyObject): AnyObject {
  const spec = fieldsOf(object['spec']);
  const status = fieldsOf(object['status']);
  const metrics = listOf(spec['metrics']);
  const current = listOf(status['currentMetrics']);
  const conditions = listOf(status['conditions']);
  const target = metrics.map((metric) => cpuUtilization(metric, 'target')).find((value) => value !== undefined);
  const observed = current.map((metric) => cpuUtilization(metric, 'current')).find((value) => value !== undefined);
  const others = metrics.filter((metric) => cpuUtilization(metric, 'target') === undefined);
  const otherStatus = current.filter((metric) => !isCpu(metric));
  const metadata = withAnnotations(object.metadata, (annotations) => {
    if (others.length > 0) annotations[metricsKey] = JSON.stringify(others.map(metricToV1));
    if (otherStatus.length > 0) annotations[currentMetricsKey] = JSON.stringify(otherStatus.map(metricStatusToV1));
    if (conditions.length > 0) annotations[conditionsKey] = JSON.stringify(conditions);
    if (spec['behavior'] !== undefined) annotations[behaviorKey] = behaviorToAnnotation(fieldsOf(spec['behavior']));
  });
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: {
      scaleTargetRef: spec['scaleTargetRef'],
      ...(spec['minReplicas'] === undefined ? {} : { minReplicas: spec['minReplicas'] }),
      maxReplicas: spec['maxReplicas'],
      ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }),
    },
    status: {
      ...(status['observedGeneration'] === undefined ? {} : { observedGeneration: status['observedGeneration'] }),
      ...(status['lastScaleTime'] === undefined ? {} : { lastScaleTime: status['lastScaleTime'] }),
      currentReplicas: status['currentReplicas'] ?? 0,
      desiredReplicas: status['desiredReplicas'] ?? 0,
      ...(observed === undefined ? {} : { currentCPUUtilizationPercentage: observed }),
    },
  };
}

/** An autoscaling/v1 autoscaler as autoscaling/v2, with what its annotations remember. */
export function autoscalerV2FromV1(object: AnyObject): AnyObject {
  const spec = fieldsOf(object['spec']);
  const status = fieldsOf(object['status']);
  const remembered = object.metadata.annotations ?? {};
  const target = spec['targetCPUUtilizationPercentage'];
  const observed = status['currentCPUUtilizationPercentage'];
  const others = listOf(parsed(remembered[metricsKey])).map(metricFromV1);
  // Without a word about metrics v1 means its default, which only this conversion can tell.
  const cpu = target ?? (others.length === 0 ? defaultCpuUtilization : undefined);
  const metrics = [
    ...others,
    ...(cpu === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } }]),
  ];
  const current = [
    ...listOf(parsed(remembered[currentMetricsKey])).map(metricStatusFromV1),
    ...(observed === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: observed } } }]),
  ];
  const conditions = listOf(parsed(remembered[conditionsKey]));
  const behavior = behaviorFromAnnotation(parsed(remembered[behaviorKey]));
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(object.metadata, () => {}),
    spec: {
      scaleTargetRef: spec['scaleTargetRef'],
      ...(spec['minReplicas'] === undefined ? {} : { minReplicas: spec['minReplicas'] }),
      maxReplicas: spec['maxReplicas'],
      metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: {
      ...(status['observedGeneration'] === undefined ? {} : { observedGeneration: status['observedGeneration'] }),
      ...(status['lastScaleTime'] === undefined ? {} : { lastScaleTime: status['lastScaleTime'] }),
      ...(status['currentReplicas'] === undefined || status['currentReplicas'] === 0 ? {} : { currentReplicas: status['currentReplicas'] }),
      desiredReplicas: status['desiredReplicas'] ?? 0,
      currentMetrics: current.length === 0 ? null : current,
      ...(conditions.length === 0 ? {} : { conditions }),
    },
  };
}
