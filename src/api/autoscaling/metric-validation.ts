// Owns the validation of the metrics that an autoscaler looks at.
import { forbiddenValue, invalidValue, notSupported, required } from '../causes.ts';
import { checkContainerResourceName } from '../core/resources-validation.ts';
import { type Causes, checkDnsLabel, checkName } from '../field-checks.ts';
import { pathSegmentErrors } from '../names.ts';
import { parseQuantity } from '../quantity.ts';
import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec, MetricTarget } from './v2.ts';

const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const targetTypes = ['Utilization', 'Value', 'AverageValue'];
/** In the order in which upstream looks for them; only the first is looked into. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
const bothTargets = 'may not set both a target raw value and a target utilization';

/** What is scaled, or what a metric is about. */
export function checkScaleReference({ kind = '', name = '' }: CrossVersionObjectReference, at: string, out: Causes): void {
  for (const [field, value] of [['kind', kind] as const, ['name', name] as const])
    if (value === '') out.push(required(`${at}.${field}`));
    else checkName(pathSegmentErrors(value), value, `${at}.${field}`, out);
}

function checkIdentifier({ name = '' }: MetricIdentifier, at: string, out: Causes): void {
  if (name === '') out.push(required(`${at}.name`, 'must specify a metric name'));
  else checkName(pathSegmentErrors(name), name, `${at}.name`, out);
}

function checkTarget({ type, value, averageValue, averageUtilization: share }: MetricTarget, at: string, out: Causes): void {
  if (!type) out.push(required(`${at}.type`, 'must specify a metric target type'));
  if (!targetTypes.includes(type)) out.push(invalidValue(`${at}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue'));
  for (const [field, amount] of [['value', value] as const, ['averageValue', averageValue] as const])
    if (amount !== undefined && parseQuantity(amount).nano <= 0n) out.push(invalidValue(`${at}.${field}`, amount, 'must be positive'));
  if (share !== undefined && share < 1) out.push(invalidValue(`${at}.averageUtilization`, share, 'must be greater than 0'));
}

function checkUsage(target: MetricTarget, at: string, out: Causes): void {
  checkTarget(target, at, out);
  if (target.averageUtilization === undefined && target.averageValue === undefined)
    out.push(required(`${at}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  if (target.averageUtilization !== undefined && target.averageValue !== undefined)
    out.push(forbiddenValue(`${at}.averageValue`, bothTargets));
}

function checkSource(metric: MetricSpec, source: (typeof sources)[number], at: string, out: Causes): void {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object !== undefined) {
    checkScaleReference(object.describedObject, `${at}.describedObject`, out);
    checkIdentifier(object.metric, `${at}.metric`, out);
    checkTarget(object.target, `${at}.target`, out);
    if (object.target.value === undefined && object.target.averageValue === undefined)
      out.push(required(`${at}.target.averageValue`, 'must set either a target value or averageValue'));
  } else if (source === 'external' && external !== undefined) {
    const { value, averageValue } = external.target;
    checkIdentifier(external.metric, `${at}.metric`, out);
    checkTarget(external.target, `${at}.target`, out);
    if (value === undefined && averageValue === undefined)
      out.push(required(`${at}.target.averageValue`, 'must set either a target value for metric or a per-pod target'));
    if (value !== undefined && averageValue !== undefined)
      out.push(forbiddenValue(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target'));
  } else if (source === 'pods' && pods !== undefined) {
    checkIdentifier(pods.metric, `${at}.metric`, out);
    checkTarget(pods.target, `${at}.target`, out);
    if (pods.target.averageValue === undefined)
      out.push(required(`${at}.target.averageValue`, 'must specify a positive target averageValue'));
  } else if (source === 'resource' && resource !== undefined) {
    if (!resource.name) out.push(required(`${at}.name`, 'must specify a resource name'));
    checkUsage(resource.target, `${at}.target`, out);
  } else if (containerResource !== undefined) {
    if (!containerResource.name) out.push(required(`${at}.name`, 'must specify a resource name'));
    else checkContainerResourceName(containerResource.name, `${at}.name`, out);
    if (!containerResource.container) out.push(required(`${at}.container`, 'must specify a container'));
    else checkDnsLabel(containerResource.container, `${at}.container`, out);
    checkUsage(containerResource.target, `${at}.target`, out);
  }
}

function sourceOf(type: string): string {
  return type.charAt(0).toLowerCase() + type.slice(1);
}

/** One metric: of a known type, and with the source of that type and no other. */
export function checkMetric(metric: MetricSpec, at: string, out: Causes): void {
  const type: string = metric.type ?? '';
  const known = types.includes(type);
  if (type === '') out.push(required(`${at}.type`, 'must specify a metric source type'));
  if (!known) out.push(notSupported(`${at}.type`, type, types));
  const present = sources.filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first !== undefined) checkSource(metric, first, `${at}.${first}`, out);
  const expected = known ? sourceOf(type) : '';
  // Upstream finds an unknown type twice.
  if (!known) out.push(notSupported(`${at}.type`, type, types));
  else if (!present.some((source) => source === expected))
    out.push(required(`${at}.${expected}`, 'must populate information for the given metric source'));
  if (present.length === 1) return;
  for (const source of present)
    if (source !== expected) out.push(forbiddenValue(`${at}.${source}`, 'must populate the given metric source only'));
}
